"""Several data sets in one figure: one panel each, or a pair of panels (ID and OOD) each."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures import style

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


def pairs_for(
    names: Sequence[str], *, x: str, y: str = "accuracy (%)", height: float = 2.4
) -> tuple[Figure, list[tuple[Axes, Axes]]]:
    """Two panels for each name, ID left and OOD right; labels of axes at the left and the lower edge only."""
    across = min(len(names), PAIRS)
    rows = -(-len(names) // across)
    figure, axes = style.panels(2 * across, rows, height=height if rows == 1 else 0.85 * height)
    flat = list(axes.flat)
    for axis in flat[2 * len(names) :]:
        figure.delaxes(axis)
    pairs = list(zip(flat[: 2 * len(names) : 2], flat[1 : 2 * len(names) : 2], strict=True))
    for place, (pair, name) in enumerate(zip(pairs, names, strict=True)):
        for axis, side in zip(pair, SIDES, strict=True):
            short = {"in distribution": "ID", "out of distribution": "OOD"}[side]
            axis.set_title(side if len(names) == 1 else f"{name}, {short}", loc="left")
            if place >= len(names) - across:
                axis.set_xlabel(x)
        if place % across == 0:
            pair[0].set_ylabel(y)
    if len(names) == 1:
        style.title_panels(np.array(pairs[0]), SIDES)
        pairs[0][1].set_ylabel(y)
    return figure, pairs
