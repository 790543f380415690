"""Which code and which libraries decide the numbers of each kind of run: what it imports, less what cannot matter."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from artifacts.imports import BOOKKEEPING, PACKAGES, modules_in, reached, reached_code
from artifacts.versions import reached_versions
from empirical.recipes import Recipe

#: Where each kind of work begins; the names are those of units.
ENTRIES: Mapping[str, str] = {
    "pretraining": "empirical.runs.pretraining",
    "description": "empirical.runs.describing",
    "probe": "empirical.runs.probing",
    "training": "empirical.runs.training",
    "curve": "empirical.runs.training",
    "interpolation": "empirical.runs.interpolating",
    "refitting": "empirical.runs.refitting",
}
#: Gives pixels where data are packed. What chooses it reads data and does not count, so no import leads here.
STORED = "empirical.store.mirror"
FEATURES = ("empirical.features", STORED)
_WRITES_A_RECIPE = "writes a recipe down; the recipe is an input itself"
#: Modules and packages that are reached and cannot change a number, each with the reason.
NEVER: Mapping[str, str] = {
    **BOOKKEEPING,
    "empirical.backbones.checkpoint_locations": "says where weights lie; their hash is an input",
    "empirical.benchmark.workspace": "says where files lie",
    "empirical.counted_code": "this list",
    "empirical.datasets.configuration": "says where data lie",
    "empirical.datasets.drawn_digests": "remembers hashes of drawn sets, under what decides their pixels",
    "empirical.datasets.file_digests": "remembers hashes of files",
    "empirical.datasets.locations": "says where data lie",
    "empirical.formats": "reads weights and arrays from files; hashes of what was read are inputs",
    "empirical.recipes.digits": _WRITES_A_RECIPE,
    "empirical.recipes.miniatures": _WRITES_A_RECIPE,
    "empirical.recipes.published": "the paper's numbers, shown beside ours",
    "empirical.store.origin": "says what packed a store",
}
_READS_DATA = "reads a data set; labels, classes and contents are inputs themselves"
#: The same for all kinds but descriptions, which say what a data set's columns are and why.
READERS: Mapping[str, str] = {
    "empirical.datasets.catalogue": _READS_DATA,
    "empirical.datasets.counts": _READS_DATA,
    "empirical.datasets.families": _READS_DATA,
    "empirical.datasets.family": _READS_DATA,
    "empirical.datasets.folders": _READS_DATA,
    "empirical.datasets.layouts": _READS_DATA,
    "empirical.datasets.listings": _READS_DATA,
    "empirical.datasets.naming": "names files and classes",
    "empirical.datasets.own": _READS_DATA,
    "empirical.datasets.own_listing": _READS_DATA,
    "empirical.datasets.reading": _READS_DATA,
    "empirical.datasets.sizes": _READS_DATA,
    "empirical.datasets.splitting": "says which images are in which set; the contents of sets are inputs themselves",
    "empirical.datasets.tables": _READS_DATA,
    "empirical.datasets.trees": _READS_DATA,
}
_DRAWS_DATA = "draws a data set; its pixels are inputs themselves"
#: The same for all kinds but descriptions and pretraining, which draws its pictures while it trains.
DRAWN: Mapping[str, str] = {
    "artifacts.mnist": _DRAWS_DATA,
    "artifacts.random_keys": _DRAWS_DATA,
    "empirical.datasets.digit_pictures": _DRAWS_DATA,
    "empirical.datasets.drawn": _DRAWS_DATA,
    "empirical.datasets.embedded": _DRAWS_DATA,
    "empirical.datasets.handwriting": _DRAWS_DATA,
    "empirical.datasets.rendering": _DRAWS_DATA,
    "empirical.datasets.styles": _DRAWS_DATA,
}


def without(kind: str) -> Mapping[str, str]:
    """What cannot change the numbers of a kind of run, with the reasons."""
    if kind == "description":
        return NEVER
    return {**NEVER, **READERS} if kind == "pretraining" else {**NEVER, **READERS, **DRAWN}


#: Of the library that the fonts of pretraining come from; nothing is imported from it.
FONTS = "matplotlib"


def own_module(recipe: Recipe) -> tuple[str, ...]:
    """The module of a backbone of the user's own, where the recipe names one."""
    module, colon, _ = recipe.backbone.name.partition(":")
    return (module,) if colon else ()


def own_files(recipe: Recipe) -> frozenset[Path]:
    """The source files of that module, and of what it imports that is neither this project's nor installed."""
    modules = own_module(recipe)
    reach = reached(*modules).modules if modules else ()
    return frozenset(file for name, file in reach if name.partition(".")[0] not in PACKAGES)


def run_code(kind: str, recipe: Recipe) -> str:
    """Hash of the code that decides the numbers of a recipe's runs of this kind, an own backbone's among it."""
    return reached_code(*entries(kind, recipe), without=without(kind))


def run_versions(kind: str, recipe: Recipe) -> dict[str, str]:
    """Versions that decide the numbers of a recipe's runs of this kind."""
    beside = (FONTS,) if kind == "pretraining" else ()
    return reached_versions(*entries(kind, recipe), without=without(kind), beside=beside)


def feature_code(modules: Sequence[str]) -> str:
    """Hash of the code that decides features; `modules` are those of the network."""
    return reached_code(*FEATURES, *modules, without=without("features"))


def feature_versions(modules: Sequence[str]) -> dict[str, str]:
    """Versions that decide features; `modules` as for `feature_code`."""
    return reached_versions(*FEATURES, *modules, without=without("features"))


def entries(kind: str, recipe: Recipe) -> tuple[str, ...]:
    """The modules where a recipe's runs of this kind begin."""
    if kind == "pretraining":
        return (ENTRIES[kind],)
    # Families are discovered, so no import leads to them. Only descriptions depend on what they say.
    families = modules_in("empirical.datasets.families") if kind == "description" else ()
    # Pretrained weights are an input by their hash; the code that pretrains is another kind's.
    return (ENTRIES[kind], STORED, *families, *own_module(recipe))
