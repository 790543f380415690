"""Beyond the paper: the last two linear layers on real handwritten digits, with cross-entropy and SGD.

Pixels of scikit-learn's digits, features from principal components, 40 images to train on, three scales of the random
starting head (light to dark). (a) Distance of the weights to those of a classifier fitted to all images (solid), and
the bound, which holds at every step (dashed). (b) How large the weights are on inputs orthogonal to all training images
(solid), and how large they must be (dashed): what a head says about unseen directions, training does not take away.
(c) Accuracy on the training images (dashed) and on others (solid).
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.last_layers_on_digits import LastLayersOnDigitsData
from simulations.records import load

FIGURE = FigureDeclaration(
    title="Beyond the paper: the last two layers on real digits",
    sources=("simulations/last_layers_on_digits",),
    order=240,
)


def collect(results: Path | str) -> LastLayersOnDigitsData:
    """The runs, from `results/simulations/last_layers_on_digits`."""
    return load("last_layers_on_digits", results)


def note(data: LastLayersOnDigitsData) -> str:
    """How close the runs come to the bounds."""
    distance = (data.distance / data.bound).min(axis=1)
    size = (data.unseen_size / data.unseen_bound).min(axis=1)
    told = (
        f"sigma = {scale:g}: smallest ratio to the bound {left:.3g} for the distance, {right:.4g} for the size"
        for scale, left, right in zip(data.head_scales, distance, size, strict=True)
    )
    return "; ".join(told) + "."


@style.styled
def draw(data: LastLayersOnDigitsData) -> Figure:
    """Distances, sizes, accuracies."""
    figure, axes = style.panels(3, height=2.4)
    shades = matplotlib.colormaps["viridis_r"](np.linspace(0.2, 1.0, len(data.head_scales)))
    pairs = (
        (data.distance, data.bound),
        (data.unseen_size, data.unseen_bound),
        (data.test_accuracy, data.training_accuracy),
    )
    for axis, (solid, dashed) in zip(axes.flat, pairs, strict=True):
        for shade, scale, upper, lower in zip(shades, data.head_scales, solid, dashed, strict=True):
            axis.plot(data.steps, upper, color=shade, label=rf"$\sigma$ = {scale:g}")
            axis.plot(data.steps, lower, color=shade, linestyle=(0, (4, 2)), linewidth=1.0)
        axis.set(xlabel="steps of SGD")
    for axis, label in zip(axes.flat, ("distance to the truth", "size off the ID subspace", "accuracy"), strict=True):
        axis.set(ylabel=label)
    for axis in axes.flat[:2]:
        style.logarithmic(axis, y=True)
    style.title_panels(axes, ("distance and bound", "unseen directions", "accuracy"))
    style.legend_below(figure, list(axes.flat))
    return figure
