"""How much of a row is a matter of selection: grid values that ID validation can hardly tell from the best."""

from empirical.records.record import Record
from empirical.records.rows import BenchmarkRow

#: Means over seeds are sums of decimals.
ROUNDING = 1e-9


class Tie(Record):
    """Values of a grid within one validation image of the best, and the OOD accuracies that they lead to."""

    values: list[float]
    lowest_ood: float
    highest_ood: float


def tie(row: BenchmarkRow, validation_images: int) -> Tie | None:
    """The values that selection could have taken as well; None where there is only the one, or no accuracy selected.

    Args:
      validation_images: how many select; accuracies that differ by less than one of them are a tie.
    """
    scored = [point for point in row.grid if point.selection is not None and point.ood_accuracy is not None]
    best = max((point.selection for point in scored if point.selection is not None), default=-1.0)
    if validation_images < 1 or not 0 <= best <= 1:  # a likelihood selected
        return None
    near = [point for point in scored if best - (point.selection or 0.0) <= 1 / validation_images + ROUNDING]
    accuracies = [point.ood_accuracy for point in near if point.ood_accuracy is not None]
    if len(near) < 2:
        return None
    return Tie(values=[point.value for point in near], lowest_ood=min(accuracies), highest_ood=max(accuracies))
