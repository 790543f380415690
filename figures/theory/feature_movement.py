"""Fine-tuning moves the features of ID inputs; LP-FT hardly does.

Root-mean-square movement of the features, per unit length of the input, on random overparameterised problems (lines:
medians; bands: 5 % to 95 %). (a) Along training at feature error 0.01: what ID inputs see, and what OOD inputs see that
are uniform in all directions (thin). Inputs orthogonal to the ID subspace see none at any time: that part of the
features is constant. (b) At the limit, against the feature error: LP-FT moves features in proportion to it, fine-tuning
moves them all the same. Thin line: the proved bound {bound} / sqrt(m), V = |v_LP|, s = sqrt(kappa) eps W; median where
its premise s < V^2 holds. The paper's section 4.3 observes this on images.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from figures.captions import stated_formula
from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.along_training import AlongTrainingData
from simulations.experiments.lp_ft_with_imperfect_features import ImperfectFeaturesData
from simulations.records import load
from theory.bounds.lp_ft import lp_ft_feature_movement_bound

FIGURE = FigureDeclaration(
    title="How far features move",
    sources=("simulations/along_training", "simulations/lp_ft_with_imperfect_features"),
    order=120,
)

FORMULAS = {"bound": stated_formula(lp_ft_feature_movement_bound)}
#: The feature error that is followed along training.
FOLLOWED = 0.01
#: Movements below this are rounding errors.
FLOOR = 1e-9

Data = tuple[AlongTrainingData, ImperfectFeaturesData]


def collect(results: Path | str) -> Data:
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
    for method, curve in (("fine_tuning", along.curves.fine_tuning), ("lp_ft", along.curves.lp_ft)):
        values = np.maximum(curve.movement[row].T[inner], FLOOR)
        style.band(left, along.times[inner], values, method)
        look = style.line(method) | {"label": None, "linewidth": 0.8}
        left.plot(along.times[inner], along.ood_share * np.median(values, axis=1), **look)
    style.logarithmic(left, x=True, y=True)
    left.set(xlabel=r"time (learning rate $\times$ steps)", ylabel="feature movement", ylim=(1e-5, 3))
    for method in ("fine_tuning", "lp_ft"):
        style.band(right, errors.feature_errors, errors.comparison.methods[method].movement, method)
    bound = np.median(errors.comparison.bounds.lp_ft_movement, axis=1)
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
