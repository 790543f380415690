"""What a suite of the user's own has where its file says nothing; docs/benchmark.md states the same.

The paper's own comparison, FT with its norm layers in train mode beside LP-FT in eval mode, for 20 epochs and on grids
of three decades about the paper's, which extend themselves.
"""

from empirical.augment.transforms import OWN, Pipelines, Transform
from empirical.backbones.catalogue import SMALL, BackboneChoice
from empirical.backbones.published_torch import OWN_STANDARDISATION
from empirical.methods import FT, LP_FT, Method
from empirical.recipes.recipe import Sweep

EPOCHS = 20
BATCH_SIZE = 64
#: Values that a default grid may add at an end.
EXTENSIONS = 2
#: Learning rates of methods that start from a linear probe, which want smaller ones, and of the others.
FROM_A_PROBE = (1e-5, 1e-4, 1e-3)
FROM_SCRATCH = (1e-4, 1e-3, 1e-2)
#: Side of the images of the small network that comes with the package.
SMALL_SIDE = 32


def swept(method: Method) -> Sweep:
    """A method on its default grid."""
    rates = FROM_A_PROBE if method.needs_probe else FROM_SCRATCH
    return Sweep(method=method, learning_rates=rates, extensions=EXTENSIONS)


def own_sweeps() -> tuple[Sweep, ...]:
    """The two methods that the paper compares; LP comes with the probe."""
    return swept(FT), swept(LP_FT)


def own_pipelines(backbone: BackboneChoice) -> Pipelines:
    """As the backbone takes images: some standardise those in [0, 1] themselves, the small network takes small ones."""
    if backbone.name == SMALL:
        plain = Transform(crop="resize", side=SMALL_SIDE)
        return Pipelines(training=plain, evaluation=plain)
    if backbone.name.startswith("clip_") or backbone.name in OWN_STANDARDISATION:
        bare = {"deviation": None}
        return Pipelines(
            training=OWN.training.model_copy(update=bare), evaluation=OWN.evaluation.model_copy(update=bare)
        )
    return OWN
