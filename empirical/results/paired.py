"""Differences between methods, seed by seed on the same images, by what was measured of the features beforehand."""

from collections.abc import Iterator, Mapping, Sequence

from empirical.intervals import estimate
from empirical.records import (
    BenchmarkRow,
    ConditionRecord,
    DifferenceGroup,
    PairedDifference,
    SelectionRule,
    SetDescription,
)

#: Name, method that is subtracted from, method that is subtracted.
COMPARISONS = (
    ("ft_minus_lp", "FT (train)", "LP (eval)"),
    ("lp_ft_minus_ft", "LP-FT (eval)", "FT (train)"),
    ("lp_ft_minus_lp", "LP-FT (eval)", "LP (eval)"),
    ("head_start_eval", "LP-FT (eval)", "FT (eval)"),
    ("head_start_train", "LP-FT (train)", "FT (train)"),
    ("norm_mode_ft", "FT (eval)", "FT (train)"),
    ("norm_mode_lp_ft", "LP-FT (eval)", "LP-FT (train)"),
)
#: Features are good where one head on ID and OOD images together reads so many of the sets that lie far, on average.
GOOD = 0.8


def differences(
    rows: Sequence[BenchmarkRow],
    careful: Sequence[BenchmarkRow],
    sets: Sequence[SetDescription],
    columns: Sequence[str],
    conditions: Sequence[ConditionRecord],
) -> list[PairedDifference]:
    """Of the main rows under both rules, and of every condition that changes features.

    Args:
      rows, careful: main rows of one data set at the best learning rate, and within a standard error of it.
      sets: what was measured of its OOD sets in the recipe's own features.
      columns: names of the OOD sets that its columns average: they are to lie far and be read well.
      conditions: of the same data set; those with a name have features, and rows, of their own.
    """
    if not sets:
        return []
    groups, good = _groups(sets), _good(sets, columns)
    probe = [row for row in rows if row.method == "LP"]
    pairs = [*_compared(rows, groups, good, "best"), *_compared([*probe, *careful], groups, good, "one standard error")]
    for condition in conditions:
        if condition.name and condition.sets:
            # The same images as in the main rows: what lies far is told by the recipe's features, not by bad ones.
            pairs += _compared(condition.rows, groups, _good(condition.sets, columns), "best")
    return pairs


def _groups(sets: Sequence[SetDescription]) -> Mapping[DifferenceGroup, list[str]]:
    groups: dict[DifferenceGroup, list[str]] = {"ID": []}
    for described in sets:
        groups.setdefault(_group(described), []).append(described.name)
    return groups


def _group(described: SetDescription) -> DifferenceGroup:
    if described.premises == "unknown":
        return "OOD"
    if described.premises == "near ID":
        return "near ID"
    return "large shift" if described.shift == "large" else "small shift"


def _good(sets: Sequence[SetDescription], columns: Sequence[str]) -> bool | None:
    read = [
        described.shared_head_accuracy
        for described in sets
        if described.name in columns and described.shared_head_accuracy is not None
    ]
    return sum(read) / len(read) >= GOOD if read else None


def _compared(
    rows: Sequence[BenchmarkRow], groups: Mapping[DifferenceGroup, list[str]], good: bool | None, rule: SelectionRule
) -> Iterator[PairedDifference]:
    by_label = {row.label: row for row in rows}
    for name, minuend, subtrahend in COMPARISONS:
        if minuend not in by_label or subtrahend not in by_label:
            continue
        more, less = by_label[minuend], by_label[subtrahend]
        for group, names in groups.items():
            yield PairedDifference(
                dataset=more.dataset,
                condition=more.condition,
                rule=rule,
                name=name,
                minuend=minuend,
                subtrahend=subtrahend,
                good_features=good,
                group=group,
                sets=names or ["id_test"],
                difference=estimate(
                    [
                        more_accurate - other
                        for more_accurate, other in zip(_accuracies(more, names), _accuracies(less, names), strict=True)
                    ]
                ),
            )


def _accuracies(row: BenchmarkRow, names: Sequence[str]) -> list[float]:
    """Seed by seed, the mean over OOD sets; of ID test images where no set is named."""
    if not names:
        return row.id_per_seed
    seeds = zip(*(row.per_ood_set[name].per_seed for name in names), strict=True)
    return [sum(values) / len(values) for values in seeds]
