"""Which method wins out of distribution, over the feature error eps and the angle of features and ID subspace.

One feature, four ID directions, isotropic training inputs; every cell holds the same random problems. (a) Which of the
three methods has the lowest OOD risk at its limit most often; the darker, the more often. LP never has. (b) Median of
log10 of the OOD risk of linear probing over that of fine-tuning: blue where linear probing is better; black line:
equal. (c) Share of problems where linear probing beats fine-tuning even when that is stopped at its best moment; inside
the dashed line the bounds certify it for half of the problems, before any training.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.phase_diagram import PhaseDiagramData
from simulations.records import load

FIGURE = FigureDeclaration(title="Which method wins where", sources=("simulations/phase_diagram",), order=140)


def collect(results: Path | str) -> PhaseDiagramData:
    """The cells, from `results/simulations/phase_diagram`."""
    return load("phase_diagram", results)


@style.styled
def draw(data: PhaseDiagramData) -> Figure:
    """The winner, the ratio of risks, and the share of wins against the best stopping time."""
    figure, axes = style.panels(3, height=2.9)
    degrees = np.degrees(data.angles)
    winner, ratio_axis, share_axis = axes[0]
    _draw_winner(winner, data)
    largest = max(abs(data.log_lp_over_ft.min()), data.log_lp_over_ft.max(), 0.5)
    ratio = ratio_axis.pcolormesh(
        data.feature_errors,
        degrees,
        data.log_lp_over_ft,
        cmap="RdBu_r",  # blue is linear probing's colour, and low ratios are its wins
        norm=TwoSlopeNorm(0.0, -largest, largest),
        rasterized=True,
    )
    figure.colorbar(ratio, ax=ratio_axis, location="bottom", label=r"median $\log_{10}$ (LP / FT)")
    ratio_axis.contour(data.feature_errors, degrees, data.log_lp_over_ft, levels=[0.0], colors="black", linewidths=0.9)
    share = share_axis.pcolormesh(
        data.feature_errors, degrees, data.lp_beats_best_stop, cmap="Blues", vmin=0, vmax=1, rasterized=True
    )
    figure.colorbar(share, ax=share_axis, location="bottom", label="share where LP wins")
    if data.certified.min() < 0.5 < data.certified.max():
        levels = {"levels": [0.5], "colors": "black", "linewidths": 1.1, "linestyles": "dashed"}
        share_axis.contour(data.feature_errors, degrees, data.certified, **levels)
    for axis in axes.flat:
        style.logarithmic(axis, x=True)
        axis.grid(False)
        axis.set_xlabel(r"feature error, $\epsilon$")
    winner.set_ylabel("angle (degrees)")
    style.title_panels(axes, ("lowest OOD risk", "LP against FT", "against the best stop"))
    return figure


def _draw_winner(axis: Axes, data: PhaseDiagramData) -> None:
    shares = np.stack([wins for _, wins in data.wins.items()])
    first, strength = np.argmax(shares, axis=0), np.max(shares, axis=0)
    colours = np.array([to_rgb(style.COLOURS[method]) for method in style.METHODS])[first]
    # A third is the least that the winner of three can have: white there, the full colour at one.
    weight = np.clip((strength - 1 / 3) * 1.5, 0.0, 1.0)[..., None]
    axis.pcolormesh(data.feature_errors, np.degrees(data.angles), 1 - weight * (1 - colours), rasterized=True)
    present = [(style.LABELS[m], style.COLOURS[m]) for i, m in enumerate(style.METHODS) if np.any(first == i)]
    for index, method in enumerate(style.METHODS):
        certain = (first == index) & (strength > 0.6)
        if certain.any():
            # Named in the picture too, where grey would not tell the colours apart.
            rows, columns = np.nonzero(certain)
            x, y = np.median(data.feature_errors[columns]), np.degrees(np.median(data.angles[rows]))
            axis.text(x, y, style.LABELS[method], ha="center", va="center", color="white", fontsize=7, weight="bold")
    axis.legend(
        handles=[Patch(color=colour, label=label) for label, colour in present],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.28),
        ncols=3,
        columnspacing=1.0,
        handlelength=1.2,
    )
