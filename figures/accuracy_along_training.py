"""Accuracy along training at the selected learning rate: (a) in distribution, (b) out of distribution.

Lines are means over seeds, bands span the seeds, diamonds mark the epoch that ID validation selected, seed by seed.
Epoch 0 is before fine-tuning: the linear probe for LP-FT, a random head for FT, whose accuracy is far below the
panel. The dashed line is linear probing, which has no epochs. (b) averages the OOD sets on which the theory's
premises hold by construction.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from empirical.records import BenchmarkRow, Curve
from figures import style
from figures.benchmark import benchmark, of_method, paper_rows

PANELS = ("in distribution", "out of distribution")


@dataclass(frozen=True)
class AlongTraining:
    """Curves of the methods that train, rows of all, and the OOD sets that count."""

    curves: dict[str, list[Curve]]
    rows: dict[str, BenchmarkRow]
    ood_sets: tuple[str, ...]


def collect(results: Path) -> AlongTraining:
    """The curves of the runs behind the table."""
    found = benchmark(results)
    return AlongTraining(
        curves={method: curves for method in style.METHODS if (curves := of_method(found.curves, method))},
        rows=paper_rows(found),
        ood_sets=tuple(one.name for one in found.sets if one.premises == "met"),
    )


@style.styled
def draw(data: AlongTraining) -> Figure:
    """ID left, OOD right, on one scale of accuracy each."""
    figure, axes = style.panels(2, height=2.6)
    for axis, sets in zip(axes.flat, (("id_test",), data.ood_sets), strict=True):
        probed = data.rows["linear_probing"]
        level = probed.id_accuracy if sets == ("id_test",) else probed.ood_accuracy
        axis.axhline(100 * level, **style.line("linear_probing"))
        for method, curves in data.curves.items():
            _draw_curves(axis, curves, sets, method, selected=data.rows[method].selected_epochs)
        axis.set(xlabel="epoch of fine-tuning", ylabel="accuracy (%)")
    _zoom(axes[0, 0], data, ("id_test",))
    _zoom(axes[0, 1], data, data.ood_sets)
    style.title_panels(axes, PANELS)
    style.legend_below(figure, list(axes.flat))
    return figure


def _draw_curves(axis: Axes, curves: list[Curve], sets: tuple[str, ...], method: str, *, selected: list[int]) -> None:
    values = 100 * accuracies(curves, sets)
    epochs = [record.epoch for record in curves[0].epochs]
    axis.fill_between(epochs, values.min(0), values.max(0), color=style.COLOURS[method], alpha=0.15, linewidth=0)
    axis.plot(epochs, values.mean(0), **style.line(method))
    for seed, epoch in enumerate(selected):
        axis.plot(epoch, values[seed, epochs.index(epoch)], "D", color=style.COLOURS[method], markersize=3)


def accuracies(curves: list[Curve], sets: tuple[str, ...]) -> Float[np.ndarray, "seeds epochs"]:
    """Accuracy in [0, 1], averaged over the sets."""
    return np.array(
        [[np.mean([record.accuracy[name] for name in sets]) for record in curve.epochs] for curve in curves]
    )


def _zoom(axis: Axes, data: AlongTraining, sets: tuple[str, ...]) -> None:
    """From the lowest accuracy after the first epoch upwards: a random head at 10 % would flatten all that follows."""
    trained = [accuracies(curves, sets)[:, 1:] for curves in data.curves.values()]
    lowest = 100 * min(values.min() for values in trained)
    axis.set_ylim(max(0.0, lowest - 3), 100)
