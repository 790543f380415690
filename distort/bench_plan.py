"""`distort bench plan|status`: what a suite consists of, what is there, what is missing and how long it takes."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import UseAppendAction, arg

from artifacts.errors import UserError
from distort.command import Answer, Command, note, table
from distort.suites import BENCHMARK, SuiteCommand

if TYPE_CHECKING:
    from empirical import Ledger, Unit
    from empirical.benchmark.cost import MeasuredRates, Share
    from empirical.benchmark.decoding import DecodingTime


#: How hours are known.
EXTRAPOLATED = ": extrapolated from images at the rates below; compiling and reading images are not counted"


@dataclass(frozen=True)
class PlannedWork:
    """One recipe and method of a plan; images are those that missing runs pass through the network.

    Attributes:
      images_trained: with gradients, those of a head on a frozen network among them.
      exact: False where images are an upper bound.
      hours: extrapolated from images at the measured rates; compiling and reading images are not counted.
      extension_runs, extension_hours: by which the grid may still grow.
      probe_gigabytes: memory that solving a linear probe needs at least.
    """

    recipe: str
    work: str
    runs: int
    finished: int
    images_trained: int | None
    images_evaluated: int | None
    exact: bool
    hours: float | None
    extension_runs: int
    extension_hours: float | None
    probe_gigabytes: float | None


@dataclass(frozen=True)
class HoursElsewhere:
    """What a plan's missing runs take on a device whose rates are shipped; `unknown` lines of it are not counted."""

    device: str
    hours: float
    unknown: int
    source: str


@dataclass(frozen=True)
class Planned:
    """A plan.

    Attributes:
      devices: on which rates were measured; none where no rate is known.
      rates: images a second of training, by recipe.
      solving: seconds of a linear probe for one image, class and penalty, by recipe.
      undecided: what depends on runs that are missing, such as extensions of grids.
      elsewhere: devices that others measured.
      outdated: finished runs that are of other data, weights, code or versions than are here, and count as missing.
      not_compared: what was not found here.
      decoding: what reading the images of large data sets takes, which are not packed.
    """

    suite: str
    devices: list[str]
    rates: dict[str, float]
    solving: dict[str, float]
    work: list[PlannedWork]
    undecided: list[str]
    elsewhere: list[HoursElsewhere]
    outdated: dict[str, str]
    not_compared: list[str]
    decoding: list["DecodingTime"]


@dataclass(frozen=True, kw_only=True)
class PlanCommand(SuiteCommand):
    """Show the matrix of runs of a suite: done, missing, images to process, hours at the rates measured here."""

    only: UseAppendAction[tuple[str, ...]] = field(default=())
    """A part of the suite, by data set, method ("FT" or "FT (eval)"), kind of work or condition; may be repeated."""
    measure: bool = False
    """Time training and solving with each backbone now, where no finished run tells; takes minutes on a CPU."""

    def __call__(self) -> Answer:
        """The work that is missing, in runs, images and hours, and why runs that are there would be made again."""
        from empirical import Ledger, Only, plan
        from empirical.benchmark.cost import measured_rates, shares
        from empirical.benchmark.decoding import decoding_times
        from empirical.benchmark.device_rates import device_hours, read_rates
        from empirical.datasets.locations import VARIABLE
        from empirical.runs.freshness import freshness

        self.accept()
        suite = self.named_suite()
        self.accept()
        workspace = self.workspace(suite)
        root = workspace.data.locations.root
        if root is not None and not root.is_dir() and root != self.own_miniatures(suite):
            raise UserError(f"The data root must be a folder, got {root}; set --root or {VARIABLE} to where it is.")
        ledger = Ledger(suite, workspace)
        planned = plan(suite, ledger.training)
        units = [run.unit for run in Only(self.only).select(ledger.runs(planned.units), suite)]
        fresh = freshness(ledger, units)
        ledger.refuse(fresh.outdated)
        measured = measured_rates(ledger, units)
        rates = _timed(ledger, {unit.recipe for unit in units}, measured) if self.measure else measured
        parts = shares(ledger, units, rates)
        elsewhere = [HoursElsewhere(*hours) for hours in device_hours(parts, suite.recipes, read_rates())]
        devices = _devices() if rates.training or rates.solving else []
        outdated = {str(unit): why for unit, why in fresh.outdated.items()}
        document = Planned(
            suite.name, devices, rates.training, rates.solving, [_planned(share) for share in parts],
            list(planned.undecided), elsewhere, outdated, fresh.unknown, decoding_times(ledger, parts),
        )  # fmt: skip
        return Answer(document, _plan_text(document), "; ".join(f"cannot be run: {why}" for why in fresh.impossible))


