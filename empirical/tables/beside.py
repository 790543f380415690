"""What the paper's two tables leave out: the 2 x 2, every OOD set, selection on OOD, feature distances, series."""

from collections.abc import Iterable, Sequence

from empirical.records import Benchmark, BenchmarkRow, Movement
from empirical.tables.cells import INTERVALS, NOTHING, estimated, percent, points, rate
from empirical.tables.table import Table


def two_by_two(benchmark: Benchmark) -> Table:
    """Every method in every norm mode: the effect of the head apart from that of the mode; under both rules."""
    every = sorted([*benchmark.rows, *benchmark.careful_rows], key=lambda row: _place(benchmark, row))
    rows = [
        (
            row.dataset,
            row.method,
            row.norm_mode,
            row.rule,
            _rate(row),
            percent(row.id_accuracy, row.id_ci90),
            percent(row.ood_accuracy, row.ood_ci90),
            f"{row.id_nll:.3f}",
            percent(row.id_ece),
        )
        for row in every
    ]
    return Table(
        name="two_by_two",
        title="All methods and norm modes",
        header=("data set", "method", "norm mode", "rule", "learning rate", "ID", "OOD", "ID NLL", "ID ECE"),
        rows=tuple(rows),
        notes=(
            INTERVALS,
            "LP: median penalty C. Learning rates: e: on the edge of the grid; +: the grid was extended.",
            "Rule: the learning rate of best ID validation accuracy, or the lowest within a standard error of it.",
        ),
        rules=_groups(every),
    )


def per_set(benchmark: Benchmark) -> Table:
    """Every OOD set beside the averages."""
    rows = [
        (row.dataset, row.method, row.norm_mode, name, measured.premises, percent(measured.accuracy, measured.ci90),
         percent(measured.unmasked_accuracy), f"{measured.nll:.3f}", percent(measured.ece))
        for row in benchmark.rows
        for name, measured in row.per_ood_set.items()
    ]  # fmt: skip
    header = ("data set", "method", "norm mode", "OOD set", "premises", "accuracy", "unmasked", "NLL", "ECE")
    return Table(name="ood_sets", title="Every OOD set", header=header, rows=tuple(rows), notes=(INTERVALS,))


def paired(benchmark: Benchmark) -> Table:
    """Differences between methods, seed by seed."""
    rows = [
        (pair.dataset, pair.condition or NOTHING, {True: "good", False: "bad", None: NOTHING}[pair.good_features],
         pair.rule, f"{pair.minuend} − {pair.subtrahend}", pair.group, points(pair.difference))
        for pair in benchmark.differences
    ]  # fmt: skip
    return Table(
        name="differences",
        title="Differences between methods, paired by seed",
        header=("data set", "circumstance", "features", "rule", "difference", "sets", "points"),
        rows=tuple(rows),
        notes=("Percentage points; ± is half a 90 % interval by Student's t over seeds.",),
    )


def ood_selection(benchmark: Benchmark) -> Table:
    """The early-stopping study: epoch and learning rate chosen on the OOD column itself, beside the honest choice."""
    honest = {(row.dataset, row.method, row.norm_mode): row for row in benchmark.rows}
    rows = []
    for row in benchmark.oracle_rows:
        main = honest[row.dataset, row.method, row.norm_mode]
        accuracies = (estimated(main.per_column[row.selected_on]), estimated(row.per_column[row.selected_on]))
        rows.append((row.dataset, row.method, row.norm_mode, row.selected_on, *accuracies))
    return Table(
        name="ood_selection",
        title="OOD oracle: epoch and learning rate chosen on the OOD column",
        header=("data set", "method", "norm mode", "column", "chosen on ID validation", "chosen on OOD"),
        rows=tuple(rows),
        notes=(INTERVALS, "No honest procedure can choose on OOD data; the last column is an upper bound."),
    )


def distances(benchmark: Benchmark) -> Table:
    """How far features moved, ID and OOD, in the paper's measure (times 100) and as cosine distance."""
    rows = [
        (row.dataset, row.method, row.norm_mode, name, f"{100 * moved.mean_squared:.4g}", f"{moved.euclidean:.4g}",
         f"{moved.cosine:.3f}", _kernel(moved))
        for row in benchmark.rows
        for name, moved in row.movement.items()
        if row.learning_rate is not None
    ]  # fmt: skip
    return Table(
        name="distances",
        title="Feature distance before and after training",
        header=("data set", "method", "norm mode", "set", "mean squared x 100", "Euclidean", "cosine", "CKA"),
        rows=tuple(rows),
        notes=("Mean squared is what the paper calls Euclidean distance; CKA is 1 where features only turned.",),
    )


def series(benchmark: Benchmark) -> Table:
    """Conditions: quality of the pretrained features, quality of the head at the start."""
    rows = [
        (condition.dataset, condition.kind, condition.label, percent(condition.backbone_accuracy),
         percent(condition.head_accuracy), row.label, _rate(row),
         percent(row.id_accuracy, row.id_ci90), percent(row.ood_accuracy, row.ood_ci90))
        for condition in benchmark.conditions
        for row in condition.rows
    ]  # fmt: skip
    header = ("data set", "series", "circumstance", "backbone", "head", "method", "learning rate", "ID", "OOD")
    return Table(name="series", title="Series over circumstances", header=header, rows=tuple(rows), notes=(INTERVALS,))


def interpolations(benchmark: Benchmark) -> Table:
    """WiSE-FT, seed by seed."""
    rows = [
        (interpolation.dataset, interpolation.label, str(interpolation.seed),
         f"{point.alpha:g}", name, percent(metrics.accuracy))
        for interpolation in benchmark.interpolations
        for point in interpolation.points
        for name, metrics in point.sets.items()
    ]  # fmt: skip
    header = ("data set", "method", "seed", "alpha", "set", "accuracy")
    return Table(name="interpolations", title="Weights between start and end", header=header, rows=tuple(rows))


def _place(benchmark: Benchmark, row: BenchmarkRow) -> tuple[int, str]:
    """Data sets as they come, a careful row at the end of its data set's."""
    names = [dataset.name for dataset in benchmark.datasets]
    return names.index(row.dataset), row.rule


def _rate(row: BenchmarkRow) -> str:
    if row.learning_rate is None:
        shown = sorted(row.penalties)[len(row.penalties) // 2] if row.penalties else None
        return rate(shown) + " e" * (row.grid_edge is not None)
    return rate(row.learning_rate) + " e" * (row.grid_edge is not None) + " +" * bool(row.grid_extended)


def _kernel(moved: Movement) -> str:
    return "-" if moved.cka is None else f"{moved.cka:.3f}"


def _groups(rows: Iterable[BenchmarkRow]) -> tuple[int, ...]:
    names: Sequence[str] = [row.dataset for row in rows]
    return tuple(index for index, name in enumerate(names) if index and name != names[index - 1])
