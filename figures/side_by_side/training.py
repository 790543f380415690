"""Along training: would stopping at the right moment have saved fine-tuning?

Left column: the linear theory along gradient flow, one random problem with good features; right column: the benchmark
along epochs, error rates averaged over seeds (with several data sets: thin lines, and their mean). Upper row: in
distribution, lower row: out of distribution. Linear probing is shown at its end; LP-FT starts there. In theory FT
overtakes LP in distribution and is above LP and LP-FT out of distribution at every moment; random heads start off the
panels. For the agreement, epochs and moments of the flow are matched where FT has removed the same share of its ID
error.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from empirical.records import Benchmark
from figures.benchmark.accuracy_along_training import ID_SETS, accuracies, along_training
from figures.benchmark.reading import load_benchmark, measured_datasets, premises_met
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import not_measured
from figures.side_by_side.agreement import Agreement, Compared, agreement
from figures.side_by_side.frame import named, remark
from simulations.experiments.risk_along_flow import RiskAlongFlowData
from simulations.records import load

FIGURE = FigureDeclaration(
    title="Along the flow and along the epochs", sources=("simulations/risk_along_flow", "benchmark"), order=20
)

SIDES = ("ID", "OOD")
#: Errors of the theory below this are rounding.
FLOOR = 1e-8


@dataclass(frozen=True)
class Errors:
    """Error rates of one data set in [0, 1], arrays (seed, epoch), ID and OOD, of the methods that train; LP's ends."""

    epochs: Float[np.ndarray, " e"]
    curves: dict[str, tuple[Float[np.ndarray, "s e"], Float[np.ndarray, "s e"]]]
    probed: tuple[SeedEstimate, SeedEstimate] | None


@dataclass(frozen=True)
class AlongBoth:
    """The flow, and the benchmark's data sets."""

    flow: RiskAlongFlowData
    datasets: tuple[Errors, ...]
    agreed: Agreement


def collect(results: Path | str) -> AlongBoth:
    """One trajectory of each method, and the curves behind the benchmark's table."""
    flow, benchmark = load("risk_along_flow", results), load_benchmark(results)
    every = {name: _errors(benchmark, name) for name in measured_datasets(benchmark)}
    every = {
        name: of_dataset
        for name, of_dataset in every.items()
        if "fine_tuning" in of_dataset.curves and len(of_dataset.epochs) > 1
    }
    if not every:
        raise not_measured(
            benchmark, "fine-tuning runs of several epochs", entry='`[[recipes.NAME.methods]]` with `method = "FT"`'
        )
    groups: dict[str, list[Compared]] = {}
    for name, of_dataset in every.items():
        moments = _moments(flow, of_dataset, met=premises_met(benchmark, name))
        groups |= {named(benchmark, name, words): compared for words, compared in moments.items()}
    return AlongBoth(flow, tuple(every.values()), agreement(groups))


def note(data: AlongBoth) -> str:
    """How far the two sides agree, in words."""
    return data.agreed.words


def _errors(benchmark: Benchmark, dataset: str) -> Errors:
    along = along_training(benchmark, dataset)
    curves = {
        method: (1 - accuracies(curves, (ID_SETS,)), 1 - accuracies(curves, along.columns))
        for method, curves in along.curves.items()
    }
    first = next(iter(along.curves.values()), None)
    epochs = np.array([record.epoch for record in first[0].epochs], dtype=float) if first else np.zeros(0)
    row = along.rows.get("linear_probing")
    probed = (SeedEstimate.in_distribution(row).error, SeedEstimate.out_of_distribution(row).error) if row else None
    return Errors(epochs, curves, probed)


