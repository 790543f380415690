"""Fine-tuning buys ID risk with OOD risk; LP-FT does not have to.

Random overparameterised problems, each with its own feature error and angle, once for each method at its limit. (a)
OOD against ID risk; fine-tuning and LP-FT reach zero ID risk and are drawn at the left edge, side by side. (b) The
same OOD risks against the feature error: linear probing and LP-FT improve with the features, fine-tuning does not.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.id_ood_tradeoff import IdOodTradeoffData
from simulations.records import load

FIGURE = FigureDeclaration(title="In against out of distribution", sources=("simulations/id_ood_tradeoff",), order=90)


def collect(results: Path | str) -> IdOodTradeoffData:
    """The problems, from `results/simulations/id_ood_tradeoff`."""
    return load("id_ood_tradeoff", results)


@style.styled
def draw(data: IdOodTradeoffData) -> Figure:
    """OOD risk against ID risk, and against the feature error."""
    figure, axes = style.panels(2, height=2.9)
    left, right = axes[0]
    methods = data.comparison.methods
    floor = methods.linear_probing.id.min() / 30
    # Fine-tuning and LP-FT have no ID risk: they stand at the edge, each in a place of its own.
    id_positions = {"linear_probing": methods.linear_probing.id[:, 0], "fine_tuning": floor, "lp_ft": floor * 3}
    for method in ("fine_tuning", "linear_probing", "lp_ft"):
        ood = methods[method].ood[:, 0]
        look = {"color": style.COLOURS[method], "marker": style.MARKERS[method], "s": 7, "linewidths": 0, "alpha": 0.55}
        left.scatter(np.broadcast_to(id_positions[method], data.feature_errors.shape), ood, **look)
        right.scatter(data.feature_errors, ood, label=style.LABELS[method], **look)
    for axis in axes.flat:
        style.logarithmic(axis, x=True, y=True)
    left.axvline(floor * 8, color="#8A8A8A", linewidth=0.8)
    left.set(xlabel="ID risk (left of the line: zero)", ylabel="OOD risk")
    right.set(xlabel=r"feature error, $\epsilon$", ylabel="OOD risk")
    style.title_panels(axes, ("OOD against ID risk", "OOD risk against feature error"))
    style.legend_below(figure, list(axes.flat))
    return figure