@dataclass(frozen=True)
class RunsOfMethod:
    """Runs of one recipe and method that a results folder holds; `missing` are those that the plan names beside.

    `refused`: of other data or weights than newer runs beside them.
    """

    recipe: str
    work: str
    finished: int
    diverged: int
    damaged: int
    refused: int
    missing: int


@dataclass(frozen=True)
class BenchmarkStatus:
    """`set_aside`: what failed in the last call, and why; `undecided`: what awaits missing runs."""

    suite: str
    runs: list[RunsOfMethod]
    set_aside: dict[str, str]
    undecided: list[str]


@dataclass(frozen=True, kw_only=True)
class StatusCommand(Command):
    """Say which runs a results folder holds, which diverged, failed or are missing; trains nothing.

    Every file is read and held against its recorded hash.
    """

    results: Annotated[Path, arg(name="from")] = Path("results")
    """Results folder."""

    def __call__(self) -> Answer:
        """Runs by state for each data set and kind of work; damaged, refused and set-aside ones with their reason."""
        from distort.folder import existing
        from empirical import Ledger, Workspace, plan, read_set_aside, read_suite
        from empirical.benchmark.origins import mixed
        from empirical.results.older import unclaimed

        folder = existing(self.results) / BENCHMARK
        suite = read_suite(folder)
        ledger = Ledger(suite, Workspace(folder=folder))
        planned = plan(suite, ledger.training)
        ledger.refuse(mixed(ledger.origins(planned.units)))
        counts: dict[tuple[str, str], Counter[str]] = {}
        for unit in planned.units:
            counts.setdefault((unit.recipe, unit.work), Counter())[_state(ledger, unit)] += 1
        states = ("finished", "diverged", "damaged", "refused", "missing")
        runs = [RunsOfMethod(*key, *(count[state] for state in states)) for key, count in counts.items()]
        failed = {failure.unit: failure.error for failure in read_set_aside(folder)}
        document = BenchmarkStatus(suite.name, runs, failed, list(planned.undecided))
        rows = [(share.recipe, share.work, *(str(getattr(share, state)) for state in states)) for share in runs]
        notes = [f"set aside: {unit}: {error}" for unit, error in failed.items()]
        notes += [f"damaged: {why}" for why in dict.fromkeys(ledger.damaged.values())]
        notes += [f"refused: {unit}: {why}" for unit, why in ledger.refused.items()]
        notes += [f"undecided: {what}" for what in document.undecided]
        strangers = unclaimed(ledger)
        notes += [f"{strangers} finished runs here are of older code or other settings: no unit names them"] * bool(
            strangers
        )
        return Answer(document, "\n".join([table(("data set", "work", *states), rows), *map(note, notes)]))


def _state(ledger: "Ledger", unit: "Unit") -> str:
    if unit in ledger.refused:
        return "refused"
    if not ledger.finished(unit):
        return "missing"
    run = ledger.training(unit) if unit.kind == "training" else None
    if ledger.origin(unit) is None or unit in ledger.damaged:
        return "damaged"
    return "finished" if run is None else run.status


def _planned(share: "Share") -> PlannedWork:
    effort = share.effort
    return PlannedWork(
        recipe=share.recipe,
        work=share.work,
        runs=share.units,
        finished=share.finished,
        images_trained=None if effort is None else effort.trained + effort.head_trained,
        images_evaluated=None if effort is None else effort.passed,
        exact=share.exact,
        hours=None if share.seconds is None else share.seconds / 3600,
        extension_runs=share.extensions,
        extension_hours=None if share.extension_seconds is None else share.extension_seconds / 3600,
        probe_gigabytes=None if share.probe_bytes is None else share.probe_bytes / 1e9,
    )


