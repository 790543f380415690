"""Beyond the paper: theory on real inputs. The linear network on handwritten digits whose ink turns from red to blue.

Error rate against the angle by which the ink leaves the span of the training pixels, which are red; pretrained features
tell printed characters apart in any ink. Lines: the methods, solved exactly and stopped where ID validation is best;
dots: single draws of training images and heads. Fine-tuning wins in distribution and loses what leaves it, LP-FT keeps
both. Open circles: FT's features with a head refitted on images of that ink. They read it about as well as the
pretrained features do (grey, one head for all inks): the information has survived, the tuned head no longer fits it.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Array
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bridge.experiments.linear_network_on_digits import LinearNetworkOnDigitsData
from figures.catalogue import FigureDeclaration
from figures.look import style
from simulations.records import folder, load_as

FIGURE = FigureDeclaration(
    title="Beyond the paper: the linear network on real digits",
    sources=("simulations/linear_network_on_digits",),
    order=250,
)


def collect(results: Path | str) -> LinearNetworkOnDigitsData:
    """The draws, from `results/simulations/linear_network_on_digits`."""
    return load_as(LinearNetworkOnDigitsData, folder("linear_network_on_digits", results))


def note(data: LinearNetworkOnDigitsData) -> str:
    """What the theorems say of these networks, and how close they come."""
    theorems, methods = data.compared.theorems, data.compared.methods
    bound = np.maximum(theorems.half_space, theorems.implicit)
    ratio = methods.fine_tuning.lowest_distance / bound
    certified = int(np.sum(methods.linear_probing.distance < bound))
    premise = int(np.sum(theorems.residual < theorems.head_squared))
    draws, lowest = len(bound), methods.fine_tuning.lowest_distance
    return (
        f"Lower bounds on the distance of FT to the shared head, at any stopping time: {_range(bound)}, the truth's "
        f"norm being {_range(theorems.truth_norm)}; FT comes no closer than {_range(lowest)}, "
        f"{_range(ratio)} times the bound. LP stands at {_range(methods.linear_probing.distance)}, so the bounds "
        f"certify that it beats FT on {certified} of {draws} draws. The premise of the bound on how far LP-FT moves "
        f"features holds on {premise} of {draws}: the smallest eigenvalue of the pixels' second moment is too small. "
        f"Largest drift of what the flow conserves, relative: {np.max(theorems.drift):.1e}."
    )


def _range(values: Array | np.ndarray) -> str:
    low, high = float(np.min(values)), float(np.max(values))
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


@style.styled
def draw(data: LinearNetworkOnDigitsData) -> Figure:
    """Error rate against the angle of the ink."""
    figure, axis = style.single_panel(x="angle of the ink (degrees)", y="error rate (%)", width=4.2, height=3.0)
    draw_errors(axis, data)
    style.legend_below(figure, [axis], columns=3)
    return figure


def draw_errors(axis: Axes, data: LinearNetworkOnDigitsData) -> None:
    """The methods, the refitted head and the shared one, in percent."""

    def percent(accuracy: Array | np.ndarray) -> np.ndarray:
        return 100 * (1 - np.asarray(accuracy))

    axis.plot(
        data.angles, percent(data.compared.shared).mean(0), color=style.GUIDE, linewidth=1.0, label="one head for all"
    )
    for method, tuned in data.compared.methods.items():
        errors = percent(tuned.accuracy)
        axis.plot(data.angles, errors.mean(0), marker=style.MARKERS[method], markersize=4, **style.line(method))
        for single in errors if len(errors) > 1 else ():
            axis.plot(data.angles, single, ".", color=style.COLOURS[method], markersize=2.5, alpha=0.5)
    refitted = percent(data.compared.methods.fine_tuning.refitted).mean(0)
    axis.plot(data.angles, refitted, **style.mark("fine_tuning", open=True, label="FT, head refitted"))
    axis.set(ylim=(0, 100), xticks=data.angles[:: max(1, len(data.angles) // 4)])
