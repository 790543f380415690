"""Every published setting, frozen and complete, each with its source; the embedded digits; the miniatures.

A file in this folder that has `RECIPES`, a tuple, gives recipes for what others publish; one that has
`EMBEDDED_RECIPES`, by scale, for what comes with the package. No list has to know it.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import get_args

from empirical.datasets.catalogue import family
from empirical.datasets.protocols import CLEAN
from empirical.recipes.digits import DIGITS
from empirical.recipes.miniatures import miniature
from empirical.recipes.published import published
from empirical.recipes.recipe import (
    OF_HEADS,
    Condition,
    Evaluate,
    PretrainedFor,
    Recipe,
    Scale,
    SolvedProbe,
    Sweep,
    TrainedProbe,
)


def _declaring(name: str) -> Iterator[ModuleType]:
    """The modules of this folder that have that name."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    return (module for module in modules if hasattr(module, name))


def _in_order(recipes: list[Recipe]) -> tuple[Recipe, ...]:
    """As their families; those of one family as their file has them."""
    return tuple(sorted(recipes, key=lambda recipe: family(recipe.family).order))


#: The paper's ten OOD columns come from six ID tasks, ImageNet in two configurations.
PAPER_RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in _in_order([declared for module in _declaring("RECIPES") for declared in module.RECIPES])
}
#: What runs without a download, at three scales; the suite `embedded`.
EMBEDDED_RECIPES: Mapping[Scale, tuple[Recipe, ...]] = {
    scale: _in_order(
        [
            module.EMBEDDED_RECIPES[scale]
            for module in _declaring("EMBEDDED_RECIPES")
            if scale in module.EMBEDDED_RECIPES
        ]
    )
    for scale in get_args(Scale)
}
#: Learning rates that `clean` may add at an end of a grid.
EXTENSIONS = 3


def clean(recipe: Recipe) -> Recipe:
    """A recipe of the paper without its leaks and oddities; methods, epochs, batch and seeds stay.

    A tenth of each training class selects and the reported ID set never does; the standard deviation is 0.229
    everywhere; the probe is solved exactly; grids extend themselves while their optimum lies on the edge.
    """
    probe = (
        recipe.probe.model_copy(update={"solver": "exact"}) if isinstance(recipe.probe, SolvedProbe) else recipe.probe
    )
    return recipe.model_copy(
        update={
            "protocol": CLEAN,
            "pipelines": recipe.pipelines.under(CLEAN.name),
            "probe": probe,
            "sweeps": tuple(sweep.model_copy(update={"extensions": EXTENSIONS}) for sweep in recipe.sweeps),
        }
    )


__all__ = [
    "DIGITS",
    "EMBEDDED_RECIPES",
    "EXTENSIONS",
    "OF_HEADS",
    "PAPER_RECIPES",
    "Condition",
    "Evaluate",
    "PretrainedFor",
    "Recipe",
    "Scale",
    "SolvedProbe",
    "Sweep",
    "TrainedProbe",
    "clean",
    "miniature",
    "published",
]
