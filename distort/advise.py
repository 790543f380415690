"""`distort advise`: LP, FT or LP-FT for data of one's own, from premises that are measured before any training."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tyro.conf import UseAppendAction

from artifacts.errors import UserError
from distort.command import Answer, MakingCommand, UsageError, table
from distort.suites import BENCHMARK

if TYPE_CHECKING:
    from empirical import Ledger, Suite
    from empirical.advice.confirming import Confirmation
    from empirical.advice.measured_map import Region
    from empirical.advice.premises import Premises, SetPremises
    from empirical.advice.rule import Advice
    from empirical.advice.track_record import TrackRecord

UNKNOWN = (
    "Without OOD images it cannot be known whether the ID head carries over, how far OOD features lie from ID ones, or "
    "how good they are there: so neither which regime this is, nor what to try first. Pictures of the shift, even a "
    "hundred with labels, would say."
)


@dataclass(frozen=True)
class Advised:
    """What was measured and advised, how sure that is, and what short training found, where it was asked for.

    Attributes:
      premises: by data set.
      advice, regions: by OOD set; a region is that of the measured phase diagram.
      cases, hits: on how many sets the rule was held against results, and right.
    """

    premises: list["Premises"]
    advice: list["Advice"]
    regions: list["Region"]
    confirmations: list["Confirmation"]
    cases: int
    hits: int


@dataclass(frozen=True, kw_only=True)
class Advise(MakingCommand):
    """Say which method to try first on your data, why, and how often such advice was right, from features alone."""

    suite: Path | None = None
    """TOML file of your suite (docs/benchmark.md)."""
    images: Path | None = None
    """Instead of a suite: folder of ID images, a subfolder a class."""
    ood: tuple[Path, ...] = ()
    """Folders of OOD images, laid out alike."""
    backbone: str = "small_resnet"
    """The network, where no suite names it."""
    confirm: bool = False
    """Train FT and LP-FT for a few epochs, with as many seeds as it takes to tell the methods apart."""
    out: Path | None = None
    """Folder for features and short runs; by default advice-NAME."""
    check: UseAppendAction[tuple[Path, ...]] = ()
    """Instead of advice: hold the rule against finished results; may be repeated. With --suite, premises of its sets
    are measured first."""

    def __call__(self) -> Answer:
        """Advice for every OOD set; or, with --check, how often the rule was right."""
        self.accept()
        if self.check:
            return self._checked()
        if (self.suite is None) == (self.images is None):
            raise UsageError("Name a suite with --suite, or folders with --images and --ood.")
        if self.suite is not None and self.ood:
            raise UsageError("A suite names its OOD sets itself; leave --ood out.")
        return self._advice()

    def _advice(self) -> Answer:
        from distort.folder import held
        from distort.progress import progress
        from empirical import Ledger, Workspace, read_suite_file
        from empirical.advice.confirming import confirm

        name = self.suite.stem if self.suite is not None else _name(self.images)
        with held(self.out or Path(f"advice-{name}")) as folder, progress() as begin:
            file = self.suite or self._written(folder / "suite.toml")
            workspace = Workspace(folder=(folder / BENCHMARK).absolute(), configuration=file.absolute())
            suite = read_suite_file(file)
            premises = _measured(Ledger(_bare(suite), workspace), begin("features and probes"))
            told = self.suite is not None or bool(self.ood)
            confirmations = [
                confirm(recipe, workspace, name=_called(suite), progress=begin(f"confirming on {recipe.name}"))
                for recipe in (suite.recipes if self.confirm and told else ())
            ]
        return _answer(premises, confirmations) if told else _without_ood(premises)

    def _checked(self) -> Answer:
        from distort.folder import existing
        from empirical.advice.track_record import TrackRecord, cases
        from empirical.records import read_benchmark

        measured = self._measured_sets() if self.suite is not None else None
        judged = [
            case
            for folder in self.check
            for case in cases(folder.name, read_benchmark(existing(folder) / BENCHMARK), measured=measured)
        ]
        return _held_against(TrackRecord(cases=judged))

    def _measured_sets(self) -> dict[tuple[str, str], "SetPremises"]:
        """Premises of the suite's sets, by data set and set, as advice on it would measure them."""
        from distort.folder import held
        from distort.progress import progress
        from empirical import Ledger, Workspace, read_suite_file

        assert self.suite is not None
        with held(self.out or Path(f"advice-{self.suite.stem}")) as folder, progress() as begin:
            workspace = Workspace(folder=(folder / BENCHMARK).absolute(), configuration=self.suite.absolute())
            premises = _measured(Ledger(_bare(read_suite_file(self.suite)), workspace), begin("features and probes"))
        return {(measured.dataset, ood.name): ood for measured in premises for ood in measured.sets}

    def _written(self, file: Path) -> Path:
        from artifacts.files import write_text
        from empirical.benchmark.new_suite import new_suite, set_name

        assert self.images is not None
        # A data set has an OOD set; where none was named, the ID images stand in for it and nothing is said of them.
        ood = {set_name(folder): folder for folder in self.ood} or {"none": self.images}
        write_text(file, new_suite(_name(self.images), self.images, ood, backbone=self.backbone, base=file.parent))
        return file


