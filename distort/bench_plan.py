"""`distort bench plan|status`: what a suite consists of, what is there, what is missing and how long it takes."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from distort.command import Answer, Command, table
from distort.suites import BENCHMARK, SuiteCommand

if TYPE_CHECKING:
    from empirical import Ledger, Places, Suite, Unit


@dataclass(frozen=True)
class PlannedWork:
    """One recipe and method of a plan; images are those that missing runs pass through the network."""

    recipe: str
    work: str
    runs: int
    finished: int
    images_trained: int | None
    images_evaluated: int | None
    hours: float | None


@dataclass(frozen=True)
class Planned:
    """A plan. `undecided`: what depends on runs that are missing, such as extensions of grids.

    `rates`: images a second of training, by recipe; `devices`: on which.
    """

    suite: str
    devices: list[str]
    rates: dict[str, float]
    work: list[PlannedWork]
    undecided: list[str]


@dataclass(frozen=True, kw_only=True)
class Plan(SuiteCommand):
    """Show the matrix of runs of a suite: done, missing, images to process, hours at the rate measured here."""

    measure: bool = False
    """Time training with each backbone now, where no finished run tells; takes minutes for large networks on a CPU."""

    def __call__(self) -> Answer:
        import jax

        from empirical import Ledger, plan
        from empirical.benchmark.cost import measured_rates, shares

        suite = self.found()
        places = self.places(suite)
        ledger = Ledger(suite, places.folder)
        planned = plan(suite, ledger.run)
        rates = measured_rates(ledger, planned.units)
        if self.measure:
            rates = {**_timed(suite, places, known=rates), **rates}
        work = [
            PlannedWork(
                recipe=one.recipe, work=one.work, runs=one.units, finished=one.finished, images_trained=one.trained,
                images_evaluated=one.evaluated, hours=None if one.seconds is None else one.seconds / 3600,
            )
            for one in shares(ledger, places, planned.units, rates)
        ]  # fmt: skip
        devices = [f"{device.platform}:{device.device_kind}" for device in jax.devices()]
        document = Planned(suite.name, devices, rates, work, list(planned.undecided))
        return Answer(document, _plan_text(document))


@dataclass(frozen=True)
class RunsOfMethod:
    """Runs of one recipe and method that a results folder holds; `missing` are those that the plan names beside."""

    recipe: str
    work: str
    finished: int
    diverged: int
    damaged: int
    missing: int


@dataclass(frozen=True)
class BenchmarkStatus:
    """`set_aside`: what failed in the last call, and why; `undecided`: what awaits missing runs."""

    suite: str
    runs: list[RunsOfMethod]
    set_aside: dict[str, str]
    undecided: list[str]


@dataclass(frozen=True, kw_only=True)
class Status(Command):
    """Say which runs a results folder holds, which diverged, failed or are missing; trains nothing."""

    results: Annotated[Path, arg(name="from")] = Path("results")
    """Results folder."""
    check: bool = False
    """Read every file and compare it with its recorded hash; else only results are read."""

    def __call__(self) -> Answer:
        from distort.folder import existing
        from empirical import Ledger, plan, read_set_aside, read_suite

        folder = existing(self.results) / BENCHMARK
        suite = read_suite(folder)
        ledger = Ledger(suite, folder)
        planned = plan(suite, ledger.run)
        counts: dict[tuple[str, str], Counter[str]] = {}
        for unit in planned.units:
            name = unit.method if unit.kind == "training" else unit.kind
            key = (unit.recipe, f"{name} [{unit.condition}]" if unit.condition else name)
            counts.setdefault(key, Counter())[_state(ledger, unit, check=self.check)] += 1
        states = ("finished", "diverged", "damaged", "missing")
        runs = [RunsOfMethod(*key, *(found[state] for state in states)) for key, found in counts.items()]
        failed = {one.unit: one.error for one in read_set_aside(folder)}
        document = BenchmarkStatus(suite.name, runs, failed, list(planned.undecided))
        rows = [(one.recipe, one.work, *(str(getattr(one, state)) for state in states)) for one in runs]
        notes = [f"set aside: {unit}: {error}" for unit, error in failed.items()]
        notes += [f"undecided: {what}" for what in document.undecided]
        return Answer(document, "\n".join([table(("data set", "work", *states), rows), *notes]))


def _state(ledger: "Ledger", unit: "Unit", *, check: bool) -> str:
    from artifacts import DamagedArtifact, UserError, published

    if not ledger.finished(unit):
        return "missing"
    try:
        if check:
            published(ledger.place(unit))
    except (DamagedArtifact, UserError):
        return "damaged"
    run = ledger.run(unit) if unit.kind == "training" else None
    if unit in ledger.damaged:
        return "damaged"
    return "finished" if run is None else run.status


def _timed(suite: "Suite", places: "Places", *, known: dict[str, float]) -> dict[str, float]:
    """Rates measured now, one a backbone, side and batch; where weights are missing there is none."""
    from artifacts import UserError
    from empirical.benchmark.cost import timed_rate

    rates: dict[str, float] = {}
    timed: dict[tuple[str, int, int], float | None] = {}
    for recipe in suite.recipes:
        if recipe.name in known:
            continue
        key = (recipe.backbone.name, recipe.pipelines.training.side, recipe.batch_size)
        if key not in timed:
            try:
                timed[key] = timed_rate(recipe, places)
            except UserError:
                timed[key] = None
        rate = timed[key]
        if rate is not None:
            rates[recipe.name] = rate
    return rates


def _plan_text(document: Planned) -> str:
    rows = [
        (one.recipe, one.work, str(one.runs), str(one.finished), str(one.runs - one.finished),
         _count(one.images_trained), _count(one.images_evaluated), "?" if one.hours is None else f"{one.hours:.2f}")
        for one in document.work
    ]  # fmt: skip
    header = ("data set", "work", "runs", "done", "missing", "images trained", "evaluated", "hours")
    missing = sum(one.runs - one.finished for one in document.work)
    known = [one.hours for one in document.work if one.hours is not None]
    unknown = sum(one.hours is None for one in document.work)
    hours = f"{sum(known):.2f} hours" + (f" and {unknown} lines of unknown length" if unknown else "")
    rates = ", ".join(f"{name} {rate:.1f}" for name, rate in document.rates.items())
    notes = [f"{missing} runs missing, {hours} on {', '.join(document.devices)}, one device, one after another."]
    notes.append(f"Images a second of training: {rates}." if rates else "No rate is known: --measure times training.")
    return "\n".join([table(header, rows), *notes, *(f"undecided: {what}" for what in document.undecided)])


def _count(images: int | None) -> str:
    return "?" if images is None else f"{images:,}"
