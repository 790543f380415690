"""The embedded benchmark: handwritten digits, which need no download, at three scales.

Learning rates, epochs, batch, sizes and steps of pretraining were chosen by premises, ID validation accuracy and cost,
in trials on the first half of the digits and in a first confirmation on the second half. What is run here is a second
confirmation: other networks, one for each seed, and test images on which no network of this engine was tested
(docs/embedded_log.md).
"""

from collections.abc import Mapping

from empirical.backbones.catalogue import BackboneChoice
from empirical.datasets.families import digits
from empirical.datasets.protocols import CLEAN, Split
from empirical.methods import FT, FT_EVAL, LARGER_HEAD_RATE, LP_FT, LP_FT_TRAIN, Method, PartialProbe, ScaledRandom
from empirical.recipes.penalties import DIGITS_PENALTIES
from empirical.recipes.recipe import Condition, PretrainedFor, Recipe, Scale, SolvedProbe, Sweep

#: Steps of pretraining of the shipped networks.
SHIPPED_STEPS = 400
#: Each seed starts from a network of its own, pretrained from seed 20 plus its own; seed 20 itself is the network that
#: the backbone `small_resnet` has by default, and of the first confirmation.
NETWORKS = PretrainedFor(steps=SHIPPED_STEPS, seed=20, each_seed=True, shipped=True)
SOURCE = "chosen on ID validation data; docs/benchmark.md"
#: Length of features in the flagship's network: as CLIP's. In the theory the start head decides where it is small.
UNIT = 1.0
SEEDS = (1, 2, 3, 4, 5)
#: 608 = 38 x 16: no smaller last batch, for which every method would be compiled once more. 800 images select, since
#: 500 did not tell rates apart. The test images lie at the end that the first confirmation trained and selected on.
SPLIT = Split(training=608, validation=800, test=1000, ood=300, seed=1234, half="second", test_from="end")
FAR = (*(ood.name for ood in digits.OOD_SETS), "optdigits")
GRADED = ("near_id", *(ood.name for ood in digits.GRADED_SETS))

#: Of three rates each, those whose ID validation accuracy lay within 1.5 points of the method's best in the first
#: confirmation: on features of unit length a random head needs larger steps, and learns too little at 3e-2.
_RATES = (1e-1, 3e-1)
_LOWER_RATES = (3e-3, 1e-2, 3e-2)
#: The 2 x 2 of norm modes and head starts.
_ALL_FOUR = (FT.label, FT_EVAL.label, LP_FT.label, LP_FT_TRAIN.label)
#: In eval mode throughout, so that the series over head starts changes nothing but the start.
_PARTLY_PROBED = FT_EVAL.model_copy(
    update={"name": "partly probed FT", "head_start": PartialProbe(steps=25, learning_rate=0.1)}
)
_LARGER_HEAD_RATE = LARGER_HEAD_RATE.model_copy(update={"norm_mode": "eval"})


def _bad_features(*seeds: int) -> tuple[Condition, ...]:
    """Controls: features that are good nowhere, or in the look of ID images alone; there fine-tuning must not lose."""
    both = (FT.label, LP_FT.label)
    return (
        Condition(
            name="random features", kind="pretraining", label="random", value=0, like=both,
            pretraining=PretrainedFor(steps=0, each_seed=True), seeds=seeds,
        ),
        Condition(
            name="plain look alone", kind="pretraining", label="plain look", value=1, like=both,
            pretraining=PretrainedFor(steps=200, looks="plain", seed=20, shipped=True), seeds=seeds,
        ),
        Condition(kind="pretraining", label=f"{SHIPPED_STEPS} steps", value=SHIPPED_STEPS, like=both),
    )  # fmt: skip


def _head_starts(*seeds: int) -> tuple[Condition, ...]:
    return (
        Condition(kind="head_start", label="random", value=0, like=(FT_EVAL.label,)),
        Condition(
            name="larger head rate", kind="head_start", label="larger rate", value=1, like=(FT_EVAL.label,),
            # The head keeps the selected rate and everything else has a tenth of it.
            method=_LARGER_HEAD_RATE, rate_factor=0.1, seeds=seeds,
        ),
        Condition(
            name="partly probed", kind="head_start", label="partly probed", value=2, like=(FT_EVAL.label,),
            method=_PARTLY_PROBED, seeds=seeds,
        ),
        Condition(kind="head_start", label="linear probe", value=3, like=(LP_FT.label,)),
    )  # fmt: skip


