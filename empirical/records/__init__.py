"""What the benchmark measured, as data, and how to read it back. Light to import: no JAX, no training code.

Accuracies are in [0, 1]. One document, `benchmark.json`, holds what figures and tables need (`Benchmark`); every run
directory holds a `config.json`, a `metrics.jsonl` (`EpochRecord` or `PenaltyRecord`) and a `result.json` (`RunResult`,
`ProbeResult` or `Interpolation`). The `benchmark` of a `summary.json` is `Benchmark.rows`.
"""

from empirical.records.benchmark import (
    BENCHMARK_FILE,
    Benchmark,
    DatasetRecord,
    PublishedAccuracy,
    SetAside,
    read_benchmark,
    write_benchmark,
)
from empirical.records.conditions import (
    ConditionRecord,
    Description,
    PretrainingResult,
    SetDescription,
    TheoryQuantities,
)
from empirical.records.paper import ID_COLUMNS, OOD_COLUMNS, PAPER_METHODS
from empirical.records.record import (
    METRICS_FILE,
    RESULT_FILE,
    Record,
    read_lines,
    read_record,
    write_lines,
    write_record,
)
from empirical.records.rows import (
    ID_SELECTION,
    BenchmarkRow,
    Curve,
    Estimate,
    GridPoint,
    OODAccuracy,
    Premises,
)
from empirical.records.runs import (
    STILL,
    Edge,
    EpochRecord,
    Interpolation,
    InterpolationPoint,
    Metrics,
    Movement,
    NormMode,
    PenaltyRecord,
    ProbeResult,
    RunResult,
    SetMetrics,
)

__all__ = [
    "BENCHMARK_FILE",
    "ID_COLUMNS",
    "ID_SELECTION",
    "METRICS_FILE",
    "OOD_COLUMNS",
    "PAPER_METHODS",
    "RESULT_FILE",
    "STILL",
    "Benchmark",
    "BenchmarkRow",
    "ConditionRecord",
    "Curve",
    "DatasetRecord",
    "Description",
    "Edge",
    "EpochRecord",
    "Estimate",
    "GridPoint",
    "Interpolation",
    "InterpolationPoint",
    "Metrics",
    "Movement",
    "NormMode",
    "OODAccuracy",
    "PenaltyRecord",
    "Premises",
    "PretrainingResult",
    "ProbeResult",
    "PublishedAccuracy",
    "Record",
    "RunResult",
    "SetAside",
    "SetDescription",
    "SetMetrics",
    "TheoryQuantities",
    "read_benchmark",
    "read_lines",
    "read_record",
    "write_benchmark",
    "write_lines",
    "write_record",
]
