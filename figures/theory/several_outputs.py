"""Beyond the paper: three outputs behave like one.

Random problems with k = 4 features and three outputs against the feature error (lines: medians; bands: 5 % to 95 %):
the largest OOD error over inputs in the unit ball, the operator norm of B^T V - W*, after small steps of gradient
descent. Open circles: fine-tuning stopped at its best moment; dashed: the larger of the two lower bounds of
docs/theory.md for several outputs, the implicit one (proved for gradient flow) and the half-space bound less what the
steps take away. The paper treats one output.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.several_outputs import SeveralOutputsData
from simulations.records import load

FIGURE = FigureDeclaration(
    title="Beyond the paper: several outputs", sources=("simulations/several_outputs",), order=190
)


def collect(results: Path | str) -> SeveralOutputsData:
    """The ensemble, from `results/simulations/several_outputs`."""
    return load("several_outputs", results)


@style.styled
def draw(data: SeveralOutputsData) -> Figure:
    """Errors against the feature error."""
    figure, axis = style.single_panel(
        x=r"feature error, $\epsilon$", y=r"OOD error, $||B^T V - W^*||_2$", width=4.2, height=3.0
    )
    for method, errors in data.errors.methods.items():
        style.band(axis, data.feature_errors, errors.end, method)
    axis.plot(
        data.feature_errors,
        np.median(data.errors.methods.fine_tuning.lowest, axis=1),
        linestyle="none",
        marker="o",
        markersize=3.5,
        markerfacecolor="none",
        color=style.COLOURS["fine_tuning"],
        label="FT, best stopping time",
    )
    bound = np.median(data.errors.lower_bound, axis=1)
    axis.plot(
        data.feature_errors,
        np.where(bound > 0, bound, np.nan),
        **style.best_bound_line(),
    )
    style.logarithmic(axis, x=True, y=True)
    style.legend_below(figure, [axis], columns=3)
    return figure
