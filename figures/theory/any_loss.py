"""Beyond the paper: the lower bound holds for every loss, all labels and stochastic steps, but not for Adam.

Each mark is a run on a random problem: the lowest distance of its weights to the truth over all steps, against the
half-space bound; colours from light to dark are starting heads from small to large. Below the line the bound would be
violated. (a) Squared errors with noisy labels, (b) logistic loss with flipped labels, (c) softmax cross-entropy of
three classes with flipped labels (operator norms), all by SGD in minibatches, whose steps the bound takes into account;
(d) Adam on full batches, whose steps are no multiples of a gradient: no bound is claimed, and runs come below the line.
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.any_loss import AnyLossData, Held
from simulations.records import load

FIGURE = FigureDeclaration(
    title="Beyond the paper: any loss, noisy labels, stochastic steps", sources=("simulations/any_loss",), order=230
)

WAYS = {
    "squared": "squared errors, noisy labels",
    "logistic": "two classes, flipped labels",
    "softmax": "three classes, flipped labels",
    "adam": "Adam, squared errors",
}


def collect(results: Path | str) -> AnyLossData:
    """The runs, from `results/simulations/any_loss`."""
    return load("any_loss", results)


def note(data: AnyLossData) -> str:
    """How close the runs come, and how many come below."""
    told = []
    for way, title in WAYS.items():
        ratios = _ratios(getattr(data.held, way))
        below = int(np.sum(ratios < 1))
        told.append(
            f"{title}: median ratio {np.median(ratios):.3g}, smallest {ratios.min():.4g}, {below} below the bound"
        )
    return "; ".join(told) + "."


@style.styled
def draw(data: AnyLossData) -> Figure:
    """One panel for each way of training."""
    figure, axes = style.panels(2, 2, height=2.5)
    for axis, way in zip(axes.flat, WAYS, strict=True):
        _draw_runs(axis, data.head_scales, getattr(data.held, way))
        axis.set(xlabel="half-space bound", ylabel="lowest distance to the truth")
    style.title_panels(axes, tuple(WAYS.values()))
    return figure


def _draw_runs(axis: Axes, scales: np.ndarray, held: Held) -> None:
    style.logarithmic(axis, x=True, y=True)
    shades = matplotlib.colormaps["viridis_r"](np.linspace(0.1, 1.0, len(scales)))
    for shade, bound, lowest in zip(shades, held.bound, held.lowest, strict=True):
        says = bound > 0
        axis.plot(bound[says], lowest[says], linestyle="none", marker="o", markersize=2.5, color=shade)
    ends = [held.bound[held.bound > 0].min(), held.bound.max()]
    axis.plot(ends, ends, color=style.GUIDE, linewidth=1.0)


def _ratios(held: Held) -> np.ndarray:
    says = held.bound > 0
    return np.asarray(held.lowest[says] / held.bound[says])
