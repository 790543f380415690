"""CIFAR-10; its runs are evaluated on STL-10 and on CIFAR-10.1, two columns of the paper's table.

No augmentation at all. There is no validation split: under the protocol `paper` the 10,000 test images select.
"""

from empirical.backbones.catalogue import BackboneChoice
from empirical.datasets.families import cifar
from empirical.datasets.protocols import PAPER
from empirical.recipes.grids import two_by_two
from empirical.recipes.recipe import Recipe, SolvedProbe

CIFAR10 = Recipe(
    name="cifar10",
    title="CIFAR-10",
    family="cifar10",
    protocol=PAPER,
    backbone=BackboneChoice(name="moco_v2_resnet50"),
    pipelines=cifar.CIFAR10.pipelines["cifar10"],
    probe=SolvedProbe(solver="faithful"),
    sweeps=two_by_two(ft=1e-3, lp_ft=1e-4),
    epochs=20,
    batch_size=64,
    classes=10,
    source="docs/protocol.md 1, 2.3, 3.1 to 3.3, 4, 5.1; "
    "winners 4.3, from the authors' notebooks on change and ensembling",
)
RECIPES = (CIFAR10,)
