"""Curves of ensembles that are told apart by a parameter and not by a method: shades from light to dark."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import ArrayLike

DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (4, 1, 1, 1)))


def shades(colour: str, count: int) -> list[tuple[float, float, float, float]]:
    """`count` shades of a colour, the last one nearly black, so that they differ in grey too."""
    scale = LinearSegmentedColormap.from_list("shades", ["#FFFFFF", colour, "#111111"])
    return [scale(position) for position in np.linspace(0.3, 0.85, count)]


def band_in(axis: Axes, x: ArrayLike, values: ArrayLike, *, colour: Any, dash: Any = "solid", label: str = "") -> None:
    """Median and 5 % to 95 % of an ensemble, whose members lie along the last axis of `values`.

    Args:
      dash: line style of the median.
      label: in the legend; empty: none.
    """
    low, middle, high = np.quantile(np.asarray(values), (0.05, 0.5, 0.95), axis=-1)
    axis.fill_between(np.asarray(x), low, high, color=colour, alpha=0.15, linewidth=0)
    axis.plot(x, middle, color=colour, linestyle=dash, label=label)


def error_label(value: float) -> str:
    """A feature error in a legend."""
    return rf"$\epsilon = {value:g}$"
