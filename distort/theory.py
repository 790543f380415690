"""`distort theory`: the statements, how they stand, and what was found when they were verified."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg
from tyro.extras import SubcommandApp

from distort import own_claim
from distort.command import Answer, Command, UsageError, note, table, wrapped
from distort.names import chosen, known

if TYPE_CHECKING:
    from figures.report.claims import ReportedSharpness
    from simulations.verification import Sharpness, Verification
    from theory.statements import Statement

#: On one machine a replay is exact to the last bit; another processor may round the decompositions otherwise.
ROUNDING = 1e-7


def commands() -> SubcommandApp:
    """The subcommands of `distort theory`."""
    app = SubcommandApp()
    app.command(name="list")(List)
    app.command(name="show")(Show)
    app.command(name="verify")(VerifyCommand)
    app.command(name="attack")(AttackCommand)
    app.command(name="replay")(Replay)
    return app


#: How to read two columns.
SLACK = (
    "Slack is the gap between the two sides of a claim, relative to the larger: 0 is equality, which an exact identity "
    "reaches up to rounding; below 0, beyond rounding, is a violation; near 0 a bound is sharp."
)
RATIO = (
    "The ratio to a bound is how many times larger the bounded side is: its median and 90 % quantile over random "
    "problems. 1 is a sharp bound; infinite means that the bound says nothing there."
)


@dataclass(frozen=True, kw_only=True)
class List(Command):
    """List the statements with their status, as last verified in a results folder."""

    results: Annotated[Path | None, arg(name="from")] = None
    """Results folder that holds a verification: `results` where there is one; else nothing counts as verified."""

    def __call__(self) -> Answer:
        """Every statement with its status, and how sharp its bound was found to be."""
        from figures.report.claims import claims

        verified = claims(_verified_in(self.results))
        rows = [(claim.name, claim.status, ratio_text(claim.sharpness), claim.source) for claim in verified]
        text = table(("name", "status", "ratio to bound: median, 90 %", "source"), rows)
        return Answer(verified, "\n".join([text, "", note(RATIO)]))


@dataclass(frozen=True, kw_only=True)
class Show(Command):
    """Show one statement: claim, formula, premises, proof, witnesses."""

    name: Annotated[Positional[str], arg(metavar="NAME")]
    """The statement."""
    results: Annotated[Path | None, arg(name="from")] = None
    """Results folder that holds a verification: `results` where there is one; else nothing counts as verified."""

    def __call__(self) -> Answer:
        """One statement in full.

        Raises:
          UsageError: no statement has this name.
        """
        from figures.report.claims import claims

        listed = {claim.name: claim for claim in claims(_verified_in(self.results))}
        known([self.name], list(listed), kind="statement", listing="`distort theory list`")
        claim = listed[self.name]
        lines = [
            ("name", claim.name),
            ("status", claim.status),
            ("source", claim.source),
            ("claim", claim.claim),
            ("formula", claim.latex),
            ("premises", claim.premises),
            ("proof", claim.proof or "none of our own"),
            *(("witness", f"{witness.name}: {witness.shows}") for witness in claim.witnesses),
        ]
        if claim.examples:
            lines.append(("verified", f"{claim.examples} problems, {claim.violations} violations"))
        if claim.sharpness is not None:
            told = f"median and 90 % quantile {ratio_text(claim.sharpness)}"
            lines.append(("ratio", f"{told}; says nothing on {claim.sharpness.silent:.1%}"))
        return Answer(claim, "\n".join(wrapped(f"{label:<10}", text) for label, text in lines))


@dataclass(frozen=True, kw_only=True)
class VerifyCommand(Command):
    """Verify statements on random problems that meet their premises, and replay their counterexamples."""

    names: Annotated[Positional[tuple[str, ...]], arg(metavar="[NAME | FILE.py:NAME ...]")] = ()
    """Statements of `distort theory list`, or claims of your own (docs/own_claim.md)."""
    all: bool = False
    """Verify every statement."""
    examples: int = 200
    """Problems drawn in each setting of a statement."""
    seed: int = 0
    """Decides which problems are drawn."""
    dimensions: str | None = None
    """Of all problems, e.g. d=20,k=5,m=1: inputs, features and ID directions; else each setting has its own."""
    sampler: str | None = None
    """FILE.py:NAME of a function that draws a problem from a key, in place of the statement's settings."""

    def __call__(self) -> Answer:
        """The verifications; statements that are violated with no counterexample known are the failure."""
        from theory.statements import STATEMENTS

        own = [name for name in self.names if own_claim.is_own(name)]
        statements = {statement.name: statement for statement in STATEMENTS}
        names = [name for name in self.names if name not in own]
        listed = (
            chosen(names, list(statements), everything=self.all, kind="statement", listing="`distort theory list`")
            if names or not own
            else ()
        )
        if own and self.all:
            raise UsageError(f"Name claims of your own or pass --all, not both; got {', '.join(own)} and --all.")
        claims = [own_claim.statement(name) for name in own]
        return _answer(self._verified([*(statements[name] for name in listed), *claims]))

    def _verified(self, statements: "list[Statement]") -> "list[Verification]":
        from distort.progress import progress
        from simulations.sweeps import Watch
        from simulations.verification import verify

        sampler = None if self.sampler is None else own_claim.sampler(self.sampler)
        dimensions = own_claim.dimensions(self.dimensions)
        with progress() as begin:
            report = begin("verifying statements")

            def told(done: int, total: int) -> None:
                report(f"{len(statements)} statements, {done} of {total} problems", done / total)

            watch = Watch(progress=told)
            verifications = verify(
                statements,
                examples=self.examples,
                seed=self.seed,
                dimensions=dimensions,
                sampler=sampler,
                watch=watch,
            )
            report("", 1.0)
        return verifications


