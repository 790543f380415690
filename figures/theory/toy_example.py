"""Fine-tuning distorts a feature that was perfect. Two inputs, one feature, training inputs along the first axis
only.

(a) Weight space. Any weights on the vertical line fit the training data; only the star is right everywhere. Linear
probing moves along the pretrained feature and ends at the star. Fine-tuning turns the feature while the head is still
wrong, and fits the training data elsewhere. LP-FT starts at the star and stays there (green ring). (b) Why: the head
v and the feature a along the training direction move on a hyperbola v^2 - a^2 = const, which meets the curve of zero
training loss, v a = u, away from the star unless |v(0)| = |v*|. Linear probing moves along the head axis alone. Open
circles are starts, full ones limits; all paths are exact. After figure 2 of the submission.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.toy_example import ToyExampleData
from simulations.records import load

FIGURE = FigureDeclaration(title="The two-dimensional example", sources=("simulations/toy_example",), order=70)

STAR = {"marker": "*", "markersize": 11, "color": "black", "linestyle": "none", "zorder": 5}


def collect(results: Path | str) -> ToyExampleData:
    """The paths, from `results/simulations/toy_example`."""
    return load("toy_example", results)


@style.styled
def draw(data: ToyExampleData) -> Figure:
    """Weight space, and the plane of head and feature."""
    figure, axes = style.panels(2, height=3.0)
    _draw_weights(axes[0, 0], data)
    _draw_hyperbolas(axes[0, 1], data)
    style.title_panels(axes, ("weights during training", "$v^2 - a^2$ is conserved"))
    style.legend_below(figure, list(axes.flat), columns=5)
    return figure


def _draw_weights(axis: Axes, data: ToyExampleData) -> None:
    u, _ = data.solution
    axis.axvline(u, color="#8A8A8A", linewidth=1.0, label="zero training loss")
    for method in style.METHODS:
        path = getattr(data, method)
        axis.plot(*path.T, **style.line(method))
        _mark_ends(axis, path[:, 0], path[:, 1], style.COLOURS[method])
    axis.plot(*data.solution, **STAR, label="truth")
    # A path that stays in one point has no length to be seen by.
    axis.plot(
        *data.lp_ft[-1], marker="o", markersize=15, markerfacecolor="none", color=style.COLOURS["lp_ft"], zorder=6
    )
    axis.set(
        xlabel=r"weight on the training input, $w_1$",
        ylabel=r"weight on the unseen input, $w_2$",
        xlim=(0, 1.25 * u),
        ylim=(0, 1.25 * data.solution[1]),
    )


def _draw_hyperbolas(axis: Axes, data: ToyExampleData) -> None:
    true_head, true_feature = (
        data.solution[1] / data.off_feature,
        data.solution[0] * data.off_feature / data.solution[1],
    )
    heads, features = data.heads, data.id_features
    left, right = 0.0, 1.15 * max(heads.max(), true_head)
    top = 1.15 * max(features.max(), true_feature)
    head = np.linspace(1e-3, right, 400)
    axis.plot(head, data.solution[0] / head, color="#8A8A8A", linewidth=1.0)
    for start in range(heads.shape[0]):
        axis.plot(
            *_hyperbola(heads[start, 0], features[start, 0], right, top), color="#BDBDBD", linewidth=0.7, zorder=1
        )
        axis.plot(
            heads[start],
            features[start],
            **style.line("fine_tuning", label=None if start else style.LABELS["fine_tuning"]),
        )
        _mark_ends(axis, heads[start], features[start], style.COLOURS["fine_tuning"])
    axis.plot(data.probed_heads, np.full_like(data.probed_heads, features[0, 0]), **style.line("linear_probing"))
    axis.plot(true_head, true_feature, **STAR)
    axis.set(
        xlabel=r"head, $v$",
        ylabel=r"feature along the training input, $a$",
        xlim=(left, right),
        ylim=(0, top),
    )


def _hyperbola(head: float, feature: float, right: float, top: float) -> tuple[np.ndarray, np.ndarray]:
    """The whole branch v^2 - a^2 = const through a point, as far as the panel shows it."""
    difference = head**2 - feature**2
    heads = np.linspace(np.sqrt(max(difference, 0.0)), right, 400)
    features = np.sqrt(np.maximum(heads**2 - difference, 0.0))
    shown = features <= top
    return heads[shown], features[shown]


def _mark_ends(axis: Axes, x: np.ndarray, y: np.ndarray, colour: str) -> None:
    axis.plot(x[0], y[0], marker="o", markersize=5, markerfacecolor="white", color=colour, zorder=4)
    axis.plot(x[-1], y[-1], marker="o", markersize=5, color=colour, zorder=4)
