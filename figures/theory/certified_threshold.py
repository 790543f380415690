"""How good features must be for a certificate that linear probing beats fine-tuning out of distribution.

Gaussian inputs, random features, a random head of the scale of the truth. T is the largest feature error for which the
certificate holds. (a) Visible shares c and c_S of the features and (b) the condition number kappa of the inputs at n /
d = 1/2 and k / d = 1/100, against d (points: medians; bars: 5 % to 95 %; lines: the formulas for large d, the same for
both shares). (c) T at the same proportions: it grows with the number of features, as random heads grow longer (lines:
median, 5 % and 95 % over heads with the shares and conditioning of large d). (d) T against n / d at one d: few examples
see too little of the features, many leave too little unseen and are badly conditioned.
"""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.certified_threshold import CertifiedThresholdData
from simulations.records import load

FIGURE = FigureDeclaration(title="How good features must be", sources=("simulations/certified_threshold",), order=155)

COLOURS = (style.COLOURS["fine_tuning"], style.COLOURS["linear_probing"])


def collect(results: Path | str) -> CertifiedThresholdData:
    """The draws, from `results/simulations/certified_threshold`."""
    return load("certified_threshold", results)


@style.styled
def draw(data: CertifiedThresholdData) -> Figure:
    """Shares, condition number, T against d, T against n / d."""
    figure, axes = style.panels(2, 2, height=2.3)
    sizes = data.input_dims
    for sampled, limit, label, colour in zip(
        (data.off_cosines, data.on_cosines), data.limits, ("$c$", "$c_S$"), COLOURS, strict=False
    ):
        _bars(axes[0, 0], sizes, sampled, label=label, color=colour)
        axes[0, 0].axhline(limit, color=colour, linewidth=0.8)
    axes[0, 0].legend(fontsize=8)
    _bars(axes[0, 1], sizes, data.conditions, color=COLOURS[1])
    axes[0, 1].axhline(data.limits[2], color=COLOURS[1], linewidth=0.8)
    _bars(axes[1, 0], sizes, data.thresholds, color=COLOURS[1])
    for level, dashes in zip(data.limit.T, (":", "-", ":"), strict=True):
        axes[1, 0].plot(sizes, level, color=COLOURS[1], linewidth=0.8, linestyle=dashes)
    _bars(axes[1, 1], data.shares, data.swept_thresholds, color=COLOURS[1])
    for level, dashes in zip(data.swept_limit.T, (":", "-", ":"), strict=True):
        axes[1, 1].plot(data.shares, level, color=COLOURS[1], linewidth=0.8, linestyle=dashes)
    for axis in axes.flat[:3]:
        style.logarithmic(axis, x=True, y=False)
        axis.set(xlabel="input dimension, $d$", xlim=(sizes[0] / 1.3, sizes[-1] * 1.3))
        axis.set_xticks(sizes, [f"{size:.0f}" for size in sizes], minor=False)
        axis.set_xticks([], minor=True)
    axes[0, 0].set(ylabel="visible share")
    axes[0, 1].set(ylabel=r"condition number, $\kappa$")
    for axis in axes[1]:
        axis.set(ylabel="threshold, $T$", ylim=(0, None))
    axes[1, 1].set(xlabel="examples over inputs, $n / d$")
    style.title_panels(axes, ("visible shares", "conditioning", "threshold", "threshold against examples"))
    return figure


def _bars(axis: Axes, at: np.ndarray, sampled: np.ndarray, **look: Any) -> None:
    low, middle, high = np.quantile(sampled, (0.05, 0.5, 0.95), axis=1)
    axis.errorbar(at, middle, yerr=(middle - low, high - middle), fmt="o", markersize=3.5, linewidth=0.9, **look)
