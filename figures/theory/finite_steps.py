"""Beyond the paper, simulation only: finite steps and stochastic gradients stay close to gradient flow.

Fine-tuning of random problems whose flow is known in closed form, after 3,000 steps, against the step size as a share
of 2 / sharpness at the limit of the flow (lines: medians over problems that did not diverge; bands: 5 % to 95 %). (a)
Distance of the final weights from those of the flow, over the distance of the latter from the truth; thin lines have
slopes 1/2 and 1. (b) OOD risk over that of the flow. Full batch; minibatches of 2 of the 8 examples; the same with
labels that get fresh noise of standard deviation 0.1 in every step. Shares of problems that diverge are in the data.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.look.shades import DASHES
from simulations.experiments.finite_steps import FiniteStepsData
from simulations.records import load

FIGURE = FigureDeclaration(title="Beyond the paper: finite steps", sources=("simulations/finite_steps",), order=210)

WAYS = {"full_batch": "full batch", "minibatches": "minibatches", "noisy_labels": "minibatches, noisy labels"}
GREYS = ("#000000", "#D55E00", "#56B4E9")


def collect(results: Path | str) -> FiniteStepsData:
    """The sweep, from `results/simulations/finite_steps`."""
    return load("finite_steps", results)


@style.styled
def draw(data: FiniteStepsData) -> Figure:
    """Distance from the flow, and OOD risk beside it."""
    figure, axes = style.panels(2, height=2.7)
    for axis, quantity in zip(axes[0], ("distance", "risk_ratio"), strict=True):
        for (name, label), colour, dash in zip(WAYS.items(), GREYS, DASHES, strict=False):
            values = np.asarray(getattr(getattr(data, name), quantity))
            finite = np.where(np.isfinite(values), values, np.nan)
            usable = np.isfinite(values).mean(axis=1) > 0.5
            low, middle, high = np.nanquantile(finite[usable], (0.05, 0.5, 0.95), axis=1)
            axis.fill_between(data.shares[usable], low, high, color=colour, alpha=0.15, linewidth=0)
            axis.plot(data.shares[usable], middle, color=colour, linestyle=dash, label=label)
        axis.set_xlabel("step size / largest stable step")
        style.logarithmic(axis, x=True, y=True)
    left, right = axes[0]
    middle = np.nanmedian(np.where(np.isfinite(data.full_batch.distance), data.full_batch.distance, np.nan), axis=1)
    shares = data.shares[[0, -1]]
    for slope, start in ((1.0, middle[0]), (0.5, np.nanmedian(data.minibatches.distance[0]))):
        left.plot(shares, start * (shares / shares[0]) ** slope, color="#8A8A8A", linewidth=0.8)
    right.axhline(1.0, color="black", linewidth=0.7)
    left.set_ylabel(r"$|w - w_{\mathrm{flow}}|\ /\ |w_{\mathrm{flow}} - w^*|$")
    right.set_ylabel("OOD risk / that of the flow")
    style.title_panels(axes, ("distance from the flow", "out of distribution"))
    style.legend_below(figure, list(axes.flat))
    return figure
