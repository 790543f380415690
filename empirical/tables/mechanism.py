"""Where fine-tuning's loss lies: in what the tuned head makes of the features, or in what they still tell."""

from collections.abc import Sequence

from empirical.intervals import estimate
from empirical.records import Benchmark, BenchmarkRow, Refitting
from empirical.tables.cells import INTERVALS, NOTHING, difference, estimated, percent
from empirical.tables.table import Table

ID_TEST = "id_test"


def mechanism(benchmark: Benchmark) -> Table:
    """The tuned head beside two that have seen OOD labels: one for all sets, and one refitted on the tuned features."""
    rows = [
        (row.dataset, row.method, row.norm_mode, name, *_cells(benchmark, row, name))
        for row in benchmark.rows
        for name in (ID_TEST, *row.per_ood_set)
        if benchmark.refittings
    ]
    header = (
        "data set", "method", "norm mode", "set", "accuracy", "refitted head", "shared head, pretrained",
        "less shared head", "followed",
    )  # fmt: skip
    return Table(
        name="mechanism",
        title="What fine-tuning leaves of the features",
        header=header,
        rows=tuple(rows),
        notes=(
            INTERVALS,
            "Refitted head: on the tuned features, with labelled images of the set. Shared head: one on the pretrained "
            "features, with labels of ID and all OOD sets. Both look at OOD labels and compete with no method.",
            "Followed: of the displacement of ID features, the share that the same images follow in that look.",
        ),
    )


def _cells(benchmark: Benchmark, row: BenchmarkRow, name: str) -> tuple[str, ...]:
    accuracy = row.id_accuracy if name == ID_TEST else row.per_ood_set[name].accuracy
    interval = row.id_ci90 if name == ID_TEST else row.per_ood_set[name].ci90
    shared = _shared(benchmark, row.dataset, name)
    refitted = _of(benchmark.refittings, row, name)
    followed = [value for refitting in refitted if (value := refitting.followed[name]) is not None]
    return (
        percent(accuracy, interval),
        estimated(estimate([refitting.accuracies[name] for refitting in refitted])) if refitted else NOTHING,
        percent(shared),
        difference(accuracy, shared),
        f"{sum(followed) / len(followed):.2f}" if followed else NOTHING,
    )


def _of(refittings: Sequence[Refitting], row: BenchmarkRow, name: str) -> list[Refitting]:
    """Those of a row's runs, where they know the set."""
    return [refitting for refitting in refittings if refitting.end in row.runs and name in refitting.accuracies]


def _shared(benchmark: Benchmark, dataset: str, name: str) -> float | None:
    if name == ID_TEST:
        return benchmark.dataset(dataset).id_shared_head_accuracy
    described = (
        description for description in benchmark.sets if (description.dataset, description.name) == (dataset, name)
    )
    return next((description.shared_head_accuracy for description in described), None)
