"""The measured phase diagram: networks from no pretraining to much, each on shifts that go from none to far.

LP, FT and LP-FT on all of them; what is read off is the winner and LP - FT on each graded set, against the premises
measured in that network's features. At the scale `full` alone: pretraining is dear. A coarse one is in
`benchmarks/embedded_studies.py`.
"""

from collections.abc import Mapping, Sequence

from empirical.methods import FT, LP_FT
from empirical.recipes.digits import DIGITS as FLAGSHIP
from empirical.recipes.digits import GRADED, SHIPPED_STEPS
from empirical.recipes.recipe import Condition, PretrainedFor, Recipe, Scale

#: Of networks that are pretrained here, beside the shipped ones.
STEPS = (0, 50, 100, 200, 1500, 4000)
_BOTH = (FT.label, LP_FT.label)


def _pretrained(steps: int) -> Condition:
    return Condition(
        name=f"pretrained {steps} steps", kind="pretraining", label=f"{steps} steps", value=steps, like=_BOTH,
        pretraining=PretrainedFor(steps=steps),
    )  # fmt: skip


def graded(flagship: Recipe, *, steps: Sequence[int] = STEPS, seeds: tuple[int, ...] = (1, 2, 3)) -> Recipe:
    """The flagship's methods on graded shifts.

    Args:
      steps: of pretraining of the networks beside the shipped ones.
      seeds: some of the flagship's.
    """
    shipped = Condition(kind="pretraining", label=f"{SHIPPED_STEPS} steps", value=SHIPPED_STEPS, like=_BOTH)
    return flagship.model_copy(
        update={
            "name": "digits_graded",
            "title": "Handwritten digits, graded shifts",
            "ood": GRADED,
            "seeds": seeds,
            "sweeps": tuple(sweep for sweep in flagship.sweeps if sweep.label in _BOTH),
            "evaluate": "selected",
            "watched": (),
            "interpolate": (),
            "refit": (),
            "conditions": (*map(_pretrained, steps), shipped),
        }
    )


#: No recipe at the smaller scales.
EMBEDDED_RECIPES: Mapping[Scale, Recipe] = {"full": graded(FLAGSHIP["full"])}
