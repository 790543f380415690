"""The measured phase diagram: networks from no pretraining to much, each on shifts that go from none to far.

Every network is pretrained here. LP, FT and LP-FT on all of them; what is read off is the winner and LP - FT on each
graded set, against the premises measured in that network's features. At the scale `full` alone: pretraining is dear.
"""

from collections.abc import Mapping

from empirical.methods import FT, LP_FT
from empirical.recipes.digits import DIGITS as FLAGSHIP
from empirical.recipes.digits import GRADED
from empirical.recipes.recipe import Condition, PretrainedFor, Recipe, Scale

STEPS = (0, 50, 100, 200, 400, 1500, 4000)
_BOTH = (FT.label, LP_FT.label)


def _pretrained(steps: int) -> Condition:
    return Condition(
        name=f"pretrained {steps} steps", kind="pretraining", label=f"{steps} steps", value=steps, like=_BOTH,
        pretraining=PretrainedFor(steps=steps),
    )  # fmt: skip


def _graded(flagship: Recipe) -> Recipe:
    return flagship.model_copy(
        update={
            "name": "digits_graded",
            "title": "Handwritten digits, graded shifts",
            "ood": GRADED,
            "seeds": (0, 1, 2),
            "sweeps": tuple(sweep for sweep in flagship.sweeps if sweep.label in _BOTH),
            "evaluate": "selected",
            "watched": (),
            "interpolate": (),
            "refit": (),
            "conditions": tuple(map(_pretrained, STEPS)),
        }
    )


#: No recipe at the smaller scales.
EMBEDDED_RECIPES: Mapping[Scale, Recipe] = {"full": _graded(FLAGSHIP["full"])}