def _name(images: Path | None) -> str:
    from empirical.benchmark.new_suite import set_name

    return set_name(images or Path())


def _called(suite: "Suite") -> str:
    """Name of the suite of probes and short runs, whose folder is not that of the suite itself."""
    return f"advice-{suite.name}"


def _bare(suite: "Suite") -> "Suite":
    """LP and descriptions alone.

    Raises:
      UserError: a recipe has no solved probe.
    """
    bare = tuple(
        recipe.model_copy(update={"sweeps": (), "interpolate": (), "conditions": (), "describe": True})
        for recipe in suite.recipes
    )
    for recipe in bare:
        if not recipe.solves:
            raise UserError(f"{recipe.name} must solve a linear probe to be advised on; leave `probe` out.")
    return suite.model_copy(update={"name": _called(suite), "recipes": bare})


def _measured(ledger: "Ledger", progress: Any) -> list["Premises"]:
    """Premises of every recipe; what is missing for them is made."""
    from empirical import run_suite
    from empirical.advice.premises import measured_premises
    from empirical.benchmark.units import description_unit

    outcome = run_suite(ledger.suite, ledger.workspace, progress=progress)
    if outcome.set_aside:
        raise UserError(f"{outcome.set_aside[0].unit}: {outcome.set_aside[0].error}")
    premises = []
    for recipe in ledger.suite.recipes:
        (run,) = ledger.runs([description_unit(recipe)])
        (probe,) = (row for row in outcome.benchmark.rows if row.dataset == recipe.name)
        premises.append(measured_premises(run, probe, outcome.benchmark))
    return premises


def _answer(premises: list["Premises"], confirmations: list["Confirmation"]) -> Answer:
    from empirical.advice.measured_map import region
    from empirical.advice.rule import advise
    from empirical.advice.track_record import kept_record

    record = kept_record()
    advice = [advise(measured.dataset, ood, measured.id_accuracy) for measured in premises for ood in measured.sets]
    regions = [
        region(record, energy_ratio=ood.energy_ratio, gap=ood.gap,
               shared_ratio=ood.shared_accuracy / measured.id_accuracy)
        for measured in premises for ood in measured.sets
    ]  # fmt: skip
    rows = [
        (measured.dataset, ood.name, *(f"{100 * value:.1f}" for value in (measured.id_accuracy, ood.probe_accuracy,
         ood.shared_accuracy, ood.gap)), f"{100 * ood.energy_outside:.1f} ({100 * ood.id_energy_outside:.1f})",
         _short(ood.on_cosine), _short(ood.feature_error), _short(measured.truth_norm), _short(ood.probing_bound))
        for measured in premises for ood in measured.sets
    ]  # fmt: skip
    header = (
        "data set",
        "OOD set",
        "LP, ID",
        "LP, OOD",
        "shared head",
        "gap",
        "outside (ID)",
        "c_S",
        "eps",
        "W",
        "bound / W",
    )
    lines = [table(header, rows), ""]
    for piece, near in zip(advice, regions, strict=True):
        lines += [
            f"{piece.set}: {piece.regime}. Try {piece.first} first.",
            f"  Why: {piece.why}.",
            f"  {_sure(record, piece)}",
            *([] if near is None else [f"  {_nearby(near)}"]),
            "",
        ]
    lines += [*_map(record), ""]
    lines += [_confirmed(confirmation) for confirmation in confirmations]
    if not confirmations:
        lines.append("--confirm trains FT and LP-FT for a few epochs and says which is ahead.")
    known = [near for near in regions if near is not None]
    document = Advised(premises, advice, known, confirmations, len(record.cases), record.hits)
    return Answer(document, "\n".join(lines).rstrip())


