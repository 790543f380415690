"""The better the pretrained features, the more fine-tuning loses.

Random overparameterised problems against the feature error eps. (a) OOD risk of linear probing at its limit over that
of fine-tuning stopped at its best moment (line: median; band: 5 % to 95 %): below 1 linear probing wins; the ratio
falls like eps squared (thin line: slope 2). (b) Share of problems on which linear probing wins, and on which the
bounds certify it beforehand, for every stopping time. Theorem 3.2 of the paper says that the ratio tends to zero.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.lp_ft_with_imperfect_features import ImperfectFeaturesData
from simulations.records import load

FIGURE = FigureDeclaration(
    title="As features improve", sources=("simulations/lp_ft_with_imperfect_features",), order=100
)


def collect(results: Path | str) -> ImperfectFeaturesData:
    """The ensemble, from `results/simulations/lp_ft_with_imperfect_features`."""
    return load("lp_ft_with_imperfect_features", results)


@style.styled
def draw(data: ImperfectFeaturesData) -> Figure:
    """The ratio, and the shares."""
    figure, axes = style.panels(2, height=2.7)
    errors, comparison = data.feature_errors, data.comparison
    left, right = axes[0]
    ratio = comparison.methods.linear_probing.ood / comparison.methods.fine_tuning.lowest_ood
    style.logarithmic(left, x=True, y=True)
    style.band(left, errors, ratio, "linear_probing", label="LP / FT at its best")
    slope = np.median(ratio[0]) * (errors / errors[0]) ** 2
    left.plot(errors, slope, color="#8A8A8A", linewidth=0.9, linestyle=(0, (1, 1)), label="slope 2")
    left.axhline(1.0, color="black", linewidth=0.7)
    left.set(xlabel=r"feature error, $\epsilon$", ylabel="ratio of OOD risks")
    left.legend(loc="lower right")
    style.logarithmic(right, x=True)
    wins = np.mean(ratio < 1, axis=1)
    certified = np.mean(comparison.bounds.linear_probing < comparison.bounds.best, axis=1)
    right.plot(errors, wins, color=style.COLOURS["linear_probing"], marker="s", markersize=3, label="LP wins")
    right.plot(errors, certified, color="black", linestyle=(0, (6, 2)), marker="D", markersize=2.5, label="certified")
    right.set(xlabel=r"feature error, $\epsilon$", ylabel="share of problems", ylim=(-0.03, 1.03))
    right.legend(loc="lower left")
    style.title_panels(axes, ("ratio of OOD risks", "who wins, and where it is proved"))
    return figure
