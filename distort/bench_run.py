"""`distort bench run|collect`: the runs of a suite, and its tables."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import UseAppendAction, arg

from distort.bench_executors import ExecutorFlags
from distort.command import Answer, Command, UsageError, note, table
from distort.progress import Report
from distort.suites import BENCHMARK, MINIATURES, SuiteCommand

if TYPE_CHECKING:
    from empirical import Suite, SuiteOutcome, Workspace
    from empirical.records import Benchmark, DatasetAnswer


@dataclass(frozen=True, kw_only=True)
class RunSuite(ExecutorFlags, SuiteCommand):
    """Run a suite: linear probes, learning-rate sweeps of every method, whatever its recipes ask for; then the table.

    Finished runs are kept, and those that were cut off are finished: calling it again is always safe.
    """

    only: UseAppendAction[tuple[str, ...]] = field(default=())
    """A part of the suite, by data set, method ("FT" or "FT (eval)"), kind of work or condition; may be repeated."""
    limit: int | None = None
    """Make at most so many runs now."""
    force: bool = False
    """Make again what is up to date."""

    def __call__(self) -> Answer:
        """Make what is missing, answer with the table; what was set aside is the failure. A dry run shows a script."""
        from distort.folder import held
        from distort.progress import progress
        from distort.stages import suite_text
        from empirical import Only, run_suite

        self.accept()
        if self.dry_run:
            return self._script()
        executor, suite = self.chosen(), self.named_suite()
        self.check_selection(suite)
        with held(self.results(suite)) as results, progress() as begin:
            workspace = self.workspace(suite)
            if workspace.root == results.absolute() / MINIATURES:
                _write_miniatures(workspace, begin("miniatures"))
            outcome = run_suite(
                suite,
                workspace,
                executor=executor,
                only=Only(self.only),
                limit=self.limit,
                force=self.force,
                progress=begin(suite.name),
            )
        if self.debug:
            for unit, trace in outcome.tracebacks.items():
                print(f"{unit}\n{trace}", file=sys.stderr)
        parts = [suite_text(outcome), *_from_stores(suite, workspace.data.locations.store), ""]
        return Answer(outcome.benchmark.rows, "\n".join([*parts, accuracy_table(outcome.benchmark)]), _failure(outcome))

    def check_selection(self, suite: "Suite") -> None:
        """Whether --only leaves anything to do, before anything is written.

        Raises:
          UsageError: it does not.
        """
        from empirical import Ledger, Only, plan
        from empirical.benchmark.unit_filter import NothingSelected

        ledger = Ledger(suite, self.workspace(suite))
        try:
            Only(self.only).select(ledger.runs(plan(suite, ledger.training).units), suite)
        except NothingSelected as error:
            raise UsageError(str(error)) from error

    def _script(self) -> Answer:
        from empirical.executors import job_script

        self.check()
        script = job_script(self.asked(), self.workspace(self.named_suite()).folder)
        return Answer({"script": script}, script)


def _from_stores(suite: "Suite", store: Path | None) -> list[str]:
    """One line where images were read from packed stores, and one for each that other versions packed."""
    from artifacts.versions import accepts_other_versions
    from empirical.store import is_packed
    from empirical.store.packed import other_versions_of

    packed = sorted(
        {recipe.family for recipe in suite.recipes if store is not None and is_packed(store, recipe.family)}
    )
    if store is None or not packed:
        return []
    others = {name: other_versions_of(store, name) for name in packed} if accepts_other_versions() else {}
    kept = [f"kept, packed with other versions: {name}: {which}" for name, which in others.items() if which]
    return [f"Images of {', '.join(packed)} are read from the packed store {store}.", *kept]


@dataclass(frozen=True, kw_only=True)
class Collect(Command):
    """Write the tables of a benchmark from its finished runs: tidy CSV, Markdown and LaTeX in the paper's layout.

    A document whose results would go, since runs of older code are not found any more, is left as it is.
    """

    results: Annotated[Path, arg(name="from")] = Path("results")
    """Results folder."""
    to: Path | None = None
    """Folder for the tables; the results are then only read. By default they are written there, with benchmark.json."""

    def __call__(self) -> Answer:
        """Gather the folder's runs, write the tables, and answer with them."""
        from artifacts.errors import UserError
        from distort.folder import existing
        from empirical import Ledger, Workspace, collect, read_set_aside, read_suite
        from empirical.results.older import check_nothing_lost, replace_benchmark
        from empirical.tables import write_tables

        folder = existing(self.results) / BENCHMARK
        ledger = Ledger(read_suite(folder), Workspace(folder=folder))
        benchmark = collect(ledger, set_aside=read_set_aside(folder))
        if self.to is None:
            check_nothing_lost(ledger, benchmark)
        target = self.to or folder
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--to must name a folder that can be written, got {target} ({error.strerror}).") from error
        if self.to is None:
            replace_benchmark(folder, benchmark)
        files = "\n".join(map(str, write_tables(benchmark, target)))
        return Answer(benchmark.rows, f"{accuracy_table(benchmark)}\n\n{files}")


