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

from figures.look import style
from simulations.experiments.lp_ft_with_imperfect_features import ImperfectFeaturesData
from simulations.records import load

OOD = {"linear_probing": "lp_ood", "fine_tuning": "ft_ood", "lp_ft": "lp_ft_ood"}


def collect(results: Path) -> ImperfectFeaturesData:
    """The ensemble, from `results/simulations/lp_ft_with_imperfect_features`."""
    return load("lp_ft_with_imperfect_features", results)


@style.styled
def draw(data: ImperfectFeaturesData) -> Figure:
    """OOD risk, ID risk, feature movement."""
    figure, axes = style.panels(3, height=2.7)
    errors, measured = data.feature_errors, data.measured
    _draw_ood(axes[0, 0], data)
    style.band(axes[0, 1], errors, measured.lp_id, "linear_probing")
    for method, movement in (("fine_tuning", measured.ft_movement), ("lp_ft", measured.lp_ft_movement)):
        style.band(axes[0, 2], errors, movement, method)
    for axis, label in zip(axes.flat, ("OOD risk", "ID risk at the limit", "feature movement"), strict=True):
        style.logarithmic(axis, x=True, y=True)
        axis.set(xlabel=r"feature error, $\epsilon$", ylabel=label)
    style.title_panels(axes, ("out of distribution", "in distribution", "features of ID inputs"))
    style.legend_below(figure, list(axes.flat))
    return figure


def _draw_ood(axis: Axes, data: ImperfectFeaturesData) -> None:
    errors, measured, bounds = data.feature_errors, data.measured, data.measured.bounds
    for method in style.METHODS:
        style.band(axis, errors, getattr(measured, OOD[method]), method)
    axis.plot(
        errors,
        np.median(measured.ft_best_ood, axis=1),
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
