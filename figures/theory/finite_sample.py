"""Beyond the paper, simulation only: few examples and noisy labels.

Random problems with an ID subspace of 8 dimensions, feature error 0.05 and Gaussian examples whose covariance has
condition number 10, against the number of examples (lines: medians; bands: 5 % to 95 %). Columns: noiseless labels, and
labels with noise of standard deviation 0.3, W being 1; rows: OOD and ID risk. Left of the thin line there are fewer
examples than ID dimensions. Without noise LP-FT has the lowest risks of both kinds. With noise linear probing has, in
distribution too: fine-tuning and LP-FT fit the noise in all ID dimensions, worst where there are as many examples.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.finite_sample import FiniteSampleData
from simulations.records import load

FIGURE = FigureDeclaration(
    title="Beyond the paper: few examples and noisy labels", sources=("simulations/finite_sample",), order=220
)

#: Risks below this are what is left of training; curves end there.
FLOOR = 1e-8


def collect(results: Path | str) -> FiniteSampleData:
    """The sweep, from `results/simulations/finite_sample`."""
    return load("finite_sample", results)


@style.styled
def draw(data: FiniteSampleData) -> Figure:
    """A row for each risk, a column for each noise."""
    noises = data.label_noises.size
    figure, axes = style.panels(noises, 2, height=2.1)
    titles = []
    for row, kind in enumerate(("ood", "id")):
        for column, noise in enumerate(data.label_noises):
            axis = axes[row, column]
            for method, risks in data.risks.items():
                style.band(axis, data.examples, np.maximum(getattr(risks, kind)[column], FLOOR**2), method)
            axis.axvline(data.id_dim, color="#8A8A8A", linewidth=0.8)
            style.logarithmic(axis, x=True, y=True)
            axis.set_ylim(bottom=max(axis.get_ylim()[0], FLOOR))
            axis.set(xlabel="examples, $n$", ylabel=f"{kind.upper()} risk")
            axis.set_xticks([2, 4, 8, 16, 32, 64], ["2", "4", "8", "16", "32", "64"])
            titles.append(f"{kind.upper()}, label noise {noise:g}")
    style.title_panels(axes, titles)
    style.legend_below(figure, list(axes.flat))
    return figure
