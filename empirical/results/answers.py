"""What a data set's table says, in words: who is ahead out of distribution, by how much, and how sure that is."""

from collections.abc import Sequence

from empirical.intervals import estimate
from empirical.records import BenchmarkRow, DatasetAnswer, DatasetRecord, tie

#: Range of OOD accuracies within a tie from which on it is worth a sentence.
WORTH_SAYING = 0.005


def answer(dataset: DatasetRecord, rows: Sequence[BenchmarkRow]) -> DatasetAnswer | None:
    """For the main rows of one data set; None where there are none."""
    if not rows:
        return None
    ranked = sorted(rows, key=lambda row: -row.ood_accuracy)
    sentences = [_out_of_distribution(ranked), _in_distribution(rows, ranked[0])]
    sentences += [said for row in rows if (said := _selection(row, dataset.sizes.get("id_validation", 0)))]
    return DatasetAnswer(dataset=dataset.name, sentences=[said for said in sentences if said])


def _out_of_distribution(ranked: Sequence[BenchmarkRow]) -> str:
    best, *others = ranked
    if not others:
        return f"OOD: {_label(best)} {100 * best.ood_accuracy:.1f} %; nothing else was run."
    seeds = max(len(row.seeds) for row in ranked)
    differences = [(row, _difference(best.ood_per_seed, row.ood_per_seed)) for row in others]
    ahead = ", ".join(f"of {_label(row)} by {_points(difference)}" for row, difference in differences)
    if seeds < 2:
        sure = "one seed cannot tell them apart"
    else:
        told = [_label(row) for row, (mean, half) in differences if half is not None and mean - half > 0]
        rest = [_label(row) for row, (mean, half) in differences if half is None or mean - half <= 0]
        sure = f"{seeds} seeds tell it apart from {_listed(told)}" if told else f"{seeds} seeds do not tell them apart"
        sure += f", not from {_listed(rest)}" if told and rest else ""
    return f"OOD: {_label(best)} {100 * best.ood_accuracy:.1f} % is ahead {ahead}; {sure}."


def _in_distribution(rows: Sequence[BenchmarkRow], best: BenchmarkRow) -> str:
    ids = [100 * row.id_accuracy for row in rows]
    spread = f"from {min(ids):.1f} to {max(ids):.1f} %" if len(rows) > 1 else f"{ids[0]:.1f} %"
    return f"ID: {spread}" + (f", {_label(best)} {100 * best.id_accuracy:.1f} %." if len(rows) > 1 else ".")


def _selection(row: BenchmarkRow, validation_images: int) -> str:
    tied = tie(row, validation_images)
    if tied is None or tied.highest_ood - tied.lowest_ood < WORTH_SAYING:
        return ""
    what = "values of C" if row.learning_rate is None else "learning rates"
    return (
        f"{_label(row)}: {len(tied.values)} {what} lie within one validation image of the best; their OOD accuracies "
        f"run from {100 * tied.lowest_ood:.1f} to {100 * tied.highest_ood:.1f} %."
    )


def _difference(first: Sequence[float], second: Sequence[float]) -> tuple[float, float | None]:
    """Mean and half of the 90 % interval, seed by seed; what draws nothing has one seed, which stands for all."""
    count = max(len(first), len(second))
    minuends, subtrahends = (list(values) * count if len(values) == 1 else list(values) for values in (first, second))
    if len(minuends) != len(subtrahends):
        return estimate(minuends).mean - estimate(subtrahends).mean, None
    difference = estimate([a - b for a, b in zip(minuends[:count], subtrahends[:count], strict=True)])
    return difference.mean, difference.ci90


def _points(difference: tuple[float, float | None]) -> str:
    mean, half = difference
    return f"{100 * mean:.1f} points" if half is None else f"{100 * mean:.1f} ± {100 * half:.1f} points"


def _label(row: BenchmarkRow) -> str:
    return row.method if row.method == "LP" else row.label


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
