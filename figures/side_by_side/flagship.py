"""Beyond the paper: theory, bridge and networks, where fine-tuning loses out of distribution and where it does not.

(a) The linear theory: risks of LP, FT and LP-FT on random problems with good features and a large shift; marks are
medians, bars hold 90 % of the problems. (b) The bridge: the theory's linear network, solved on real digits, error rate
against the angle by which the ink leaves the training ink; grey: one head for all inks. (c) A deep network on the same
kind of digits, error rates with 90 % intervals over seeds (Student's t). Large shift: OOD sets whose features leave the
span of ID features, measured before any method ran; there the theory's premises hold, as they do in distribution. On a
grey ground they do not (small shift, near ID, features that are bad on the sets of the large shift), and the theory
promises no order. Open circles: FT's features with a head refitted on images of the set. Where they come down to LP the
information has survived in the features, and the tuned head no longer fits it. Open triangles: LP-FT at the lowest
learning rate that ID validation cannot tell from the best (within one standard error over seeds), where that differs.
"""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bridge.experiments.linear_network_on_digits import LinearNetworkOnDigitsData
from empirical.records import Benchmark, BenchmarkRow, ConditionRecord
from figures.benchmark import estimate_marks
from figures.benchmark.reading import ROWS, load_benchmark, measured_datasets, of_method, paper_rows, set_meets_premises
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import not_measured
from figures.side_by_side.agreement import Agreement, Compared, agreement, half_width
from figures.side_by_side.risks import STEP, draw_risks, name_groups, risks_with_good_features
from figures.theory import linear_network_on_digits

FIGURE = FigureDeclaration(
    name="flagship",
    title="Theory and measurement in one picture",
    sources=("simulations/id_ood_tradeoff", "simulations/linear_network_on_digits", "benchmark"),
    order=0,
)

ID, LARGE, SMALL, NEAR, BAD = "ID", "large shift", "small shift", "near ID", "bad features"
#: Those that meet the premises of the theory, with the row of its risks that orders them.
ORDERED = {ID: 0, LARGE: 1}
#: The method whose learning rate decides whether it keeps what LP reads.
CAREFUL = "lp_ft"


@dataclass(frozen=True)
class Group:
    """Errors by method on one kind of sets, of heads refitted on FT's features, and of LP-FT at its careful rate."""

    name: str
    errors: dict[str, SeedEstimate]
    refitted: SeedEstimate | None
    careful: SeedEstimate | None = None


@dataclass(frozen=True)
class Flagship:
    """Quantiles of the theory's risks, the draws of the bridge, and the groups of the benchmark's first data set."""

    risks: dict[str, np.ndarray]
    bridge: LinearNetworkOnDigitsData
    groups: tuple[Group, ...]
    agreed: Agreement


def collect(results: Path | str) -> Flagship:
    """The limits of the flow, the linear network on digits, and the first data set that has described OOD sets."""
    risks, benchmark = risks_with_good_features(results), load_benchmark(results)
    bridge = linear_network_on_digits.collect(results)
    described = [
        name
        for name in measured_datasets(benchmark)
        if any(description.dataset == name for description in benchmark.sets)
    ]
    if not described:
        raise not_measured(benchmark, "measured distances of OOD sets", entry="`describe = true`")
    groups = _groups(benchmark, described[0])
    return Flagship(risks, bridge, groups, agreement({group.name: _compared(risks, group) for group in groups}))


def note(data: Flagship) -> str:
    """The verdict, and what it rests on."""
    return f"{data.agreed.verdict} {data.agreed.words}"


def _groups(benchmark: Benchmark, dataset: str) -> tuple[Group, ...]:
    rows = paper_rows(benchmark, dataset)
    sets = {name: names for name, names in _sets(benchmark, dataset).items() if names}
    careful = _careful(benchmark, dataset, rows)
    inside = {method: SeedEstimate.in_distribution(row).error for method, row in rows.items()}
    groups = [Group(ID, inside, None, None if careful is None else SeedEstimate.in_distribution(careful).error)]
    for name, names in sets.items():
        errors = {method: _over(row, names) for method, row in rows.items()}
        lower = None if careful is None else _over(careful, names)
        groups.append(Group(name, errors, _refitted(benchmark, dataset, names), lower))
    bad = _bad_features(benchmark, dataset)
    if bad is not None and LARGE in sets:
        control = {method: chosen[0] for method in style.METHODS if (chosen := of_method(bad.rows, method))}
        groups.append(Group(BAD, {method: _over(row, sets[LARGE]) for method, row in control.items()}, None))
    return tuple(groups)


