"""Learning-rate grids of the paper, and the sweeps that several of its data sets share.

Source: docs/protocol.md, section 4.3. FT and LP-FT have different grids, and the paper compares FT in train mode with
LP-FT in eval mode; both other corners of the 2 x 2 were run as ablations, on the grids given here. Under the protocol
`paper` grids stay as they are, though 4 of 5 LP-FT optima lie on their edge; under `clean` they extend themselves.
"""

from collections.abc import Mapping

from empirical.methods import FT, FT_EVAL, LP_FT, LP_FT_TRAIN
from empirical.recipes.recipe import Sweep

FT_GRID = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
FT_EVAL_GRID = (3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3)
LP_FT_GRID = (3e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4)
LP_FT_TRAIN_GRID = FT_GRID
#: The three values of each that were run on ImageNet.
IMAGENET_FT_GRID = (1e-4, 3e-4, 1e-3)
IMAGENET_LP_FT_GRID = (1e-5, 3e-5, 1e-4)
IMAGENET_SGD_PROBE_GRID = (1e-2, 3e-2, 1e-1)

GRIDS: Mapping[str, tuple[float, ...]] = {
    FT.label: FT_GRID,
    FT_EVAL.label: FT_EVAL_GRID,
    LP_FT.label: LP_FT_GRID,
    LP_FT_TRAIN.label: LP_FT_TRAIN_GRID,
}


def two_by_two(*, ft: float | None, lp_ft: float | None) -> tuple[Sweep, ...]:
    """FT and LP-FT, each with the norm layers in train and in eval mode.

    Args:
      ft, lp_ft: learning rates that the authors went on with, for FT in train and LP-FT in eval mode.
    """
    published = ((FT, ft), (FT_EVAL, None), (LP_FT, lp_ft), (LP_FT_TRAIN, None))
    return tuple(
        Sweep(method=method, learning_rates=GRIDS[method.label], published=known) for method, known in published
    )
