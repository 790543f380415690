"""What is measured, in which order, and how long each of it may take; known before any package is there."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A part, the module that measures it, and the seconds that it gets in a run of everything on a GPU.

    What a part does not need is left to the last one: after an earlier call it is nearly everything.
    """

    name: str
    module: str
    seconds: float


#: The photographs take more than a call, and so whatever the others leave.
PARTS = (
    Part("correct", "benchmarks.gpu.correct", 165),
    Part("rates", "benchmarks.gpu.rates", 290),
    Part("feeding", "benchmarks.gpu.feeding", 85),
    Part("office", "benchmarks.gpu.office", 0),
)