def _moments(flow: RiskAlongFlowData, errors: Errors, *, met: bool) -> dict[str, list[Compared]]:
    """At every epoch after the first: the methods' errors beside those of the flow at the same progress of FT."""
    start = errors.curves["fine_tuning"][0].mean(0)
    done = np.maximum.accumulate(1 - start / start[0])
    theory = np.sqrt(np.asarray(flow.fine_tuning.id_risk))
    progress = np.maximum.accumulate(1 - theory / theory[0])
    groups = {}
    for epoch in range(1, len(start)):
        moment = min(int(np.searchsorted(progress, done[epoch])), len(progress) - 1)
        for side, (words, risk) in enumerate(zip(SIDES, ("id_risk", "ood_risk"), strict=True)):
            compared = [
                Compared(
                    style.LABELS[method],
                    float(np.asarray(getattr(getattr(flow, method), risk))[moment]),
                    _at(curves[side][:, epoch]),
                    met=met or side == 0,
                )
                for method, curves in errors.curves.items()
            ]
            if errors.probed:
                limit = float(np.asarray(getattr(flow.linear_probing, risk))[-1])
                compared.append(Compared("LP", limit, errors.probed[side], met=met or side == 0))
            groups[f"{words}, epoch {errors.epochs[epoch]:.0f}"] = compared
    return groups


def _at(seeds: Float[np.ndarray, " s"]) -> SeedEstimate:
    return SeedEstimate(float(seeds.mean()), None, tuple(seeds.tolist()))


@style.styled
def draw(data: AlongBoth) -> Figure:
    """Theory left, benchmark right; ID above, OOD below."""
    figure, axes = style.panels(2, 2, height=2.3)
    for side, name in enumerate(SIDES):
        theory, measured = axes[side]
        _draw_flow(theory, data.flow, ("id_risk", "ood_risk")[side])
        _draw_epochs(measured, data.datasets, side)
        theory.set(ylabel=f"{name} error, √risk")
        measured.set(ylabel=f"{name} error rate (%)")
    axes[1, 0].set_xlabel(r"time (learning rate $\times$ steps)")
    axes[1, 1].set_xlabel("epoch of fine-tuning" if len(data.datasets) == 1 else "share of training")
    style.title_panels(axes, ("linear theory", "benchmark", "", ""))
    remark(axes[0, 1], data.agreed)
    style.legend_below(figure, list(axes.flat))
    return figure


def _draw_flow(axis: Axes, flow: RiskAlongFlowData, risk: str) -> None:
    style.logarithmic(axis, x=True, y=True)
    for method in style.METHODS:
        trajectory = getattr(flow, method)
        times, values = np.asarray(trajectory.times), np.sqrt(np.asarray(getattr(trajectory, risk)))
        if method == "linear_probing":
            axis.axhline(values[-1], **style.line(method))
            continue
        inner = (times > 0) & np.isfinite(times)
        axis.plot(times[inner], np.where(values[inner] > FLOOR, values[inner], np.nan), **style.line(method))
    axis.set_ylim(bottom=FLOOR if risk == "id_risk" else None)


def _draw_epochs(axis: Axes, datasets: tuple[Errors, ...], side: int) -> None:
    shown: list[float] = []
    several, epochs = len(datasets) > 1, datasets[0].epochs
    places = np.linspace(0, 1, 41)
    for method in style.METHODS:
        lines = []
        for of_dataset in datasets:
            across = of_dataset.epochs / of_dataset.epochs[-1] if several else of_dataset.epochs
            if method == "linear_probing":
                mean = None if of_dataset.probed is None else np.full(len(across), of_dataset.probed[side].mean)
            else:
                mean = of_dataset.curves[method][side].mean(0) if method in of_dataset.curves else None
            if mean is None:
                continue
            lines.append(np.interp(places, across, mean) if several else mean)
            shown += [100 * mean[1:].max(), 100 * mean.min()]
            if several:
                axis.plot(across, 100 * mean, color=style.COLOURS[method], linewidth=0.6, alpha=0.45)
        if lines:
            across = places if several else epochs
            axis.plot(across, 100 * np.mean(lines, axis=0), **style.line(method))
    if not several:
        axis.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axis.set_ylim(max(0.0, min(shown) - 2), min(100.0, max(shown) + 2))
