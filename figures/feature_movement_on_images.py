"""How far training moves the features of real images: in distribution against out of distribution.

Each mark is one OOD set: mean squared change of its images' features from the pretrained network to the selected
epoch, against the same for ID test images; mean over seeds. Below the diagonal ID features move more, which is how
the theory explains distortion: in the linear model features outside the ID subspace cannot move at all. Open marks
are controls near the ID images, for which the theory promises nothing. Linear probing moves no feature and is not
shown.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from figures import style
from figures.benchmark import benchmark, paper_rows


@dataclass(frozen=True)
class Movements:
    """Mean squared feature movement by method: on ID images, and on each OOD set."""

    id_movement: dict[str, float]
    ood_movement: dict[str, dict[str, float]]
    controls: tuple[str, ...]


def collect(results: Path) -> Movements:
    """The movements of the rows in the table; methods whose features stay are left out."""
    found = benchmark(results)
    rows = {method: row for method, row in paper_rows(found).items() if row.id_feature_movement > 0}
    return Movements(
        id_movement={method: row.movement["id_test"].mean_squared for method, row in rows.items()},
        ood_movement={
            method: {one.name: row.movement[one.name].mean_squared for one in found.sets}
            for method, row in rows.items()
        },
        controls=tuple(one.name for one in found.sets if one.premises != "met"),
    )


@style.styled
def draw(data: Movements) -> Figure:
    """ID movement across, OOD movement up, on equal logarithmic axes."""
    figure, axis = style.single_panel(
        x="movement of ID features", y="movement of OOD features", width=style.COLUMN, height=3.6
    )
    style.logarithmic(axis, x=True, y=True)
    every = [*data.id_movement.values(), *(value for sets in data.ood_movement.values() for value in sets.values())]
    low, high = min(every) / 1.8, max(every) * 1.8
    axis.plot([low, high], [low, high], color="#8A8A8A", linewidth=0.8, label="equal movement")
    for method, moved in data.id_movement.items():
        for control in (False, True):
            sets = [value for name, value in data.ood_movement[method].items() if (name in data.controls) == control]
            axis.plot(
                np.full(len(sets), moved),
                sets,
                linestyle="none",
                marker=style.MARKERS[method],
                markersize=5.5,
                color=style.COLOURS[method],
                markerfacecolor="white" if control else style.COLOURS[method],
                label=style.LABELS[method] + (", near ID" if control else ""),
            )
    axis.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    for scale in (axis.xaxis, axis.yaxis):
        # Decades alone would leave a range within one of them without a label.
        scale.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        scale.set_major_formatter("{x:g}")
    style.legend_below(figure, [axis], columns=2)
    return figure