@dataclass(frozen=True, kw_only=True)
class AttackCommand(Command):
    """Search for a problem that violates a statement; success is to have searched, whatever came out."""

    name: Annotated[Positional[str], arg(metavar="NAME | FILE.py:NAME")]
    """The statement, or a claim of your own (docs/own_claim.md)."""
    dimensions: str | None = None
    """Of the problems, e.g. d=20,k=5,m=1: inputs, features and ID directions; else several small shapes in turn."""
    budget: int | None = None
    """Problems that may be tried; 200,000 where --minutes is not given either."""
    minutes: float | None = None
    """For how long to search."""
    seed: int = 0
    """Decides where the search starts."""
    out: Path = Path("results")
    """Results folder; the best problem is kept there, under attacks/."""

    def __call__(self) -> Answer:
        """The smallest ratio of the larger side to the smaller; its problem is kept in a file that can be replayed."""
        from artifacts import open_results_folder
        from distort.progress import progress
        from simulations.attack import SHAPES, Witness, attack, save, shapes_of

        statement, dimensions = own_claim.listed_or_own(self.name), own_claim.dimensions(self.dimensions)
        shapes = SHAPES if dimensions is None else shapes_of(dimensions)
        path = open_results_folder(self.out) / "attacks" / f"{statement.name}-{self.seed}.json"
        budget = 200_000 if self.budget is None and self.minutes is None else self.budget
        with progress() as begin:
            limit = f"{self.minutes:g} minutes" if budget is None else f"up to {budget} problems"
            begin(f"attacking {statement.name}")(limit, 0.0)
            outcome = attack(statement, budget=budget, minutes=self.minutes, shapes=shapes, seed=self.seed)
        verdict = "violated" if outcome.violated else "no violation found"
        lines = [f"{outcome.name}: {verdict} among {outcome.evaluated} problems"]
        if outcome.smallest_ratio is not None and outcome.instance is not None:
            save(Witness(statement=outcome.name, ratio=outcome.smallest_ratio, instance=outcome.instance), path)
            lines.append(f"smallest ratio of the larger side to the smaller: {outcome.smallest_ratio:.9g}")
            own = f" --statement {self.name}" if own_claim.is_own(self.name) else ""
            lines.append(f"kept in {path}; judge it again with `distort theory replay {path}{own}`")
        else:
            lines.append("no problem could be compared: premises held on none, or no side was a positive number")
        return Answer(outcome, "\n".join(lines))


@dataclass(frozen=True, kw_only=True)
class Replay(Command):
    """Judge a problem again that an attack kept."""

    path: Positional[Path]
    """The file that `distort theory attack` wrote."""
    statement: str | None = None
    """FILE.py:NAME of the claim of your own that was attacked."""

    def __call__(self) -> Answer:
        """The ratio computed anew; a failure where it is not the one that was kept, up to rounding."""
        from simulations.attack import judged_ratio, load, problem_from
        from theory.statements import STATEMENTS

        witness = load(self.path)
        if self.statement is None and witness.statement not in {listed.name for listed in STATEMENTS}:
            raise UsageError(f"'{witness.statement}' is a claim of your own: name it with --statement FILE.py:NAME.")
        statement = own_claim.listed_or_own(self.statement or witness.statement)
        if statement.name != witness.statement:
            raise UsageError(f"{self.path} must be a witness of '{statement.name}', got one of '{witness.statement}'.")
        ratio, gap = judged_ratio(statement, problem_from(witness.instance))
        document = {"statement": witness.statement, "kept": witness.ratio, "replayed": ratio, "slack": gap}
        now = "not comparable" if ratio is None else f"{ratio!r}"
        text = f"{witness.statement}\nratio when kept  {witness.ratio!r}\nratio now        {now}"
        same = ratio is not None and math.isclose(ratio, witness.ratio, rel_tol=ROUNDING)
        return Answer(document, text, "" if same else "the ratio is not the one that was kept")


def _verified_in(named: Path | None) -> Path:
    """The results folder that is meant.

    Raises:
      UserError: one was named, and is none.
    """
    from distort.folder import existing

    return Path("results") if named is None else existing(named)


def _answer(verifications: "list[Verification]") -> Answer:
    from theory.statements import Status

    rows = [
        (
            verification.name,
            verification.status,
            str(verification.checked),
            str(verification.violations),
            slack_text(verification.smallest_slack),
            ratio_text(verification.sharpness),
            f"{verification.seconds:.1f}",
        )
        for verification in verifications
    ]
    text = table(("name", "status", "checked", "violations", "smallest slack", "ratio: median, 90 %", "seconds"), rows)
    unmet = [verification.name for verification in verifications if not verification.checked]
    if unmet:
        named = ", ".join(unmet)
        text += f"\nPremises held on no problem that was drawn: {named}. --dimensions or --sampler draws others."
    text = "\n".join([text, "", note(SLACK), note(RATIO)])
    violated = [verification.name for verification in verifications if verification.status == Status.VIOLATED]
    failure = f"violated, though no counterexample was known: {', '.join(violated)}" if violated else ""
    return Answer(verifications, text, failure)


def slack_text(slack: float | None) -> str:
    """A relative gap between two sides, as a reader wants it."""
    return "-" if slack is None else f"{slack:.3g}"


def ratio_text(sharpness: "Sharpness | ReportedSharpness | None") -> str:
    """How loose a bound is: median and 90 % quantile of its ratio to what it bounds, infinite where it says nothing."""
    if sharpness is None:
        return "-"
    return ", ".join(
        "infinite" if value is None else f"{value:.3g}" for value in (sharpness.median, sharpness.ninth_decile)
    )