def _head_scales(scales: tuple[float, ...], rates: tuple[float, ...], *seeds: int) -> tuple[Condition, ...]:
    """Random heads that are larger or smaller at the start, with a grid of their own, in eval mode throughout."""
    return (
        *(
            Condition(
                name=f"head times {scale:g}", kind="head_scale", label=f"{scale:g}", value=scale, like=(FT_EVAL.label,),
                method=_from_head_of(scale), learning_rates=rates, seeds=seeds,
            )
            for scale in scales
        ),
        Condition(kind="head_scale", label="1", value=1, like=(FT_EVAL.label,)),
    )  # fmt: skip


def _from_head_of(scale: float) -> Method:
    update = {"name": f"FT, head x {scale:g}", "head_start": ScaledRandom(scale=scale)}
    return FT_EVAL.model_copy(update=update)


def _lengths(lengths: tuple[float, ...], rates: tuple[float, ...], *seeds: int) -> tuple[Condition, ...]:
    """The 2 x 2 with features of other lengths, so with a truth that is larger or smaller beside them."""
    return (
        *(
            Condition(
                name=f"features of length {length:g}", kind="feature_norm", label=f"{length:g}", value=length,
                like=_ALL_FOUR, feature_norm=length, learning_rates=rates, seeds=seeds,
            )
            for length in lengths
        ),
        Condition(kind="feature_norm", label=f"{UNIT:g}", value=UNIT, like=_ALL_FOUR),
    )  # fmt: skip


def scale_series(
    *seeds: int, lengths: tuple[float, ...] = (0.3, 3.0, 10.0), scales: tuple[float, ...] = (0.1, 3.0, 10.0)
) -> tuple[Condition, ...]:
    """How large the truth is beside the features, and the start beside the truth: figure `truth_norm`.

    Args:
      lengths: of features, beside the flagship's.
      scales: of the random head at the start.
    """
    return (
        *_lengths(lengths, (3e-3, 1e-2, 3e-2, 1e-1), *seeds),
        *_head_scales(scales, (3e-2, *_RATES), *seeds),
    )


def _recipe(**changes: object) -> Recipe:
    return Recipe.model_validate(
        {
            "name": "digits",
            "title": "Handwritten digits",
            "family": "digits",
            "protocol": CLEAN,
            "backbone": BackboneChoice(name="small_resnet", feature_norm=UNIT),
            "pretraining": NETWORKS,
            "pipelines": digits.DIGITS.pipelines["digits"],
            "probe": SolvedProbe(penalties=DIGITS_PENALTIES),
            "batch_size": 16,
            "classes": 10,
            "split": SPLIT,
            "ood": FAR,
            "seeds": SEEDS,
            "evaluate": "selected",
            "source": SOURCE,
            **changes,
        }
    )


def _sweeps(*, extensions: int = 0, matched: tuple[float, ...] = ()) -> tuple[Sweep, ...]:
    """The 2 x 2.

    Args:
      matched: rates that all four have beside their own, at which norm modes and head starts can be told apart.
    """
    grids = ((FT, _RATES), (FT_EVAL, _RATES), (LP_FT, _LOWER_RATES), (LP_FT_TRAIN, _LOWER_RATES))
    return tuple(
        Sweep(method=method, learning_rates=tuple(sorted({*rates, *matched})), extensions=extensions)
        for method, rates in grids
    )


DIGITS: Mapping[Scale, Recipe] = {
    "quick": _recipe(
        # 13 batches: no smaller last one, for which every method would be compiled once more.
        split=SPLIT.model_copy(update={"training": 208, "validation": 150, "test": 200, "ood": 200}),
        pretraining=None,
        seeds=(0, 1, 2),
        sweeps=(
            Sweep(method=FT, learning_rates=(3e-2, 1e-1)),
            Sweep(method=LP_FT, learning_rates=(3e-3, 1e-2)),
        ),
        epochs=3,
        evaluate="every_epoch",
    ),
    "default": _recipe(
        sweeps=_sweeps(),
        epochs=5,
        watched=(1,),
        interpolate=(LP_FT.label,),
        refit=(FT.label, LP_FT.label),
        conditions=(*_bad_features(1, 2, 3), *_head_starts(1, 2, 3)),
    ),
    "full": _recipe(
        sweeps=_sweeps(extensions=2, matched=(3e-2, 1e-1)),
        epochs=5,
        evaluate="every_epoch",
        interpolate=(LP_FT.label,),
        refit=_ALL_FOUR,
        conditions=(
            *_bad_features(*SEEDS),
            *_head_starts(*SEEDS),
            *scale_series(*SEEDS),
        ),
    ),
}
EMBEDDED_RECIPES = DIGITS
