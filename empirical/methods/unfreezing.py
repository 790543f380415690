"""Parameters that begin to train later than the head: all at once, or block by block from the top.

The head trains from the first step. Running statistics do not wait: they follow the norm mode.
"""

import math
from typing import Annotated, Literal

from pydantic import Field

from empirical.methods.parameters import Value

# Counting blocks from a fraction of the way must not lose one to rounding.
SLACK = 1e-9


class Moment(Value):
    """Where a run is: `step` of `steps` in `epoch` of `epochs`, all counted from 0."""

    epoch: int
    epochs: int
    step: int
    steps: int


class AllAtOnce(Value):
    """Only the head until `epoch` (counted from 0), everything from then on."""

    kind: Literal["all_at_once"] = "all_at_once"
    epoch: int = Field(ge=1)

    def check(self, epochs: int) -> None:
        """Refuse a run that ends before everything is open."""
        if self.epoch >= epochs:
            raise ValueError(f"`unfreezing.epoch` must lie within the run, got {self.epoch} of {epochs} epochs")

    def open(self, block: int, blocks: int, now: Moment) -> bool:
        """Whether a block trains now.

        Args:
          block, blocks: not looked at: everything opens at the same time.
        """
        return now.epoch >= self.epoch

    def boost(self, now: Moment) -> float:
        """Factor of every learning rate."""
        return 1.0


class FromTheTop(Value):
    """The number of open blocks grows linearly from none to all; the embedding opens with the first block.

    It counts the epochs (or steps) between the first `head_only_epochs` and the last `everything_epochs`. With
    `initial_boost` b learning rates are multiplied by b^(1 - p), where p is that fraction of the way: few parameters
    move fast, many slowly (the later paper has b = exp(3.73) = 41.7).
    """

    kind: Literal["from_the_top"] = "from_the_top"
    every: Literal["epoch", "step"] = "epoch"
    head_only_epochs: int = Field(default=0, ge=0)
    everything_epochs: int = Field(default=0, ge=0)
    initial_boost: float = Field(default=1.0, ge=1, allow_inf_nan=False)

    def check(self, epochs: int) -> None:
        """Refuse a run that ends before everything is open."""
        needed = self.head_only_epochs + self.everything_epochs + 2
        if epochs < needed:
            raise ValueError(f"`epochs` must be at least {needed} for this unfreezing, got {epochs}")

    def open(self, block: int, blocks: int, now: Moment) -> bool:
        """Whether a block trains now.

        Args:
          block: its depth, as in `Role`.
          blocks: how many the network has.
        """
        return max(block, 1) > blocks - math.floor(self.progress(now) * blocks + SLACK)

    def boost(self, now: Moment) -> float:
        """Factor of every learning rate."""
        return self.initial_boost ** (1 - self.progress(now))

    def progress(self, now: Moment) -> float:
        """From 0 when the first block may open to 1 when all are open."""
        unit = 1 if self.every == "epoch" else now.steps
        at = now.epoch * unit + (now.step if self.every == "step" else 0)
        first, last = self.head_only_epochs * unit, (now.epochs - self.everything_epochs) * unit - 1
        return min(max((at - first) / (last - first), 0.0), 1.0)


Unfreezing = Annotated[AllAtOnce | FromTheTop, Field(discriminator="kind")]
