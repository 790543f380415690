"""LP-FT keeps the best of both while the pretrained features improve.

Random overparameterised problems against the feature error eps (lines: medians; bands: 5 % to 95 %). (a) OOD risk at
the limit; the open circles are fine-tuning stopped at its best moment, the thin lines the proved upper bounds of LP
and LP-FT and the best lower bound of FT. No stopping time rescues fine-tuning. (b) ID risk of linear probing at
its limit; fine-tuning and LP-FT reach zero. (c) Root-mean-square movement of the features of ID inputs.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.lp_ft_with_imperfect_features import ImperfectFeaturesData
from simulations.records import load

FIGURE = FigureDeclaration(
    title="LP-FT with imperfect features", sources=("simulations/lp_ft_with_imperfect_features",), order=110
)


def collect(results: Path | str) -> ImperfectFeaturesData:
    """The ensemble, from `results/simulations/lp_ft_with_imperfect_features`."""
    return load("lp_ft_with_imperfect_features", results)


@style.styled
def draw(data: ImperfectFeaturesData) -> Figure:
    """OOD risk, ID risk, feature movement."""
    figure, axes = style.panels(3, height=2.7)
    errors, comparison = data.feature_errors, data.comparison
    _draw_ood(axes[0, 0], data)
    style.band(axes[0, 1], errors, comparison.methods.linear_probing.id, "linear_probing")
    for method in ("fine_tuning", "lp_ft"):
        style.band(axes[0, 2], errors, comparison.methods[method].movement, method)
    for axis, label in zip(axes.flat, ("OOD risk", "ID risk at the limit", "feature movement"), strict=True):
        style.logarithmic(axis, x=True, y=True)
        axis.set(xlabel=r"feature error, $\epsilon$", ylabel=label)
    style.title_panels(axes, ("out of distribution", "in distribution", "features of ID inputs"))
    style.legend_below(figure, list(axes.flat))
    return figure


def _draw_ood(axis: Axes, data: ImperfectFeaturesData) -> None:
    errors, methods, bounds = data.feature_errors, data.comparison.methods, data.comparison.bounds
    for method, risks in methods.items():
        style.band(axis, errors, risks.ood, method)
    axis.plot(
        errors,
        np.median(methods.fine_tuning.lowest_ood, axis=1),
        linestyle="none",
        marker="o",
        markersize=3.5,
        markerfacecolor="none",
        color=style.COLOURS["fine_tuning"],
        label="FT, best stopping time",
    )
    for method in ("linear_probing", "lp_ft"):
        median = np.median(getattr(bounds, method), axis=1) ** 2
        shown = np.where(np.isfinite(median), median, np.nan)
        label = f"upper bound, {style.LABELS[method]}"
        axis.plot(
            errors, shown, color=style.COLOURS[method], linewidth=0.8, linestyle=style.DASHES[method], label=label
        )
    lower = np.median(bounds.best, axis=1) ** 2
    axis.plot(errors, np.where(lower > 0, lower, np.nan), **style.best_bound_line())