def _sets(benchmark: Benchmark, dataset: str) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {LARGE: [], SMALL: [], NEAR: []}
    for description in benchmark.sets:
        if description.dataset == dataset and description.premises != "unknown":
            name = NEAR if description.premises == "near ID" else LARGE if set_meets_premises(description) else SMALL
            groups[name].append(description.name)
    return groups


def _bad_features(benchmark: Benchmark, dataset: str) -> ConditionRecord | None:
    """The control of the least pretraining whose features are bad (`PairedDifference.good_features`)."""
    bad = {
        difference.condition
        for difference in benchmark.differences
        if difference.dataset == dataset and difference.good_features is False
    }
    controls = [
        condition
        for condition in benchmark.conditions
        if condition.dataset == dataset and condition.name and condition.name in bad
    ]
    return min(controls, key=lambda condition: condition.value, default=None)


def _careful(benchmark: Benchmark, dataset: str, rows: Mapping[str, BenchmarkRow]) -> BenchmarkRow | None:
    """LP-FT within one standard error of its best rate; None where that is the best rate itself."""
    label, mode = ROWS[CAREFUL]
    for row in benchmark.careful_rows:
        if (row.dataset, row.method, row.norm_mode) == (dataset, label, mode):
            return row if CAREFUL in rows and row.learning_rate != rows[CAREFUL].learning_rate else None
    return None


def _over(row: BenchmarkRow, names: list[str]) -> SeedEstimate:
    return _mean(np.mean([row.per_ood_set[name].per_seed for name in names], axis=0)).error


def _refitted(benchmark: Benchmark, dataset: str, names: list[str]) -> SeedEstimate | None:
    label, mode = ROWS["fine_tuning"]
    refittings = [
        refitting
        for refitting in benchmark.refittings
        if (refitting.dataset, refitting.method, refitting.norm_mode) == (dataset, label, mode)
        and set(names) <= set(refitting.accuracies)
    ]
    return (
        _mean(np.array([np.mean([refitting.accuracies[name] for name in names]) for refitting in refittings])).error
        if refittings
        else None
    )


def _mean(seeds: np.ndarray) -> SeedEstimate:
    return SeedEstimate(float(seeds.mean()), half_width(seeds) if len(seeds) > 1 else None, tuple(seeds.tolist()))


def _compared(risks: dict[str, np.ndarray], group: Group) -> list[Compared]:
    # Where nothing is promised the order of a large shift is held against what was measured, and counted apart.
    row = ORDERED.get(group.name, ORDERED[LARGE])
    return [
        Compared(style.LABELS[method], float(risks[method][row, 0]), error, met=group.name in ORDERED)
        for method, error in group.errors.items()
    ]


@style.styled
def draw(data: Flagship) -> Figure:
    """Theory, bridge, digits: errors up in all of them, the verdict above."""
    figure, axes = style.panels(3, height=2.9)
    style.title_panels(axes, ("linear theory", "linear network on digits", "benchmark: deep network"))
    theory, bridge, measured = axes.flat
    draw_risks(theory, data.risks)
    linear_network_on_digits.draw_errors(bridge, data.bridge)
    bridge.set(xlabel="angle of the ink (degrees)", ylabel="error rate (%)")
    _draw_groups(measured, data.groups)
    # A letter is about half as wide as its font is high.
    letters = int(72 * figure.get_figwidth() / (0.52 * style.small()))
    unbroken = data.agreed.verdict.replace(" = ", "\u00a0=\u00a0")
    verdict = textwrap.fill(unbroken, letters)
    figure.suptitle(verdict, x=0.01, ha="left", fontsize=style.small(), color="#333333")
    style.legend_below(figure, list(axes.flat))
    return figure


def _draw_groups(axis: Axes, groups: tuple[Group, ...]) -> None:
    for index, group in enumerate(groups):
        for column, method in enumerate(style.METHODS):
            if method in group.errors:
                x = index + (column - 1) * STEP
                estimate_marks.upright(axis, x, group.errors[method], method, label=index == 0, seeds=False)
        for method, label, estimate in (
            ("fine_tuning", "FT, head refitted", group.refitted),
            (CAREFUL, "LP-FT, careful rate", group.careful),
        ):
            if estimate is not None:
                x = index + (style.METHODS.index(method) - 1) * STEP
                axis.plot(x, 100 * estimate.mean, **style.mark(method, open=True, label=label))
    promised = sum(group.name in ORDERED for group in groups)
    if promised < len(groups):
        axis.axvspan(promised - 0.5, len(groups) - 0.5, color="#F2F2F2", zorder=0, linewidth=0)
    name_groups(axis, tuple(group.name.replace(" ", "\n", 1) for group in groups))
    axis.set(ylabel="error rate (%)", ylim=(0, None))
