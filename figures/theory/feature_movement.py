"""Fine-tuning moves the features of ID inputs; LP-FT hardly does.

Root-mean-square movement of the features, per unit length of the input, on random overparameterised problems (lines:
medians; bands: 5 % to 95 %). (a) Along training at feature error 0.01: what ID inputs see, and what OOD inputs see that
are uniform in all directions (thin). Inputs orthogonal to the ID subspace see none at any time: that part of the
features is constant. (b) At the limit, against the feature error: LP-FT moves features in proportion to it (thin line:
the proved bound 6 kappa eps W / |v_LP|, median, where its premise holds), fine-tuning moves them all the same. The
paper's section 4.3 observes this on images.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from figures.look import style
from simulations.experiments.along_training import AlongTrainingData
from simulations.experiments.lp_ft_with_imperfect_features import ImperfectFeaturesData
from simulations.records import load

#: The feature error that is followed along training.
FOLLOWED = 0.01
#: Movements below this are rounding errors.
FLOOR = 1e-9

Data = tuple[AlongTrainingData, ImperfectFeaturesData]


def collect(results: Path) -> Data:
    """Both ensembles, from `results/simulations`."""
    return load("along_training", results), load("lp_ft_with_imperfect_features", results)


@style.styled
def draw(data: Data) -> Figure:
    """Along training, and against the feature error."""
    along, errors = data
    figure, axes = style.panels(2, height=2.7)
    left, right = axes[0]
    row = int(np.argmin(np.abs(np.log(along.feature_errors / FOLLOWED))))
    inner = (along.times > 0) & np.isfinite(along.times)
    for method, curves in (("fine_tuning", along.curves.ft_movement), ("lp_ft", along.curves.lp_ft_movement)):
        values = np.maximum(curves[row].T[inner], FLOOR)
        style.band(left, along.times[inner], values, method)
        look = style.line(method) | {"label": None, "linewidth": 0.8}
        left.plot(along.times[inner], along.ood_share * np.median(values, axis=1), **look)
    style.logarithmic(left, x=True, y=True)
    left.set(xlabel=r"time (learning rate $\times$ steps)", ylabel="feature movement", ylim=(1e-5, 3))
    measured = errors.measured
    for method, values in (("fine_tuning", measured.ft_movement), ("lp_ft", measured.lp_ft_movement)):
        style.band(right, errors.feature_errors, values, method)
    bound = np.median(measured.bounds.lp_ft_movement, axis=1)
    right.plot(
        errors.feature_errors,
        np.where(np.isfinite(bound), bound, np.nan),
        color="black",
        linewidth=0.9,
        label="upper bound, LP-FT",
    )
    style.logarithmic(right, x=True, y=True)
    right.set(xlabel=r"feature error, $\epsilon$", ylabel="feature movement at the limit")
    style.title_panels(axes, (rf"along training, $\epsilon = {along.feature_errors[row]:g}$", "at the limit"))
    style.legend_below(figure, list(axes.flat))
    return figure
