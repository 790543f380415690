"""The paper's Tables 1 and 2, and how far each number can be trusted.

Source: docs/protocol.md, sections 8.1 and 8.2. `confirmed`: read in the text of the submission, or, for the averages of
LP-FT, in a second source; CIFAR-10.1 also in the authors' raw outputs. `recollected`: not in a source at hand, though
all averages recompute from the cells. Half widths are the paper's: 90 %, normal, three seeds.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from empirical.records import ID_COLUMNS, OOD_COLUMNS, PAPER_METHODS, PublishedAccuracy

SUBMISSION, NOTES, RECOLLECTION = "ICLR 2022 submission", "notes on the camera-ready", "recollection"
Cell = tuple[float, float | None]

ID: Mapping[str, Sequence[Cell]] = {
    "FT": ((97.3, 0.2), (93.6, 0.2), (97.1, 0.2), (84.5, 0.6), (56.5, 0.3), (81.7, None)),
    "LP": ((91.8, 0.0), (90.6, 0.2), (96.5, 0.2), (89.4, 0.1), (49.1, 0.0), (79.7, None)),
    "LP-FT": ((97.5, 0.1), (93.7, 0.1), (97.8, 0.2), (91.6, 0.0), (51.8, 0.2), (81.7, None)),
}
ID_AVERAGE = {"FT": 85.1, "LP": 82.9, "LP-FT": 85.7}

OOD: Mapping[str, Sequence[Cell]] = {
    "FT": (
        (82.4, 0.4), (92.3, 0.4), (60.7, 0.2), (77.8, 0.7), (55.5, 2.2), (32.0, 3.5),
        (71.5, None), (52.4, None), (40.5, None), (27.8, None),
    ),
    "LP": (
        (85.1, 0.2), (82.7, 0.2), (63.2, 1.3), (82.2, 0.2), (79.7, 0.6), (36.6, 0.0),
        (69.7, None), (70.6, None), (46.4, None), (45.7, None),
    ),
    "LP-FT": (
        (90.7, 0.3), (93.5, 0.1), (62.3, 0.9), (82.6, 0.3), (80.7, 0.9), (36.8, 1.3),
        (71.6, None), (72.9, None), (48.4, None), (49.1, None),
    ),
}  # fmt: skip
OOD_AVERAGE = {"FT": 59.3, "LP": 66.2, "LP-FT": 68.9}


def published() -> list[PublishedAccuracy]:
    """Every cell of both tables."""
    return [
        *_table("id", ID_COLUMNS, ID, ID_AVERAGE),
        *_table("ood", OOD_COLUMNS, OOD, OOD_AVERAGE),
    ]


def _table(
    table: Literal["id", "ood"], columns: Sequence[str], cells: Mapping[str, Sequence[Cell]], averages: dict[str, float]
) -> list[PublishedAccuracy]:
    numbers = []
    for method, row in cells.items():
        for column, (accuracy, half_width) in zip(columns, row, strict=True):
            remembered = column.startswith("imagenet")
            source = RECOLLECTION if remembered else SUBMISSION
            numbers.append(_number(table, column, method, accuracy, half_width, source))
        source = NOTES if method == "LP-FT" else RECOLLECTION
        numbers.append(_number(table, "average", method, averages[method], None, source))
    return numbers


def _number(
    table: Literal["id", "ood"], column: str, method: str, percent: float, half_width: float | None, source: str
) -> PublishedAccuracy:
    return PublishedAccuracy(
        table=table,
        column=column,
        method=method,
        norm_mode=PAPER_METHODS[method],
        accuracy=round(percent / 100, 4),
        ci90=None if half_width is None else round(half_width / 100, 5),
        status="recollected" if source == RECOLLECTION else "confirmed",
        source=source,
    )
