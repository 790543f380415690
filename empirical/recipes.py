"""The embedded benchmark's settings, frozen and complete, at three scales.

Learning-rate grids, epochs, batch and split sizes were chosen from ID validation accuracy and cost alone. Twenty
training images a class: with eighty (scale `full`) every method reaches the same ID validation accuracy to within its
interval, and the ID side of the trade-off cannot be seen. docs/benchmark.md keeps the table of either size.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from empirical.datasets.digits import DigitsSplit
from empirical.methods import FINE_TUNING, FT, LP_FT, Method

Scale = Literal["quick", "default", "full"]
PENALTIES = tuple(float(f"{digit}e{power}") for power in range(-7, 3) for digit in (1, 3))[:-1]


class PretrainingRecipe(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int
    seed: int


class Sweep(BaseModel):
    """One method over a grid of learning rates."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method
    learning_rates: tuple[float, ...]


class Recipe(BaseModel):
    """A whole benchmark. `pretraining` is None where the shipped checkpoint is used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: DigitsSplit = DigitsSplit()
    pretraining: PretrainingRecipe | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    penalties: tuple[float, ...] = PENALTIES
    sweeps: tuple[Sweep, ...]
    epochs: int
    batch_size: int = 8


def _sweeps(fine_tuning: tuple[float, ...], lp_ft: tuple[float, ...]) -> tuple[Sweep, ...]:
    """The 2 x 2. As in the paper, LP-FT with frozen statistics starts near its end and gets a grid a decade lower."""
    grids = {method: lp_ft if method == LP_FT else fine_tuning for method in FINE_TUNING}
    return tuple(Sweep(method=method, learning_rates=grid) for method, grid in grids.items())


RECIPES: dict[Scale, Recipe] = {
    "quick": Recipe(
        split=DigitsSplit(validation=150, test=200),
        sweeps=(
            Sweep(method=FT, learning_rates=(1e-2, 3e-2)),
            Sweep(method=LP_FT, learning_rates=(1e-3, 3e-3)),
        ),
        epochs=3,
    ),
    "default": Recipe(
        sweeps=_sweeps((3e-3, 1e-2, 3e-2, 1e-1), (3e-4, 1e-3, 3e-3, 1e-2)),
        epochs=10,
    ),
    "full": Recipe(
        split=DigitsSplit(training=800),
        batch_size=32,
        pretraining=PretrainingRecipe(steps=8000, seed=1),
        seeds=(0, 1, 2, 3, 4),
        sweeps=_sweeps((3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1), (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)),
        epochs=20,
    ),
}
