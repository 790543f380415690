"""Beyond the paper: a larger learning rate for the head keeps the features.

Random overparameterised problems at feature error 0.01 (lines: medians; bands: 5 % to 95 %) against rho, the learning
rate of the head over that of the features. (a) OOD risk at the limit, and the best lower bound on fine-tuning at
any time, which carries over (docs/simulations.md); LP and LP-FT, for comparison, have one learning rate. (b) Movement
of the features of ID inputs. As rho grows the head is probed before the features move, and fine-tuning becomes LP-FT.
The theorem is about gradient flow with two rates, which the paper does not treat.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.head_learning_rate import HeadLearningRateData
from simulations.records import load

FIGURE = FigureDeclaration(
    title="Beyond the paper: a faster head", sources=("simulations/head_learning_rate",), order=170
)


def collect(results: Path | str) -> HeadLearningRateData:
    """The ensemble, from `results/simulations/head_learning_rate`."""
    return load("head_learning_rate", results)


@style.styled
def draw(data: HeadLearningRateData) -> Figure:
    """OOD risk, and feature movement."""
    figure, axes = style.panels(2, height=2.7)
    left, right = axes[0]
    for method, risks in data.methods.items():
        style.band(left, data.ratios, risks.ood, method)
        if method != "linear_probing":
            style.band(right, data.ratios, risks.movement, method)
    bound = np.median(data.lower_bound, axis=1) ** 2
    left.plot(data.ratios, np.where(bound > 0, bound, np.nan), **style.best_bound_line())
    for axis, label in zip(axes[0], ("OOD risk at the limit", "feature movement at the limit"), strict=True):
        style.logarithmic(axis, x=True, y=True)
        axis.set(xlabel=r"learning rate of the head / of the features, $\rho$", ylabel=label)
    style.title_panels(axes, ("out of distribution", "features of ID inputs"))
    style.legend_below(figure, list(axes.flat))
    return figure
