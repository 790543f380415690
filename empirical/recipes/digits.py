"""The embedded benchmark: handwritten digits, which need no download, at three scales.

Learning-rate grids, epochs, batch and split sizes were chosen from ID validation accuracy and cost alone. Twenty
training images a class: with eighty (scale `full`) every method reaches the same ID validation accuracy to within its
interval, and the ID side of the trade-off cannot be seen. docs/benchmark.md keeps the table of either size.
"""

from collections.abc import Mapping

from empirical.backbones.catalogue import BackboneChoice
from empirical.datasets.families import digits
from empirical.datasets.protocols import CLEAN, Split
from empirical.methods import FT, FT_EVAL, LARGER_HEAD_RATE, LP_FT, LP_FT_TRAIN, PartialProbe
from empirical.recipes.penalties import DIGITS_PENALTIES
from empirical.recipes.recipe import Condition, PretrainedFor, Recipe, Scale, SolvedProbe, Sweep

#: Steps of pretraining of the shipped network; the series over features begins far below.
SHIPPED_STEPS = 4000
SOURCE = "chosen on ID validation data; docs/benchmark.md"

_RATES = (3e-3, 1e-2, 3e-2, 1e-1)
# As in the paper, LP-FT with frozen statistics starts near its end and gets a grid a decade lower.
_LOWER_RATES = (3e-4, 1e-3, 3e-3, 1e-2)
#: In eval mode throughout, so that the series over head starts changes nothing but the start.
_PARTLY_PROBED = FT_EVAL.model_copy(
    update={"name": "partly probed FT", "head_start": PartialProbe(steps=25, learning_rate=0.01)}
)
_LARGER_HEAD_RATE = LARGER_HEAD_RATE.model_copy(update={"norm_mode": "eval"})
CONDITIONS = (
    *(
        Condition(
            name=f"pretrained {steps} steps", kind="pretraining", label=f"{steps} steps", value=steps,
            like=(FT.label, LP_FT.label), pretraining=PretrainedFor(steps=steps),
        )
        for steps in (100, 500)
    ),
    Condition(kind="pretraining", label=f"{SHIPPED_STEPS} steps", value=SHIPPED_STEPS, like=(FT.label, LP_FT.label)),
    Condition(kind="head_start", label="random", value=0, like=(FT_EVAL.label,)),
    Condition(
        name="larger head rate", kind="head_start", label="larger rate", value=1, like=(FT_EVAL.label,),
        # The head keeps the selected rate and everything else has a tenth of it: ten times the selected rate diverges.
        method=_LARGER_HEAD_RATE, rate_factor=0.1,
    ),
    Condition(
        name="partly probed", kind="head_start", label="partly probed", value=2, like=(FT_EVAL.label,),
        method=_PARTLY_PROBED,
    ),
    Condition(kind="head_start", label="linear probe", value=3, like=(LP_FT.label,)),
)  # fmt: skip


def _recipe(**changes: object) -> Recipe:
    return Recipe.model_validate(
        {
            "name": "digits",
            "title": "Handwritten digits",
            "family": "digits",
            "protocol": CLEAN,
            "backbone": BackboneChoice(name="small_resnet"),
            "pipelines": digits.DIGITS.pipelines["digits"],
            "probe": SolvedProbe(penalties=DIGITS_PENALTIES),
            "batch_size": 8,
            "classes": 10,
            "split": Split(),
            "source": SOURCE,
            **changes,
        }
    )


DIGITS: Mapping[Scale, Recipe] = {
    "quick": _recipe(
        split=Split(validation=150, test=200),
        sweeps=(
            Sweep(method=FT, learning_rates=(1e-2, 3e-2)),
            Sweep(method=LP_FT, learning_rates=(1e-3, 3e-3)),
        ),
        epochs=3,
    ),
    "default": _recipe(
        sweeps=(
            Sweep(method=FT, learning_rates=_RATES, extensions=2),
            Sweep(method=FT_EVAL, learning_rates=_RATES, extensions=2),
            Sweep(method=LP_FT, learning_rates=_LOWER_RATES, extensions=2),
            Sweep(method=LP_FT_TRAIN, learning_rates=_RATES, extensions=2),
        ),
        epochs=10,
        interpolate=(LP_FT.label,),
        conditions=CONDITIONS,
    ),
    "full": _recipe(
        split=Split(training=800),
        batch_size=32,
        seeds=(0, 1, 2, 3, 4),
        sweeps=(
            Sweep(method=FT, learning_rates=(3e-4, 1e-3, *_RATES, 3e-1), extensions=3),
            Sweep(method=FT_EVAL, learning_rates=(3e-4, 1e-3, *_RATES, 3e-1), extensions=3),
            Sweep(method=LP_FT, learning_rates=(3e-5, 1e-4, *_LOWER_RATES, 3e-2), extensions=3),
            Sweep(method=LP_FT_TRAIN, learning_rates=(3e-4, 1e-3, *_RATES, 3e-1), extensions=3),
        ),
        epochs=20,
        interpolate=(LP_FT.label,),
        conditions=CONDITIONS,
    ),
}
EMBEDDED_RECIPES = DIGITS
