"""Beyond the paper, simulation only: averaging the weights of linear probing and fine-tuning (WiSE-FT).

Head and features at a fraction of the way from linear probing to the limit of fine-tuning from a random head, or to
that of LP-FT, on random overparameterised problems at three feature errors (lines: medians; bands in (a): 5 % to 95 %).
(a) OOD risk towards fine-tuning, (b) OOD risk towards LP-FT, (c) OOD against ID risk from linear probing (square) to 95
% of the way to LP-FT (triangle; the end has ID risk 0, off the axis). Towards a fine-tuned network whose features were
distorted there is little to gain; towards LP-FT all of the way is good.
"""

from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.look.shades import DASHES, band_in, error_label, shades
from simulations.experiments.weight_interpolation import WeightInterpolationData
from simulations.records import load

FIGURE = FigureDeclaration(
    title="Beyond the paper: averaged weights", sources=("simulations/weight_interpolation",), order=160
)


def collect(results: Path | str) -> WeightInterpolationData:
    """The ensemble, from `results/simulations/weight_interpolation`."""
    return load("weight_interpolation", results)


@style.styled
def draw(data: WeightInterpolationData) -> Figure:
    """Towards fine-tuning, towards LP-FT, and what LP-FT trades."""
    figure, axes = style.panels(3, height=2.7)
    risks = data.interpolated
    for row in range(data.feature_errors.size):
        dash = DASHES[row % len(DASHES)]
        for axis, values, method in zip(
            axes[0], (risks.fine_tuning.ood, risks.lp_ft.ood), ("fine_tuning", "lp_ft"), strict=False
        ):
            colour = shades(style.COLOURS[method], data.feature_errors.size)[row]
            band_in(axis, data.fractions, values[row].T, colour=colour, dash=dash)
        colour = shades(style.COLOURS["lp_ft"], data.feature_errors.size)[row]
        id_risk, ood_risk = (np.median(values[row], axis=0)[:-1] for values in (risks.lp_ft.id, risks.lp_ft.ood))
        axes[0, 2].plot(id_risk, ood_risk, color=colour, linestyle=dash)
        axes[0, 2].plot(id_risk[0], ood_risk[0], marker="s", markersize=4, color=colour)
        axes[0, 2].plot(id_risk[-1], ood_risk[-1], marker="^", markersize=4, color=colour)
    for axis, end in zip(axes[0], ("FT", "LP-FT"), strict=False):
        style.logarithmic(axis, y=True)
        axis.set(xlabel=f"fraction of the way, LP to {end}", ylabel="OOD risk")
    style.logarithmic(axes[0, 2], x=True, y=True)
    axes[0, 2].set(xlabel="ID risk", ylabel="OOD risk")
    limits = [axis.get_ylim() for axis in axes[0, :2]]
    for axis in axes[0, :2]:
        axis.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
    style.title_panels(axes, ("towards FT", "towards LP-FT", "ID against OOD"))
    handles = [
        Line2D([], [], color="#444444", linestyle=dash, label=error_label(error))
        for dash, error in zip(cycle(DASHES), data.feature_errors, strict=False)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure
