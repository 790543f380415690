"""Where linear probing beats fine-tuning out of distribution.

One ID direction, one feature; every cell holds the same random problems at its feature error eps and angle between
the pretrained feature and the ID subspace. (a) Median of log10 of the OOD risk of linear probing over that of
fine-tuning, both at their limits: blue where linear probing is better. (b) Share of problems where linear probing
beats fine-tuning even when that is stopped at its best moment; inside the dashed line the bounds certify it for half
of the problems, before any training.
"""

from pathlib import Path

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from figures import style
from simulations.experiments.phase_diagram import PhaseDiagramData
from simulations.records import load


def collect(results: Path) -> PhaseDiagramData:
    """The cells, from `results/simulations/phase_diagram`."""
    return load("phase_diagram", results)


@style.styled
def draw(data: PhaseDiagramData) -> Figure:
    """The ratio of risks, and the share of wins."""
    figure, axes = style.panels(2, height=2.9)
    degrees = np.degrees(data.angles)
    left, right = axes[0]
    largest = max(abs(data.log_ratio.min()), data.log_ratio.max(), 0.5)
    ratio = left.pcolormesh(
        data.feature_errors,
        degrees,
        data.log_ratio,
        cmap="RdBu_r",  # blue is linear probing's colour, and low ratios are its wins
        norm=TwoSlopeNorm(0.0, -largest, largest),
        rasterized=True,
    )
    figure.colorbar(ratio, ax=left, label=r"median $\log_{10}$ (LP / FT)")
    left.contour(data.feature_errors, degrees, data.log_ratio, levels=[0.0], colors="black", linewidths=0.9)
    share = right.pcolormesh(
        data.feature_errors, degrees, data.lp_beats_best_stop, cmap="Blues", vmin=0, vmax=1, rasterized=True
    )
    figure.colorbar(share, ax=right, label="share of problems where LP wins")
    if data.certified.min() < 0.5 < data.certified.max():
        levels = {"levels": [0.5], "colors": "black", "linewidths": 1.1, "linestyles": "dashed"}
        right.contour(data.feature_errors, degrees, data.certified, **levels)
    for axis in axes.flat:
        style.logarithmic(axis, x=True)
        axis.grid(False)
        axis.set(xlabel=r"feature error, $\epsilon$", ylabel="angle to the ID subspace (degrees)")
    style.title_panels(axes, ("limits", "against the best stopping time"))
    return figure
