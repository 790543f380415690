"""Fine-tuning wins in distribution and loses out of distribution, at every stopping time.

Risk against training time on a random problem with several ID directions and nearly perfect features: (a) in
distribution, (b) out of distribution. Fine-tuning reaches zero ID risk, linear probing stops short of it by the error
of its features. Out of distribution linear probing keeps what fine-tuning destroys; LP-FT has both. Horizontal lines
in (b): lower bounds on fine-tuning at any time, upper bounds on the limit of LP and on LP-FT at any time; bounds of
no content are left out. Time is learning rate x steps, LP-FT counted from the end of linear probing; marks at the
right are the limits.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.experiments.risk_along_flow import RiskAlongFlowData
from simulations.records import load

FIGURE = FigureDeclaration(
    title="Risk along the flow, with the bounds", sources=("simulations/risk_along_flow",), order=80
)

#: Risks below this are rounding errors; curves end there.
FLOOR = 1e-16


def collect(results: Path | str) -> RiskAlongFlowData:
    """The trajectories and bounds, from `results/simulations/risk_along_flow`."""
    return load("risk_along_flow", results)


@style.styled
def draw(data: RiskAlongFlowData) -> Figure:
    """ID risk left, OOD risk right."""
    figure, axes = style.panels(2, height=3.1)
    for axis, risk in zip(axes.flat, ("id_risk", "ood_risk"), strict=True):
        _draw_risk(axis, data, risk)
        axis.set(xlabel=r"time (learning rate $\times$ steps)", ylabel="risk (expected squared error)")
    _draw_bounds(axes[0, 1], data)
    style.title_panels(axes, ("in distribution", "out of distribution"))
    style.legend_below(figure, list(axes.flat))
    return figure


def _draw_risk(axis: Axes, data: RiskAlongFlowData, risk: str) -> None:
    style.logarithmic(axis, x=True, y=True)
    for method in style.METHODS:
        trajectory = getattr(data, method)
        # Time 0 and infinity have no place on a logarithmic axis: the curve starts at its first positive time.
        inner = (trajectory.times > 0) & np.isfinite(trajectory.times)
        times, values = trajectory.times[inner], np.asarray(getattr(trajectory, risk))
        axis.plot(times, np.where(values[inner] > FLOOR, values[inner], np.nan), **style.line(method))
        if values[-1] > FLOOR:
            axis.plot(
                3 * times[-1], values[-1], marker=style.MARKERS[method], markersize=4.5, color=style.COLOURS[method]
            )
    axis.set_ylim(bottom=FLOOR if risk == "id_risk" else None)


def _draw_bounds(axis: Axes, data: RiskAlongFlowData) -> None:
    bounds = data.bounds
    for name in style.BOUND_LABELS:
        value = float(getattr(bounds, name))
        if value > 0:
            axis.axhline(value**2, **style.bound_line(name))
    for name in ("linear_probing", "lp_ft"):
        value = float(getattr(bounds, name))
        if np.isfinite(value):
            label = f"upper bound, {style.LABELS[name]}"
            axis.axhline(value**2, color=style.COLOURS[name], linewidth=0.8, linestyle=style.DASHES[name], label=label)
