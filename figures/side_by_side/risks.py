"""Who wins in distribution (ID), who wins out of it (OOD)? Error of LP, FT and LP-FT; lower is better.

(a) The linear theory: risks at the end of gradient flow on random problems whose pretrained features are good (feature
error at most 0.1) and whose shift is large; marks are medians, bars hold 90 % of the problems. FT and LP-FT fit ID
inputs exactly; LP cannot, by the error of its features. Out of distribution FT loses what it distorted, LP and LP-FT do
not. (b) The measured counterpart: error rates on images, with 90 % intervals over seeds (Student's t), small marks
single seeds; with several data sets, their mean and one small mark each. OOD averages each data set's columns; "near
ID" are controls for which the theory promises no order. Where intervals overlap this run does not tell the methods
apart, whatever (a) says. Learning rate and epoch were selected on ID validation images alone. The theory is about the
order of the methods, not about the size of the gaps: a squared error and an error rate have no common scale.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from empirical.records import Benchmark
from figures.benchmark import estimate_marks
from figures.benchmark.reading import controls, load_benchmark, measured_datasets, paper_rows, premises_met
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.side_by_side.agreement import Agreement, Compared, agreement
from figures.side_by_side.frame import named, two_sides
from simulations.records import load

FIGURE = FigureDeclaration(
    name="side_by_side",
    title="Who wins in, and who out of distribution",
    sources=("simulations/id_ood_tradeoff", "benchmark"),
    order=10,
)

#: Distance between methods within a group, where groups are 1 apart.
STEP = 0.24
#: Problems with a larger feature error do not have the good features that (a) is about.
LARGEST_FEATURE_ERROR = 0.1
#: Median, and the ends of the bar that holds 90 % of the problems.
QUANTILES = (0.5, 0.05, 0.95)
#: Risks below this are rounding errors of a squared residual in double precision, and are drawn as what they are: 0.
ROUNDING = 1e-20
#: How far below the smallest positive risk the zeros are drawn, in decades.
SHELF = 1.5
GROUPS = ("ID", "OOD", "near ID")


@dataclass(frozen=True)
class SideBySide:
    """By method: quantiles of the risks (ID, OOD) in theory, and errors (ID, OOD, near ID) in the benchmark."""

    risks: dict[str, Float[np.ndarray, "2 quantiles"]]
    errors: dict[str, tuple[SeedEstimate, ...]]
    agreed: Agreement


def collect(results: Path | str) -> SideBySide:
    """The limits of the flow on problems with good features, and the rows of the benchmark's table."""
    benchmark, risks = load_benchmark(results), risks_with_good_features(results)
    every = {name: _errors(benchmark, name) for name in measured_datasets(benchmark)}
    return SideBySide(
        risks=risks,
        errors={
            method: _over_datasets([errors[method] for errors in every.values() if method in errors])
            for method in style.METHODS
            if any(method in errors for errors in every.values())
        },
        agreed=agreement(
            {
                named(benchmark, name, GROUPS[group]): [
                    Compared(
                        style.LABELS[method],
                        float(risks[method][group, 0]),
                        estimates[group],
                        met=group == 0 or premises_met(benchmark, name),
                    )
                    for method, estimates in errors.items()
                ]
                for name, errors in every.items()
                for group in range(2)
            }
        ),
    )


def risks_with_good_features(results: Path | str) -> dict[str, Float[np.ndarray, "2 quantiles"]]:
    """By method, quantiles of the risks (ID, OOD) at the limits of the flow, on problems with good features."""
    problems = load("id_ood_tradeoff", results)
    good = problems.feature_errors <= LARGEST_FEATURE_ERROR
    return {
        method: np.array([np.quantile(risk[good], QUANTILES) for risk in (limits.id, limits.ood)])
        for method, limits in problems.comparison.methods.items()
    }


def note(data: SideBySide) -> str:
    """How far the two sides agree, in words."""
    return data.agreed.words


