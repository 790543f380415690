"""What the lower bounds of fine-tuning say, and how close to the truth they come.

Lowest OOD error sqrt(risk) of fine-tuning over all stopping times, on random problems with one ID direction (line:
median; band: 5 % to 95 %), against (a) the head alignment error phi, (b) the scale sigma of a random starting head over
W, (c) the angle between feature and ID subspace, (d) the feature error eps, (e) the norm W of the truth, (f) the number
k of features, of which one can be seen in distribution. The bounds are medians over the same problems; where one is
missing it says nothing. Corrected, implicit and half-space bound are proved; the published one is not, and some of the
problems in (c) violate it where the angle is small. A random head grows with sigma and with k, and so does the error
that fine-tuning leaves: the half-space bound grows with it, the others do not.
"""

from pathlib import Path

import jax
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.comparison import Comparison
from simulations.experiments.bounds_against_parameters import PARAMETERS, BoundsAgainstParametersData
from simulations.records import load

FIGURE = FigureDeclaration(
    title="How close the bounds come", sources=("simulations/bounds_against_parameters",), order=150
)

LABELS = {
    "head_error": r"head alignment error, $\varphi$",
    "head_scale": r"scale of the starting head, $\sigma / W$",
    "angle": "angle to ID subspace (degrees)",
    "feature_error": r"feature error, $\epsilon$",
    "truth_norm": "norm of the truth, $W$",
}


def collect(results: Path | str) -> BoundsAgainstParametersData:
    """The sweeps, from `results/simulations/bounds_against_parameters`."""
    return load("bounds_against_parameters", results)


@style.styled
def draw(data: BoundsAgainstParametersData) -> Figure:
    """One panel for each parameter."""
    figure, axes = style.panels(3, 2, height=2.3)
    for row, (axis, parameter) in enumerate(zip(axes.flat, PARAMETERS, strict=False)):
        swept = np.asarray(data.values[row])
        values = np.degrees(swept) if parameter == "angle" else swept
        comparison = jax.tree.map(lambda leaf, row=row: leaf[row], data.comparison)
        _draw_sweep(axis, values, comparison, linear=parameter == "angle")
        axis.set(xlabel=LABELS[parameter], ylabel="OOD error, √risk")
    _draw_sweep(axes[1, 2], np.asarray(data.features), data.comparison_by_features)
    axes[1, 2].set(xlabel="number of features, $k$", ylabel="OOD error, √risk")
    style.title_panels(axes, ("head alignment", "random head", "angle", "feature error", "truth", "features"))
    style.legend_below(figure, list(axes.flat), columns=5)
    return figure


def _draw_sweep(axis: Axes, values: np.ndarray, comparison: Comparison, *, linear: bool = False) -> None:
    style.logarithmic(axis, x=not linear, y=True)
    errors = np.sqrt(comparison.methods.fine_tuning.lowest_ood)
    style.band(axis, values, errors, "fine_tuning", label="FT, best stopping time")
    for bound in style.BOUND_LABELS:
        median = np.median(getattr(comparison.bounds, bound), axis=1)
        axis.plot(values, np.where(median > 0, median, np.nan), **style.bound_line(bound))
