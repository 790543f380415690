"""The paper's recipes shrunk to the miniatures and two processor cores: same code, small network, short grids.

Sets, transforms, protocol, selection and methods stay; backbone, side, epochs, grids and seeds shrink. The numbers say
nothing about the data sets.
"""

from empirical.backbones.catalogue import BackboneChoice
from empirical.methods import FT, FT_EVAL, LP_FT, LP_FT_TRAIN
from empirical.recipes.penalties import MINIATURE_PENALTIES
from empirical.recipes.recipe import Recipe, SolvedProbe, Sweep, TrainedProbe

SIDE = 32
SEEDS = (0, 1)
EPOCHS, BATCH_SIZE = 2, 32
RATES, LOWER_RATES, PROBE_RATES = (1e-3, 1e-2, 1e-1), (1e-4, 1e-3, 1e-2), (1e-2, 1e-1, 1.0)


def miniature(recipe: Recipe, *, quick: bool = False) -> Recipe:
    """A recipe of the paper at the size of its miniature.

    Args:
      quick: the least that shows everything: FT and LP-FT in the paper's modes, one learning rate, one epoch.
    """
    small = _shrunk(recipe)
    if not quick:
        return small
    sweeps = tuple(
        sweep.model_copy(update={"learning_rates": sweep.learning_rates[1:2]})
        for sweep in small.sweeps
        if sweep.method in (FT, LP_FT) or (not sweep.method.needs_probe and sweep.method.name == "LP")
    )
    return small.model_copy(update={"sweeps": sweeps, "epochs": 1})


def _shrunk(recipe: Recipe) -> Recipe:
    probe, trained = SolvedProbe(penalties=MINIATURE_PENALTIES), ()
    if isinstance(recipe.probe, TrainedProbe):  # ImageNet's LP is trained, here as there
        probe = recipe.probe.model_copy(update={"epochs": 1})
        trained = (Sweep(method=recipe.probe.method, learning_rates=PROBE_RATES),)
    return Recipe.model_validate(
        {
            **dict(recipe),
            "title": f"{recipe.title} (miniature)",
            "backbone": BackboneChoice(name="small_resnet"),
            "pipelines": recipe.pipelines.at_side(SIDE),
            "probe": probe,
            "sweeps": (
                *trained,
                Sweep(method=FT, learning_rates=RATES),
                Sweep(method=FT_EVAL, learning_rates=RATES),
                Sweep(method=LP_FT, learning_rates=LOWER_RATES),
                Sweep(method=LP_FT_TRAIN, learning_rates=RATES),
            ),
            "epochs": EPOCHS,
            "batch_size": BATCH_SIZE,
            "seeds": SEEDS,
            "source": f"recipe {recipe.name}, shrunk",
        }
    )