def accuracy_table(benchmark: "Benchmark") -> str:
    """Accuracies in percent with the half width of their 90 % intervals."""
    from statistics import median_low

    from empirical.records import tie
    from empirical.tables.cells import percent, rate

    rows = []
    for row in benchmark.rows:
        columns = {
            name: row.per_ood_set[name] for names in benchmark.dataset(row.dataset).columns.values() for name in names
        }
        shown = ", ".join(f"{name} {percent(measured.accuracy)}" for name, measured in columns.items())
        chosen = rate(row.learning_rate) if row.penalties == [] else f"C {rate(median_low(row.penalties))}"
        chosen += " (edge)" * (row.grid_edge is not None)
        tied = tie(row, benchmark.dataset(row.dataset).sizes.get("id_validation", 0))
        also = "-" if tied is None else f"{len(tied.values)}: {percent(tied.lowest_ood)} to {percent(tied.highest_ood)}"
        rows.append(
            (row.dataset, row.method, row.norm_mode, chosen, percent(row.id_accuracy, row.id_ci90),
             percent(row.ood_accuracy, row.ood_ci90), also, shown)
        )  # fmt: skip
    header = ("data set", "method", "norm mode", "learning rate", "ID", "OOD", "as good on validation: OOD", "OOD sets")
    answers = [
        sentence for answer in benchmark.answers for sentence in (*_headed(answer, benchmark), *answer.sentences)
    ]
    notes = ["OOD is the mean over the data set's columns; ± is half a 90 % interval (Student's t)."] * bool(rows)
    controls = sorted({described.name for described in benchmark.sets if described.premises == "near ID"})
    notes += [f"Controls near ID, not in the mean: {', '.join(controls)}."] if controls else []
    notes += [f"Not finished: {len(benchmark.missing)} units of work."] if benchmark.missing else []
    refused = [unit for unit in benchmark.missing if "(refused: " in unit]
    notes += [f"Left out: {unit}; `distort bench run` makes it again." for unit in refused[:3]]
    notes += [f"Left out: {len(refused) - 3} more for such reasons."] if len(refused) > 3 else []
    notes += [f"Mixed: {mixed}." for mixed in benchmark.notes]
    if any(dataset.miniature for dataset in benchmark.datasets):
        notes.append("Miniatures: synthetic images; their numbers say nothing about the data sets.")
    if not rows:
        return "\n".join(["No method is finished, so there is no row to show.", *notes])
    notes.append(
        "As good on validation: grid values within one validation image of the best, and the range of their OOD."
    )
    return "\n".join([table(header, rows), "", *map(note, answers), "", *map(note, notes)])


def _headed(answer: "DatasetAnswer", benchmark: "Benchmark") -> list[str]:
    """The data set's name, where there are several."""
    return [f"{answer.dataset}:"] if len(benchmark.datasets) > 1 else []


def _failure(outcome: "SuiteOutcome") -> str:
    """One line where units were set aside; each is said in the text."""
    if not outcome.set_aside:
        return ""
    first = outcome.set_aside[0]
    more = f" ({len(outcome.set_aside) - 1} more)" if len(outcome.set_aside) > 1 else ""
    return f"set aside: {first.unit}: {first.error}{more}"


def _write_miniatures(workspace: "Workspace", report: Report) -> None:
    """Once; they are written whole or not at all."""
    from empirical.miniature import write_miniature

    if workspace.root is not None and not workspace.root.exists():
        write_miniature(workspace.root, progress=report)
    report("", 1.0)
