"""Series of made-up conditions: lengths of pretraining, heads that are started from, lengths of features."""

from typing import Literal

from empirical.records import (
    BenchmarkRow,
    ConditionRecord,
)
from tests.support.made_up_rows import METHODS, PAPER, row


def condition(
    dataset: str,
    kind: Literal["pretraining", "head_start", "feature_norm", "head_scale"],
    label: str,
    value: float,
    rows: list[BenchmarkRow],
    *,
    name: str = "",
    backbone_accuracy: float | None = None,
    head_accuracy: float | None = None,
) -> ConditionRecord:
    return ConditionRecord(
        dataset=dataset, kind=kind, name=name, label=label, value=value, backbone_accuracy=backbone_accuracy,
        head_accuracy=head_accuracy, quantities=None, rows=rows,
    )  # fmt: skip


def pretraining(dataset: str) -> list[ConditionRecord]:
    """Three lengths, the last the recipe's own; every method gains 0.1 out of distribution with each step."""
    records = []
    for index, steps in enumerate((100, 1000, 4000)):
        rows = [row(dataset, *method, bonus=0.1 * (index - 2)) for method in METHODS if method in PAPER]
        label = f"{steps} steps"
        records.append(
            condition(
                dataset, "pretraining", label, steps, rows,
                name="" if index == 2 else label, backbone_accuracy=0.5 + 0.2 * index,
            )
        )  # fmt: skip
    return records


def head_starts(dataset: str) -> list[ConditionRecord]:
    """From a random head to a probed one; out of distribution 0.05 better each time."""
    records = []
    for index, label in enumerate(("random", "partly probed", "linear probe")):
        rows = [row(dataset, "LP-FT" if index == 2 else "FT", "eval", bonus=0.05 * index)]
        name, accuracy = label if index == 1 else "", 0.1 + 0.4 * index
        records.append(condition(dataset, "head_start", label, index, rows, name=name, head_accuracy=accuracy))
    return records


def lengths(dataset: str) -> list[ConditionRecord]:
    """Three lengths of features; out of distribution FT loses 0.1 with each that is shorter, the others nothing."""
    records = []
    for index, length in enumerate((10.0, 1.0, 0.1)):
        rows = [row(dataset, *method, bonus=-0.1 * index if method[0] == "FT" else 0.0) for method in METHODS]
        name = "" if length == 1.0 else f"features of length {length:g}"
        records.append(
            condition(dataset, "feature_norm", f"{length:g}", length, rows, name=name, backbone_accuracy=0.9)
        )
    return records


def head_scales(dataset: str) -> list[ConditionRecord]:
    """Three sizes of the random head; out of distribution FT loses 0.1 with each that is larger."""
    records = []
    for index, scale in enumerate((0.1, 1.0, 10.0)):
        rows = [row(dataset, "FT", "eval", bonus=-0.1 * index)]
        name = "" if scale == 1.0 else f"head times {scale:g}"
        records.append(condition(dataset, "head_scale", f"{scale:g}", scale, rows, name=name))
    return records
