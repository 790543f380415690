"""A suite that shows everything and takes seconds: few digits, the shipped network, two seeds, one or two epochs."""

from pathlib import Path

from empirical import Suite, Workspace
from empirical.backbones.catalogue import BackboneChoice
from empirical.datasets.catalogue import TRANSFORMS
from empirical.datasets.families.digits import LARGE_SHIFT
from empirical.datasets.protocols import CLEAN, Split
from empirical.methods import FT_EVAL, LP_FT, PartialProbe
from empirical.recipes import Condition, Recipe, SolvedProbe, Sweep

BEYOND_FLOAT32, SPOILING = 1e39, 0.3
#: Of the digits: those of the column, which meet the premises, and a control.
SETS = (*LARGE_SHIFT, "near_id")
PARTLY = FT_EVAL.model_copy(
    update={"name": "partly probed FT", "head_start": PartialProbe(steps=2, learning_rate=0.01)}
)
RECIPE = Recipe(
    name="digits",
    title="Digits",
    family="digits",
    protocol=CLEAN,
    backbone=BackboneChoice(name="small_resnet"),
    pipelines=TRANSFORMS["digits"],
    probe=SolvedProbe(penalties=(1e-3, 1e-2)),
    sweeps=(
        Sweep(method=FT_EVAL, learning_rates=(1e-3, BEYOND_FLOAT32)),
        # A rate that moves nothing, one that spoils the head: the lower end is better and asks for a lower one.
        Sweep(method=LP_FT, learning_rates=(1e-9, SPOILING), extensions=2),
    ),
    epochs=2,
    batch_size=20,
    seeds=(0, 1),
    classes=10,
    split=Split(training=60, validation=30, test=40),
    ood=SETS,
    interpolate=(LP_FT.label,),
    conditions=(
        Condition(kind="head_start", label="random", value=0, like=(FT_EVAL.label,)),
        Condition(
            name="partly probed", kind="head_start", label="partly", value=1, like=(FT_EVAL.label,), method=PARTLY
        ),
        Condition(kind="head_start", label="linear probe", value=2, like=(LP_FT.label,)),
    ),
    source="a test",
)
SUITE = Suite(name="embedded", recipes=(RECIPE,))


def workspace(folder: Path) -> Workspace:
    return Workspace(folder=folder / "benchmark")
