"""BREEDS Entity-30: 30 superclasses; ID and OOD images show different subclasses of them."""

from empirical.backbones.catalogue import BackboneChoice
from empirical.datasets.families import breeds
from empirical.datasets.protocols import PAPER
from empirical.recipes.grids import two_by_two
from empirical.recipes.recipe import Recipe, SolvedProbe

ENTITY30 = Recipe(
    name="entity30",
    title="Entity-30",
    family="entity30",
    protocol=PAPER,
    backbone=BackboneChoice(name="moco_v2_resnet50"),
    pipelines=breeds.ENTITY30.pipelines["entity30"],
    probe=SolvedProbe(solver="faithful"),
    sweeps=two_by_two(ft=1e-3, lp_ft=3e-5),
    epochs=20,
    batch_size=64,
    classes=30,
    source="docs/protocol.md 1, 2.1, 3.1 to 3.3, 4, 5.1; "
    "winners 4.3, from the authors' notebook on representation change",
)
RECIPES = (ENTITY30,)
