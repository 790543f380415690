"""Several data sets in one figure: one panel each, or a pair of panels (ID and OOD) each."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.look import style

#: Panels side by side, at most.
SINGLES, PAIRS = 3, 2
SIDES = ("in distribution", "out of distribution")


def panels_for(names: Sequence[str], *, height: float = 2.4) -> tuple[Figure, list[Axes]]:
    """A panel for each name, titled by it."""
    columns = min(len(names), SINGLES)
    rows = -(-len(names) // columns)
    width = style.COLUMN if len(names) == 1 else style.PAGE
    figure, axes = style.panels(columns, rows, width=width, height=height)
    for axis in axes.flat[len(names) :]:
        figure.delaxes(axis)
    kept = list(axes.flat[: len(names)])
    style.title_panels(np.array(kept), names)
    return figure, kept


def pairs_for(names: Sequence[str], *, x: str, height: float = 2.4) -> tuple[Figure, list[tuple[Axes, Axes]]]:
    """Two panels of accuracy for each name, ID left and OOD right.

    With several names each stands above its pair, and the axes say which side is which.

    Args:
      names: of data sets.
      x: label of the horizontal axes.
      height: of a row on a page, in inches.
    """
    across = min(len(names), PAIRS)
    rows = -(-len(names) // across)
    figure, axes = style.panels(2 * across, rows, height=height if rows == 1 else 0.85 * height)
    flat = list(axes.flat)
    for axis in flat[2 * len(names) :]:
        figure.delaxes(axis)
    pairs = list(zip(flat[: 2 * len(names) : 2], flat[1 : 2 * len(names) : 2], strict=True))
    for index, ((left, right), name) in enumerate(zip(pairs, names, strict=True)):
        left.set_ylabel("ID accuracy (%)" if len(names) > 1 else "accuracy (%)")
        right.set_ylabel("OOD accuracy (%)" if len(names) > 1 else "accuracy (%)")
        if len(names) > 1:
            left.set_title(name, loc="left")
        if index >= len(names) - across:
            left.set_xlabel(x)
            right.set_xlabel(x)
    if len(names) == 1:
        style.title_panels(np.array(pairs[0]), SIDES)
    return figure, pairs