def _without_ood(premises: list["Premises"]) -> Answer:
    lines = [
        f"{measured.dataset}: LP reads {100 * measured.id_accuracy:.1f} % of ID test images." for measured in premises
    ]
    bare = [measured.model_copy(update={"sets": [], "truth_norm": None}) for measured in premises]
    return Answer(Advised(bare, [], [], [], 0, 0), "\n".join([*lines, UNKNOWN]))


def _sure(record: "TrackRecord", advice: "Advice") -> str:
    here = record.among(advice.regime)
    if not here.cases:
        return "How sure: no set of this regime was measured yet."
    always = max((here.always(method), method) for method in here.cases[0].accuracies)
    return (
        f"How sure: in this regime it was the best of LP, FT and LP-FT, or within a point of it, on {here.hits} of "
        f"{len(here.cases)} sets measured (always {always[1]}: {always[0]}); in all regimes the rule was right on "
        f"{record.hits} of {len(record.cases)}."
    )


def _confirmed(confirmation: "Confirmation") -> str:
    shown = ", ".join(f"{method} {100 * accuracy:.1f}" for method, accuracy in confirmation.accuracies.items())
    seeds = "1 seed" if confirmation.seeds == 1 else f"{confirmation.seeds} seeds"
    lead = (
        f"{confirmation.best} leads {confirmation.second} by "
        f"{100 * confirmation.ahead:.1f} ± {100 * confirmation.half_width:.1f} points"
    )
    verdict = "decided" if confirmation.decided else "not decided: they cannot be told apart with this little training"
    return (
        f"Confirmed on {confirmation.dataset} ({confirmation.epochs} epochs, {seeds}; OOD): {shown}. {lead}: {verdict}."
    )


def _nearby(near: "Region") -> str:
    """Which region of the measured phase diagram a set lies in."""
    from empirical.advice.measured_map import networks

    count = len(near.near)
    best = ", ".join(f"{method} {number}" for method, number in near.within_margin.items())
    beyond = f" It lies beyond all of them in {' and '.join(near.outside)}: do not count on it." if near.outside else ""
    return (
        f"Measured phase diagram: {near.name} (LP less FT {100 * near.lead:+.1f} points on average over the {count} "
        f"nearest points of {networks(near.near)} networks, from {100 * near.lowest_lead:+.1f} to "
        f"{100 * near.highest_lead:+.1f}; the best of the three or within a point of it: {best}; best on average: "
        f"{near.first}).{beyond}"
    )


def _map(record: "TrackRecord") -> list[str]:
    """What the diagram consists of, and how often it was right about networks that were left out of it."""
    from empirical.advice.measured_map import is_graded, networks, right_when_left_out

    if not record.cases:
        return ["Measured phase diagram: nothing was measured yet."]
    right, counted = right_when_left_out(record)
    always = ", ".join(f"{method} {record.always(method)}" for method in record.cases[0].accuracies)
    held = (
        f"read off other networks, its best method was right on {right} of {counted}"
        if counted
        else "all are of one network, so that it cannot be held against another"
    )
    lines = [
        f"The diagram has {len(record.cases)} points of {networks(record.cases)} networks; {held} (the rule on "
        f"{record.hits} of {len(record.cases)}; always naming one method: {always})."
    ]
    if not is_graded(record):
        lines.append(
            "The graded series of networks and shifts (`distort bench run --scale full`) is not in it yet: between the "
            "points nothing is known."
        )
    return lines


def _held_against(record: "TrackRecord") -> Answer:
    from empirical.advice.track_record import COMPARED, MARGIN

    rows = [
        (case.results, case.dataset, case.condition or "-", case.set, f"{case.energy_ratio:.2f}",
         f"{100 * case.gap:.1f}", case.regime, case.first,
         *(f"{100 * case.accuracies[method]:.1f}" for method in COMPARED), f"{100 * case.regret:.1f}")
        for case in record.cases
    ]  # fmt: skip
    header = ("results", "data set", "condition", "OOD set", "energy", "gap", "regime", "first", "LP", "FT", "LP-FT",
              "regret")  # fmt: skip
    said = (
        f"right (within {100 * MARGIN:g} point of the best of the three) on {record.hits} of {len(record.cases)} sets"
    )
    if record.cases:
        always = ", ".join(f"{method} {record.always(method)}" for method in record.cases[0].accuracies)
        said += f"; always naming one method: {always}"
    return Answer(record, "\n".join([table(header, rows), said, *_map(record)]))


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"
