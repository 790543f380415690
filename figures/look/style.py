"""Colours, line styles, labels and sizes. One method has one colour and one dash, in every figure.

The colours are Okabe and Ito's, told apart by colour-blind readers; lightness and dashes differ too, so that a figure
survives a grey printer.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ParamSpec

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

P = ParamSpec("P")

#: Methods, in the order of every legend.
METHODS = ("linear_probing", "fine_tuning", "lp_ft")
LABELS = {"linear_probing": "LP", "fine_tuning": "FT", "lp_ft": "LP-FT"}
COLOURS = {"linear_probing": "#0072B2", "fine_tuning": "#D55E00", "lp_ft": "#009E73"}
DASHES = {"linear_probing": (0, (5, 1.5)), "fine_tuning": "solid", "lp_ft": (0, (1.2, 1.2))}
MARKERS = {"linear_probing": "s", "fine_tuning": "o", "lp_ft": "^"}

#: The lower bounds of fine-tuning: as published, then those that are proved.
BOUND_LABELS = {
    "published": "published bound",
    "corrected": "corrected bound",
    "implicit": "implicit bound",
    "half_space": "half-space bound",
}
BOUND_COLOURS = {"published": "#E0A100", "corrected": "#7A7A7A", "implicit": "#000000", "half_space": "#7B2D8B"}
BOUND_DASHES = {
    "published": (0, (1, 1.5)),
    "corrected": (0, (4, 1, 1, 1)),
    "implicit": (0, (6, 2)),
    "half_space": (0, (8, 1.5, 1.5, 1.5)),
}

#: Lines that are no method's: a diagonal, a shelf, a border between groups.
GUIDE = "#8A8A8A"

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
    """

    wide: float = PAGE
    narrow: float = COLUMN
    text: float = 1.0
    stacked: bool = False
    legend_columns: int = 4


SIZES = {
    "page": Size(),
    "column": Size(wide=COLUMN, text=0.95, stacked=True, legend_columns=3),
    # Fits a 16:9 slide of 6.3 x 3.5 inches as it is, and larger ones by scaling.
    "talk": Size(wide=5.6, narrow=4.2, text=1.12, legend_columns=4),
}
_size: ContextVar[Size] = ContextVar("size", default=SIZES["page"])


@contextmanager
def sized(name: str) -> Iterator[None]:
    """Draws for a page, a column of it, or a talk (`SIZES`)."""
    token = _size.set(SIZES[name])
    try:
        yield
    finally:
        _size.reset(token)


RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "lines.linewidth": 1.6,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "mathtext.fontset": "dejavusans",
}


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """For functions that draw a figure: the style while they draw, the reader's own settings afterwards."""

    @functools.wraps(draw)
    def in_style(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with matplotlib.rc_context(_settings()):
            return draw(*args, **kwargs)

    return in_style


def panels(columns: int, rows: int = 1, *, width: float = PAGE, height: float = HEIGHT) -> tuple[Figure, np.ndarray]:
    """A figure that knows nothing of pyplot, and its axes as (rows, columns).

    Args:
      width, height: on a page, in inches; the height is that of each row.
    """
    size = _size.get()
    across = width if size.wide == PAGE else size.wide if width > COLUMN else size.narrow
    down = rows * columns if size.stacked else rows
    figure = Figure(figsize=(across, down * height))
    axes = figure.subplots(down, rows * columns // down, squeeze=False)
    return figure, axes.reshape(rows, columns)


def single_panel(*, x: str, y: str, width: float = COLUMN, height: float = HEIGHT) -> tuple[Figure, Axes]:
    """A figure of one panel, its axes labelled."""
    figure, axes = panels(1, width=width, height=height)
    axes[0, 0].set(xlabel=x, ylabel=y)
    return figure, axes[0, 0]


def line(method: str, **changes: Any) -> dict[str, Any]:
    """Keyword arguments of a method's curve, for `Axes.plot`; `changes` replace or add to them."""
    return {"color": COLOURS[method], "linestyle": DASHES[method], "label": LABELS[method], **changes}


def mark(method: str, *, open: bool = False, size: float = 5.0, **changes: Any) -> dict[str, Any]:
    """Keyword arguments of a method's marks without a line between them, for `Axes.plot`; `changes` as in `line`."""
    face = "white" if open else COLOURS[method]
    look = {"marker": MARKERS[method], "markersize": size, "markerfacecolor": face, "label": LABELS[method]}
    return look | {"color": COLOURS[method], "linestyle": "none"} | changes


def bound_line(bound: str) -> dict[str, Any]:
    """Keyword arguments of a bound's curve."""
    return {
        "color": BOUND_COLOURS[bound],
        "linestyle": BOUND_DASHES[bound],
        "label": BOUND_LABELS[bound],
        "linewidth": 1.1,
    }


def best_bound_line() -> dict[str, Any]:
    """Keyword arguments of the curve of the largest of the proved lower bounds, in the look of the one it mostly is."""
    return bound_line("half_space") | {"label": "best lower bound"}


def band(axis: Axes, x: np.ndarray, values: np.ndarray, method: str, *, label: str | None = None) -> None:
    """Median and 5 % to 95 % of an ensemble, whose members lie along the last axis of `values`."""
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95), axis=-1)
    axis.fill_between(x, low, high, color=COLOURS[method], alpha=0.15, linewidth=0)
    axis.plot(x, middle, **(line(method) | ({"label": label} if label else {})))


def logarithmic(axis: Axes, *, x: bool = False, y: bool = False) -> None:
    """Logarithmic axes with labels at the decades only."""
    if x:
        axis.set_xscale("log")
        axis.xaxis.set_minor_formatter(NullFormatter())
    if y:
        axis.set_yscale("log")
        axis.yaxis.set_minor_formatter(NullFormatter())


def title_panels(axes: np.ndarray, titles: Sequence[str]) -> None:
    """(a), (b), ... and a few words above each panel; with one panel the words alone."""
    for letter, axis, title in zip("abcdefghij", axes.flat, titles, strict=False):
        axis.set_title(f"({letter}) {title}".rstrip() if axes.size > 1 else title, loc="left")


def legend_below(figure: Figure, axes: Sequence[Axes], *, columns: int = 4) -> None:
    """One legend for several panels, under them, each label once, the methods first and in their order."""
    handles = dict.fromkeys(LABELS.values())
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles[label] = handles.get(label) or handle
    found = {label: handle for label, handle in handles.items() if handle is not None}
    # A letter is about half as wide as its font is high; handle and gaps take five heights.
    height = small() / 72
    each = height * (5 + 0.55 * max(map(len, found)))
    fitting = max(1, int(figure.get_figwidth() / each))
    rows = -(-len(found) // min(columns, _size.get().legend_columns, fitting))
    figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=-(-len(found) // rows))


def small() -> float:
    """Font size in points of a remark, at the size that is being drawn."""
    return 7 * _size.get().text


def _settings() -> dict[str, Any]:
    factor = _size.get().text
    fonts = {name: factor * value for name, value in RC.items() if isinstance(value, float | int) and "size" in name}
    return RC | fonts
