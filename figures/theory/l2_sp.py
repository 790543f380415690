"""Beyond the paper, simulation only: a penalty on moved features (L2-SP).

Random overparameterised problems at feature error 0.05 (lines: medians; bands: 5 % to 95 %), trained by small steps of
gradient descent on the summed loss plus lambda times the squared distance of the features from the pretrained ones; the
largest eigenvalue of the training covariance is 1. (a) OOD risk, (b) ID risk, from a random head (FT) and from the
probed one (LP-FT); LP for comparison. A strong penalty turns fine-tuning into linear probing; in between most
problems have low risks of both kinds, but some (upper edge of the bands) end at a stationary point far from the truth.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.l2_sp import L2SPData
from simulations.records import load

FIGURE = FigureDeclaration(
    title="Beyond the paper: a penalty on moved features", sources=("simulations/l2_sp",), order=180
)

#: Risks below this are what is left of training, not of the method.
FLOOR = 1e-12


def collect(results: Path | str) -> L2SPData:
    """The ensemble, from `results/simulations/l2_sp`."""
    return load("l2_sp", results)


@style.styled
def draw(data: L2SPData) -> Figure:
    """OOD risk, and ID risk."""
    figure, axes = style.panels(2, height=2.7)
    for axis, kind in zip(axes[0], ("ood", "id"), strict=True):
        for method, risks in data.risks.items():
            style.band(axis, data.strengths, np.maximum(getattr(risks, kind), FLOOR), method)
        style.logarithmic(axis, x=True, y=True)
        axis.set(xlabel=r"strength of the penalty, $\lambda$", ylabel=f"{kind.upper()} risk")
    style.title_panels(axes, ("out of distribution", "in distribution"))
    style.legend_below(figure, list(axes.flat))
    return figure
