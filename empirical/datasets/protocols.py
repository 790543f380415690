"""Which images are trained on and which select among runs: the paper's choice, a clean one, and a pool's.

As data; `empirical.datasets.splitting` draws the images.
"""

from typing import Literal

from pydantic import Field

from artifacts.frozen import Frozen


class Protocol(Frozen):
    """A split protocol.

    `held_out` is the share of each class that leaves training for validation. At 0 the reported ID set selects too,
    as in the paper's code, which makes the reported ID accuracy slightly optimistic.
    """

    name: str
    held_out: float = Field(ge=0, lt=1)
    seed: int = 0


PAPER = Protocol(name="paper", held_out=0.0)
CLEAN = Protocol(name="clean", held_out=0.1)
PROTOCOLS = (PAPER, CLEAN)


class Split(Frozen):
    """How many images of a pool go where.

    The test images are one fixed draw; each replicate draws its own training and validation images from the rest, so
    that intervals over replicates cover the choice of data as well.

    Attributes:
      ood: how many of the test images, or of another source's, are tested in each OOD set; None: all of them.
      half: `first` or `second`: draw from one half of the pool, so that what was tried on one half can be confirmed on
        images that no trial has seen; `both`: from all of it.
      test_from: at which end of that part, in the order that `seed` draws, the test images lie: at the other end are
        images that were trained or selected on before, so that a second confirmation tests on new ones.
    """

    training: int = 200
    validation: int = 497
    test: int = 500
    seed: int = 0
    ood: int | None = Field(default=None, ge=1)
    half: Literal["both", "first", "second"] = "both"
    test_from: Literal["beginning", "end"] = "beginning"