def _timed(ledger: "Ledger", names: set[str], known: "MeasuredRates") -> "MeasuredRates":
    """Rates measured now where no finished run tells, one a backbone, side and batch; an error names its recipe."""
    from empirical.benchmark.cost import MeasuredRates
    from empirical.benchmark.timing import timed_rate, timed_solving

    training, solving = dict(known.training), dict(known.solving)
    seconds: dict[tuple[str, str], float] = {}
    images: dict[tuple[str, int, int], float] = {}
    for recipe in (recipe for recipe in ledger.suite.recipes if recipe.name in names):
        trains = (recipe.backbone.name, recipe.pipelines.training.side, recipe.batch_size)
        solves = (recipe.backbone.name, getattr(recipe.probe, "solver", ""))
        try:
            if recipe.name not in training and trains not in images:
                images[trains] = timed_rate(recipe, ledger.workspace)
            if recipe.solves and recipe.name not in solving and solves not in seconds:
                seconds[solves] = timed_solving(recipe, ledger.workspace)
        except UserError as error:
            raise UserError(f"{recipe.name} cannot be timed: {error} Name what can with --only.") from error
        training.setdefault(recipe.name, images.get(trains, 0.0))
        if recipe.solves:
            solving.setdefault(recipe.name, seconds.get(solves, 0.0))
    return MeasuredRates(training, solving)


def _devices() -> list[str]:
    """Of this process; finished runs count as made here."""
    import jax

    return [f"{device.platform}:{device.device_kind}" for device in jax.devices()]


def _plan_text(document: Planned) -> str:
    rows = [
        (line.recipe, line.work, str(line.runs), str(line.finished), str(line.runs - line.finished),
         str(line.extension_runs or "-"), _count(line.images_trained),
         "≤ " * (not line.exact) + _count(line.images_evaluated), "?" if line.hours is None else f"{line.hours:.2f}",
         "-" if line.probe_gigabytes is None else f"{line.probe_gigabytes:.2f}")
        for line in document.work
    ]  # fmt: skip
    header = ("data set", "work", "runs", "done", "missing", "may add", "images trained", "evaluated", "hours",
              "probe's GB")  # fmt: skip
    missing = sum(line.runs - line.finished for line in document.work)
    known_hours = any(line.hours for line in document.work)
    here = f" on {', '.join(document.devices)}, one device, one after another" if document.devices else ""
    counted = f"{missing} {'run' if missing == 1 else 'runs'} missing"
    notes = [f"{counted}, {_hours(document)}{here}{EXTRAPOLATED * known_hours}."]
    if any(line.extension_runs for line in document.work):
        more = sum(line.extension_runs for line in document.work)
        known = [line.extension_hours for line in document.work if line.extension_hours is not None]
        hours = f", {sum(known):.2f} hours" if len(known) == len(document.work) else ""
        notes.append(f"Grids that extend themselves may add up to {more} runs{hours}.")
    rates = ", ".join(f"{name} {rate:.1f}" for name, rate in document.rates.items())
    if rates:
        notes.append(f"Images a second of training: {rates}.")
    elif missing:
        notes.append("No rate is known: --measure times training.")
    reasons: dict[str, list[str]] = {}
    for unit, why in document.outdated.items():
        reasons.setdefault(why, []).append(unit)
    notes += [f"outdated ({why}): {_few(units)}" for why, units in reasons.items()]
    notes += [f"not compared: {why}" for why in document.not_compared]
    notes += [
        f"decoding: {part.dataset}: {part.images:,} images take {part.from_files:.1f} hours of a core to decode from "
        f"files, {part.from_store:.1f} from a packed store, and {part.packing:.2f} to pack once; `distort bench pack "
        f"{part.dataset}` pays where your cores take longer than the device (JPEGs of 500 x 375: docs/datasets.md)."
        for part in document.decoding
    ]
    for device in document.elsewhere if missing else []:
        if not device.hours and device.unknown:
            continue  # of such a network nothing was measured there
        rest = f" and {device.unknown} lines of unknown length" if device.unknown else ""
        notes.append(f"On one {device.device}: {device.hours:.1f} hours{rest}, at rates measured with {device.source}.")
    if not document.elsewhere:
        notes.append("No GPU's rates are shipped yet: `python -m benchmarks.gpu` measures them (docs/gpu.md).")
    notes += [f"undecided: {what}" for what in document.undecided]
    return "\n".join([table(header, rows), *map(note, notes)])


def _few(names: list[str]) -> str:
    return "; ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _hours(document: Planned) -> str:
    known = [line.hours for line in document.work if line.hours is not None]
    unknown = len(document.work) - len(known)
    if unknown and not sum(known):
        return "how long is not known"
    return f"{sum(known):.2f} hours" + (f" and {unknown} lines of unknown length" if unknown else "")


def _count(images: int | None) -> str:
    return "?" if images is None else f"{images:,}"
