"""Colours, line styles and labels. One method has one colour and one dash, in every figure.

The colours are Okabe and Ito's, told apart by colour-blind readers; lightness and dashes differ too, so that a figure
survives a grey printer.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike

from figures.look.sizes import COLUMN, PAGE, SIZES, panels, single_panel, size_now, sized
from simulations.method_names import LABELS, METHODS

__all__ = ["COLUMN", "LABELS", "METHODS", "PAGE", "SIZES", "panels", "single_panel", "sized"]

P = ParamSpec("P")

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

#: Digits and the minus sign as they stand in an exponent.
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

#: The largest value of an axis over the smallest, up to which there are ticks between the decades: three and margins.
FEW_DECADES = 10**3.5

#: Lines that are no method's: a diagonal, a shelf, a border between groups.
GUIDE = "#8A8A8A"

RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titley": 1.0,  # nothing stands above axes that a title would have to be moved for
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


def line(method: str, **changes: Any) -> dict[str, Any]:
    """Keyword arguments of a method's curve, for `Axes.plot`; `changes` replace or add to them."""
    return {"color": COLOURS[method], "linestyle": DASHES[method], "label": LABELS[method], **changes}


def mark(method: str, *, open: bool = False, size: float = 5.0, **changes: Any) -> dict[str, Any]:
    """Keyword arguments of a method's marks without a line between them, for `Axes.plot`; `changes` as in `line`.

    Args:
      open: a mark without filling.
      size: in points.
    """
    face = "white" if open else COLOURS[method]
    look = {"marker": MARKERS[method], "markersize": size, "markerfacecolor": face, "label": LABELS[method]}
    return look | {"color": COLOURS[method], "linestyle": "none"} | changes


def bound_line(bound: str, **changes: Any) -> dict[str, Any]:
    """Keyword arguments of a bound's curve; `changes` as in `line`."""
    return {
        "color": BOUND_COLOURS[bound],
        "linestyle": BOUND_DASHES[bound],
        "label": BOUND_LABELS[bound],
        "linewidth": 1.1,
        **changes,
    }


def best_bound_line() -> dict[str, Any]:
    """Keyword arguments of the curve of the largest of the proved lower bounds, in the look of the one it mostly is."""
    return bound_line("half_space") | {"label": "best lower bound"}


def band(axis: Axes, x: ArrayLike, values: ArrayLike, method: str, *, label: str | None = None) -> None:
    """Median and 5 % to 95 % of an ensemble, whose members lie along the last axis of `values`.

    Args:
      label: in the legend; None: the method's.
    """
    low, middle, high = np.quantile(np.asarray(values), (0.05, 0.5, 0.95), axis=-1)
    axis.fill_between(np.asarray(x), low, high, color=COLOURS[method], alpha=0.15, linewidth=0)
    axis.plot(x, middle, **line(method, label=label or LABELS[method]))


def logarithmic(axis: Axes, *, x: bool = False, y: bool = False) -> None:
    """Logarithmic axes with labels at the decades only, and ticks between them where there are few decades.

    Args:
      x, y: which axes.
    """
    if x:
        axis.set_xscale("log")
    if y:
        axis.set_yscale("log")
    for scaled in [axis.xaxis] * x + [axis.yaxis] * y:
        scaled.set_major_formatter(FuncFormatter(power_of_ten))
        scaled.set_minor_locator(BetweenFewDecades(subs=range(2, 10)))
        scaled.set_minor_formatter(NullFormatter())


class BetweenFewDecades(LogLocator):
    """Ticks between the decades of an axis; none where there are so many decades that they would run together."""

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Where the ticks stand between two values."""
        return list(super().tick_values(vmin, vmax)) if vmax <= vmin * FEW_DECADES else []


def power_of_ten(value: float, position: int | None = None) -> str:
    """The label of a tick on a logarithmic axis, 10⁻³ or 2×10⁻³.

    Plain characters: matplotlib's own label is a formula, which takes twenty times as long to set.

    Args:
      position: of the tick, as matplotlib gives it; nothing depends on it.
    """
    if value <= 0:
        return f"{value:g}"
    digits, exponent = f"{value:.5e}".split("e")
    decade = f"10{str(int(exponent)).translate(SUPERSCRIPT)}"
    return decade if float(digits) == 1 else f"{float(digits):g}×{decade}"


def title_panels(axes: np.ndarray, titles: Sequence[str]) -> None:
    """(a), (b), ... and a few words above each panel; with one panel the words alone."""
    for letter, axis, title in zip("abcdefghij", axes.flat, titles, strict=False):
        axis.set_title(f"({letter}) {title}".rstrip() if axes.size > 1 else title, loc="left")


def legend_below(figure: Figure, axes: Sequence[Axes], *, columns: int = 4) -> None:
    """One legend for several panels, under them, each label once, the methods first and in their order.

    Args:
      columns: at most; fewer where the figure is too narrow.
    """
    handles = dict.fromkeys(LABELS.values())
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles[label] = handles.get(label) or handle
    shown = {label: handle for label, handle in handles.items() if handle is not None}
    # A letter is about half as wide as its font is high; handle and gaps take five heights.
    height = small() / 72
    each = height * (5 + 0.55 * max(map(len, shown)))
    fitting = max(1, int(figure.get_figwidth() / each))
    rows = -(-len(shown) // min(columns, size_now().legend_columns, fitting))
    figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=-(-len(shown) // rows))


def small() -> float:
    """Font size in points of a remark, at the size that is being drawn."""
    return 7 * size_now().text


def _settings() -> dict[Any, Any]:
    factor = size_now().text
    fonts = {name: factor * value for name, value in RC.items() if isinstance(value, float | int) and "size" in name}
    return RC | fonts
