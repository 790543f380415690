"""The statements as a report and a list show them, with what a results folder's verification found; needs no JAX."""

from pathlib import Path

from pydantic import Field

from artifacts.frozen import Frozen
from figures.report.wording import Wording, wordings
from simulations.verification.findings import Verification, published_verifications
from theory.statements.standing import Status


class WitnessSummary(Frozen):
    """A named instance that refutes a claim; `slack` is the measured relative gap, negative where it does."""

    name: str
    shows: str
    slack: float | None


class ReportedSharpness(Frozen):
    """How loose a bound was found to be: `simulations.verification.Sharpness`."""

    median: float | None
    ninth_decile: float | None
    silent: float


class Claim(Frozen):
    """A statement and what its verification found.

    Attributes:
      examples: problems that met the premises; 0 where nothing was verified.
      smallest_slack: smallest relative gap between the two sides, witnesses included; negative where violated.
      sharpness: None where the claim is no bound.
      published: whether the paper claims it in this form.
    """

    name: str
    source: str
    status: str
    examples: int = Field(ge=0)
    violations: int = Field(ge=0)
    smallest_slack: float | None
    sharpness: ReportedSharpness | None = None
    claim: str
    latex: str
    premises: str
    proof: str | None
    published: bool
    witnesses: tuple[WitnessSummary, ...]

    @classmethod
    def of(cls, statement: Wording, verification: Verification | None) -> "Claim":
        """The row of a statement; without a verification nothing counts as checked."""
        slacks = verification.counterexamples if verification else {}
        return cls(
            name=statement.name,
            source=statement.source,
            status=verification.status if verification else Status.UNVERIFIED,
            examples=verification.checked if verification else 0,
            violations=verification.violations if verification else 0,
            smallest_slack=verification.smallest_slack if verification else None,
            sharpness=ReportedSharpness(**vars(verification.sharpness))
            if verification and verification.sharpness
            else None,
            claim=statement.claim,
            latex=statement.latex,
            premises=statement.premises,
            proof=statement.proof,
            published=statement.published,
            witnesses=tuple(
                WitnessSummary(name=example.name, shows=example.shows, slack=slacks.get(example.name))
                for example in statement.counterexamples
            ),
        )


def claims(results: Path) -> tuple[Claim, ...]:
    """Every statement, with what its verification in this folder found, if there was one."""
    verifications = published_verifications(results)
    return tuple(Claim.of(wording, verifications.get(wording.name)) for wording in wordings())