def _errors(benchmark: Benchmark, dataset: str) -> dict[str, tuple[SeedEstimate, ...]]:
    near = controls(benchmark, dataset)
    return {
        method: (
            SeedEstimate.in_distribution(row).error,
            SeedEstimate.out_of_distribution(row).error,
            *([_mean([SeedEstimate.of(row.per_ood_set[name]).error for name in near])] if near else []),
        )
        for method, row in paper_rows(benchmark, dataset).items()
    }


def _over_datasets(errors: list[tuple[SeedEstimate, ...]]) -> tuple[SeedEstimate, ...]:
    """The data set's own numbers; with several the means over them, whose spread is no interval."""
    if len(errors) == 1:
        return errors[0]
    groups = min(len(of_dataset) for of_dataset in errors)
    means = [tuple(of_dataset[group].mean for of_dataset in errors) for group in range(groups)]
    return tuple(SeedEstimate(float(np.mean(every)), None, every) for every in means)


def _mean(sets: list[SeedEstimate]) -> SeedEstimate:
    """Of several sets seed by seed; with one set, that one."""
    if len(sets) == 1:
        return sets[0]
    seeds = np.mean([ood_set.per_seed for ood_set in sets], axis=0)
    return SeedEstimate(float(seeds.mean()), None, tuple(seeds.tolist()))


@style.styled
def draw(data: SideBySide) -> Figure:
    """Theory left, measurement right; same methods, same order, same colours."""
    figure, theory, measured = two_sides(data.agreed)
    draw_risks(theory, data.risks)
    _draw_benchmark(measured, data)
    style.legend_below(figure, [theory, measured])
    return figure


def draw_risks(axis: Axes, risks_of: dict[str, Float[np.ndarray, "2 quantiles"]]) -> None:
    """Median and the bar that holds 90 % of the problems, ID and OOD; zeros stand on a shelf of their own.

    Args:
      risks_of: by method, as in `SideBySide`.
    """
    style.logarithmic(axis, y=True)
    every = np.concatenate([risks.ravel() for risks in risks_of.values()])
    positive = every[every > ROUNDING]
    shelf = 10 ** (np.floor(np.log10(positive.min())) - SHELF)
    for position, method in enumerate(style.METHODS):
        shown = np.where(risks_of[method] > ROUNDING, risks_of[method], shelf)
        for group, (median, low, high) in enumerate(shown):
            bar = None if high == shelf else np.array([[median - low], [high - median]])
            look = style.mark(method, size=6.0, label=style.LABELS[method] if group == 0 else None)
            axis.errorbar(group + (position - 1) * STEP, median, yerr=bar, elinewidth=1.2, capsize=2.5, **look)
    axis.axhline(shelf * 10 ** (SHELF / 2), color=style.GUIDE, linewidth=0.7, linestyle=":")
    axis.set_ylim(shelf * 10 ** (-SHELF / 2), 10 ** np.ceil(np.log10(positive.max())))
    decades = np.arange(np.ceil(np.log10(shelf) + SHELF / 2), np.ceil(np.log10(positive.max())) + 1, 2)
    axis.set_yticks([shelf, *10.0**decades], ["0", *map(style.power_of_ten, 10.0**decades)])
    axis.yaxis.minorticks_off()
    axis.set_ylabel("risk (expected squared error)")
    name_groups(axis, GROUPS[:2])


def _draw_benchmark(axis: Axes, data: SideBySide) -> None:
    for position, method in enumerate(style.METHODS):
        for group, estimate in enumerate(data.errors.get(method, ())):
            estimate_marks.upright(axis, group + (position - 1) * STEP, estimate, method, label=group == 0)
    axis.set_ylim(bottom=0)
    axis.set_ylabel("error rate (%)")
    groups = max(len(errors) for errors in data.errors.values())
    name_groups(axis, ("ID", "OOD", "near ID\n(control)")[:groups])
    if groups > 2:
        axis.axvline(1.5, color=style.GUIDE, linewidth=0.7, linestyle=":")


def name_groups(axis: Axes, names: tuple[str, ...]) -> None:
    """Names below groups of marks that are 1 apart."""
    axis.set_xticks(range(len(names)), names)
    axis.tick_params(axis="x", length=0)
    axis.grid(visible=False, axis="x")
    axis.set_xlim(-0.5, len(names) - 0.5)
