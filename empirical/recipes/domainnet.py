"""DomainNet in the 40 classes of SENTRY: trained on sketches; OOD is the mean over real, painting and clip art.

CLIP normalises inside the model, so the pipeline does not. The winners are the authors': LP-FT at the lowest value of
its grid, far from FT's.
"""

from empirical.backbones.catalogue import BackboneChoice
from empirical.datasets.families import domainnet
from empirical.datasets.protocols import PAPER
from empirical.recipes.grids import two_by_two
from empirical.recipes.recipe import Recipe, SolvedProbe

DOMAINNET = Recipe(
    name="domainnet",
    title="DomainNet",
    family="domainnet",
    protocol=PAPER,
    backbone=BackboneChoice(name="clip_resnet50"),
    pipelines=domainnet.DOMAINNET.pipelines["domainnet"],
    probe=SolvedProbe(solver="faithful"),
    sweeps=two_by_two(ft=1e-3, lp_ft=3e-7),
    epochs=50,
    batch_size=64,
    classes=40,
    source="docs/protocol.md 1, 2.2, 3.1 to 3.3, 4, 5.1; winners 4.3, from the authors' notebook and reply in issue 3",
)
RECIPES = (DOMAINNET,)
