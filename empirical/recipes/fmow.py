"""Functional Map of the World: trained in the Americas, OOD are Africa and Europe, all before 2013.

The training images may lack some of the 62 classes; heads have 62 rows always. The authors' FT optimum, too, lies on
the edge of its grid.
"""

from empirical.backbones.catalogue import BackboneChoice
from empirical.datasets.families import fmow
from empirical.datasets.protocols import PAPER
from empirical.recipes.grids import two_by_two
from empirical.recipes.recipe import Recipe, SolvedProbe

FMOW = Recipe(
    name="fmow",
    title="FMoW",
    family="fmow",
    protocol=PAPER,
    backbone=BackboneChoice(name="mocotp_resnet50"),
    pipelines=fmow.FMOW.pipelines["fmow"],
    probe=SolvedProbe(solver="faithful"),
    sweeps=two_by_two(ft=1e-2, lp_ft=1e-4),
    epochs=50,
    batch_size=64,
    classes=62,
    source="docs/protocol.md 1, 2.4, 3.1 to 3.3, 4, 5.1; "
    "winners 4.3, from the authors' notebook on representation change",
)
RECIPES = (FMOW,)
