"""Beyond the paper, simulation only: a two-layer ReLU network distorts its features too.

A ReLU teacher with four units, a student that starts from units at a distance eps of them, 64 Gaussian examples on an
ID subspace of 8 of 20 dimensions (lines: medians over random problems; bands: 5 % to 95 %). (a) OOD risk under Gaussian
inputs in all directions, (b) ID risk, (c) how far the units moved; their part outside the ID subspace does not move, as
in linear networks. Unlike in linear networks, fine-tuning from a random head does not reach ID risk 0. Small steps of
gradient descent, exact risks. No theorem speaks about it.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.relu_network import ReluData
from simulations.records import load

FIGURE = FigureDeclaration(title="Beyond the paper: a ReLU network", sources=("simulations/relu_network",), order=200)

#: Risks below this are what is left of training.
FLOOR = 1e-12


def collect(results: Path | str) -> ReluData:
    """The ensemble, from `results/simulations/relu_network`."""
    return load("relu_network", results)


@style.styled
def draw(data: ReluData) -> Figure:
    """OOD risk, ID risk, movement."""
    figure, axes = style.panels(3, height=2.7)
    for axis, kind in zip(axes[0], ("ood", "id", "movement"), strict=True):
        for method, risks in data.risks.items():
            if (kind, method) != ("movement", "linear_probing"):
                style.band(axis, data.feature_errors, np.maximum(getattr(risks, kind), FLOOR), method)
        style.logarithmic(axis, x=True, y=True)
        axis.set_xlabel(r"feature error, $\epsilon$")
    for axis, label in zip(axes[0], ("OOD risk", "ID risk", r"movement, $||B - B_0||_F$"), strict=True):
        axis.set_ylabel(label)
    style.title_panels(axes, ("out of distribution", "in distribution", "features"))
    style.legend_below(figure, list(axes.flat))
    return figure
