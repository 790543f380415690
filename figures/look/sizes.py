"""What a figure is drawn for (a page, a column, a talk, or inches of the user's own), and empty panels of that size."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from artifacts import UserError

#: Widths in inches: one column of a paper, and both.
COLUMN, PAGE = 3.3, 6.8
HEIGHT = 2.5


@dataclass(frozen=True)
class Size:
    """What a figure is drawn for; modules give their sizes in inches of a page, this says what becomes of them.

    Attributes:
      wide, narrow: width in inches of a figure as wide as the page, and of one as wide as a column of it.
      text: factor on every font size.
      stacked: panels that stand side by side on a page stand one below the other.
      legend_columns: at most so many entries of a legend side by side.
      inches: width and height of the whole figure, whatever its module asks for.
    """

    wide: float = PAGE
    narrow: float = COLUMN
    text: float = 1.0
    stacked: bool = False
    legend_columns: int = 4
    inches: tuple[float, float] | None = None


SIZES = {
    "page": Size(),
    "column": Size(wide=COLUMN, text=0.95, stacked=True, legend_columns=3),
    # Fits a 16:9 slide of 6.3 x 3.5 inches as it is, and larger ones by scaling.
    "talk": Size(wide=5.6, narrow=4.2, text=1.12, legend_columns=4),
}
_size: ContextVar[Size] = ContextVar("size", default=SIZES["page"])


@contextmanager
def sized(name: str) -> Iterator[None]:
    """Draws for a page, a column of it or a talk (`SIZES`), or for `WIDTHxHEIGHT` in inches.

    Raises:
      UserError: the name is neither.
    """
    token = _size.set(size_of(name))
    try:
        yield
    finally:
        _size.reset(token)


def size_of(name: str) -> Size:
    """The size of a name.

    Raises:
      UserError: there is none, or the inches are not a figure's.
    """
    if name in SIZES:
        return SIZES[name]
    inches = re.fullmatch(r"(\d+\.?\d*)x(\d+\.?\d*)", name)
    width, height = (float(inches[1]), float(inches[2])) if inches else (0.0, 0.0)
    if not (1 <= width <= 100 and 1 <= height <= 100):
        raise UserError(
            f"A size must be one of {', '.join(SIZES)}, or WIDTHxHEIGHT in inches from 1 to 100, got {name!r}."
        )
    return Size(wide=width, narrow=width, inches=(width, height))


def size_now() -> Size:
    """What is being drawn for."""
    return _size.get()


class ShownFigure(Figure):
    """A figure that knows nothing of pyplot and is shown by a notebook all the same."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=150, facecolor="white")
        return stream.getvalue()


def panels(columns: int, rows: int = 1, *, width: float = PAGE, height: float = HEIGHT) -> tuple[Figure, np.ndarray]:
    """A figure, and its axes as (rows, columns).

    Args:
      width, height: on a page, in inches; the height is that of each row.
    """
    size = _size.get()
    across = width if size.wide == PAGE else size.wide if width > COLUMN else size.narrow
    down = rows * columns if size.stacked else rows
    figure = ShownFigure(figsize=size.inches or (across, down * height))
    axes = figure.subplots(down, rows * columns // down, squeeze=False)
    return figure, axes.reshape(rows, columns)


def single_panel(*, x: str, y: str, width: float = COLUMN, height: float = HEIGHT) -> tuple[Figure, Axes]:
    """A figure of one panel, its axes labelled.

    Args:
      x, y: labels of the axes.
      width, height: on a page, in inches.
    """
    figure, axes = panels(1, width=width, height=height)
    axes[0, 0].set(xlabel=x, ylabel=y)
    return figure, axes[0, 0]
