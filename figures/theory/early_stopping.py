"""No stopping time saves fine-tuning when the features are good.

Random overparameterised problems at four feature errors. (a) OOD risk of fine-tuning stopped at a time, over that of
linear probing at its limit (median; bands 5 % to 95 % for the smallest and the largest eps): above 1 linear probing is
better. (b) The same at each problem's own best stopping time, chosen with the OOD risk in sight: share of problems in
which the ratio lies below a value. Left of the line fine-tuning wins: on no problem with eps of 0.01 or less, on some
where features are as bad as eps = 1.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.look.shades import DASHES, band_in, error_label, shades
from simulations.experiments.along_training import AlongTrainingData
from simulations.records import load

FIGURE = FigureDeclaration(
    title="No stopping time saves fine-tuning", sources=("simulations/along_training",), order=130
)


def collect(results: Path | str) -> AlongTrainingData:
    """The ensemble, from `results/simulations/along_training`."""
    return load("along_training", results)


@style.styled
def draw(data: AlongTrainingData) -> Figure:
    """The ratio along training, and its distribution at the best time."""
    figure, axes = style.panels(2, height=2.7)
    left, right = axes[0]
    inner = (data.times > 0) & np.isfinite(data.times)
    colours = shades(style.COLOURS["fine_tuning"], data.feature_errors.size)
    last = data.feature_errors.size - 1
    for row, (error, colour) in enumerate(zip(data.feature_errors, colours, strict=True)):
        tuned, probed = data.comparison.methods.fine_tuning, data.comparison.methods.linear_probing.ood[row]
        ratio = data.curves.fine_tuning.ood[row].T / probed
        look = {"colour": colour, "dash": DASHES[row % len(DASHES)], "label": error_label(error)}
        if row in (0, last):
            band_in(left, data.times[inner], ratio[inner], **look)
        else:
            left.plot(
                data.times[inner],
                np.median(ratio[inner], axis=1),
                color=colour,
                linestyle=look["dash"],
                label=look["label"],
            )
        best = np.sort(tuned.lowest_ood[row] / probed)
        right.step(best, np.arange(1, best.size + 1) / best.size, where="post", color=colour, linestyle=look["dash"])
    style.logarithmic(left, x=True, y=True)
    style.logarithmic(right, x=True)
    left.axhline(1.0, color="black", linewidth=0.7)
    right.axvline(1.0, color="black", linewidth=0.7)
    left.set(xlabel=r"stopping time (learning rate $\times$ steps)", ylabel="OOD risk, FT / LP")
    right.set(xlabel="OOD risk, FT at its best time / LP", ylabel="share of problems below", ylim=(0, 1.02))
    style.title_panels(axes, ("stopped at a time", "stopped at the best time"))
    style.legend_below(figure, list(axes.flat))
    return figure
