"""`distort advise --check`: the rule and the measured diagram held against finished results."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from distort.command import Answer, note, table
from distort.suites import BENCHMARK

if TYPE_CHECKING:
    from empirical import Suite
    from empirical.advice.premises import Premises
    from empirical.advice.track_record import TrackRecord


def checked(sources: Sequence[Path], *, suite: Path | None, root: Path | None, out: Path | None) -> Answer:
    """How often the rule and the diagram were right on finished results.

    Args:
      sources: results folders, folders with collected tables, or files of cases that were checked before.
      suite: a TOML file; premises of its sets are measured where results hold none.
      root: folder of the data; without a suite file, results say themselves how they were made.
      out: where features are kept.
    Raises:
      UserError: a source cannot be read, or premises are of other weights or images than the results.
    """
    from empirical.advice.track_record import TrackRecord, joined
    from empirical.records import read_record

    records = [
        read_record(source, TrackRecord) if source.is_file() else _of_results(source, suite, root, out)
        for source in sources
    ]
    return held_against(joined(records))


def _of_results(source: Path, suite: Path | None, root: Path | None, out: Path | None) -> "TrackRecord":
    from distort.folder import existing
    from empirical.advice.cases import track_record, without_premises
    from empirical.records import BENCHMARK_FILE, read_benchmark

    # A folder of tables alone, without runs, holds them at its top.
    folder = source if (source / BENCHMARK_FILE).is_file() else existing(source) / BENCHMARK
    benchmark = read_benchmark(folder)
    wanted = without_premises(benchmark)
    own = _suite(folder, suite, root) if wanted and (suite is not None or root is not None) else None
    measured = [] if own is None else _measured(own, wanted, suite, root, out or Path(f"advice-{own.name}"))
    name = source.absolute().name
    return track_record(name, benchmark, measured={premises.dataset: premises for premises in measured})


def _suite(folder: Path, file: Path | None, root: Path | None) -> "Suite":
    from empirical import read_suite, read_suite_file

    return read_suite(folder) if file is None else read_suite_file(file, root=root)


def _measured(
    suite: "Suite", wanted: Sequence[str], file: Path | None, root: Path | None, out: Path
) -> list["Premises"]:
    from distort.advise import workspace_of
    from distort.folder import held
    from distort.progress import progress
    from empirical import Ledger
    from empirical.advice.measuring import premises_of

    recipes = tuple(recipe for recipe in suite.recipes if recipe.name in wanted)
    if not recipes:
        return []
    with held(out) as folder, progress() as begin:
        part = suite.model_copy(update={"recipes": recipes})
        ledger = Ledger(part, workspace_of(folder, file, root))
        return premises_of(ledger, progress=begin("features and probes"))


def held_against(record: "TrackRecord") -> Answer:
    """Case by case what was named and what was best, and the counts."""
    from empirical.advice.measured_map import looked_up, looked_up_score, points
    from empirical.advice.track_record import COMPARED, MARGIN, kept_record

    diagram = points(kept_record())
    rows = []
    for case in record.cases:
        there = looked_up(case, diagram)
        accuracies = (f"{100 * case.accuracies[method]:.1f}" for method in COMPARED)
        rows.append(
            (case.results, case.dataset, case.condition or "-", case.set, f"{case.energy_ratio:.2f}",
             f"{100 * case.gap:.1f}", case.regime, case.first, "-" if there is None else there.first,
             *accuracies, f"{100 * case.regret:.1f}")
        )  # fmt: skip
    header = ("results", "data set", "condition", "OOD set", "energy", "gap", "regime", "rule", "diagram", "LP", "FT",
              "LP-FT", "regret")  # fmt: skip
    lines = [
        f"Right is within {100 * MARGIN:g} point of the best of the three; lost is what the best was better by.",
        f"The rule: {record.rule}.",
        f"The diagram that comes with the package, read off other networks: {looked_up_score(record.cases, diagram)}.",
        *(f"Always {method}: {record.always(method)}." for method in COMPARED),
    ]
    if record.unmeasured:
        lines.append(
            f"Not counted: {record.unmeasured} sets without premises; --suite FILE.toml, or --root DATA for a suite of "
            "the project, measures them."
        )
    return Answer(record, "\n".join([table(header, rows), "", *map(note, lines)]))
