"""What a results folder has to say, as one checked document: the contract of `summary.json`; what the page shows."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from empirical.records import BenchmarkRow, SetDescription


class Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Witness(Content):
    """A named instance that refutes a claim; `slack` is the measured relative gap, negative where it does."""

    name: str
    shows: str
    slack: float | None


class Claim(Content):
    """A statement and what its verification found.

    Attributes:
      examples: problems that met the premises; 0 where nothing was verified.
      smallest_slack: smallest relative gap between the two sides, witnesses included; negative where violated.
      published: whether the paper claims it in this form.
    """

    name: str
    source: str
    status: str
    examples: int = Field(ge=0)
    violations: int = Field(ge=0)
    smallest_slack: float | None
    claim: str
    latex: str
    premises: str
    proof: str | None
    published: bool
    witnesses: tuple[Witness, ...]


class Simulation(Content):
    """An experiment: how long it took to make, in seconds, and in which ways its problems were solved."""

    name: str
    title: str
    seconds: float = Field(ge=0)
    solved_by: tuple[str, ...]


class DrawnFigure(Content):
    """A figure: its caption, the results it was drawn from, and its files, relative to the results folder."""

    name: str
    title: str
    caption: str
    sources: tuple[str, ...]
    files: tuple[str, ...]


class Stage(Content):
    """One step of the work: whether this call had to do it, why, and the wall time that it took."""

    name: str
    built: bool
    reason: str
    seconds: float | None = None


class Summary(Content):
    """Everything that one run of `distort reproduce` found; accuracies in [0, 1].

    Attributes:
      sets: the OOD sets of the benchmark: whether the premises hold by construction, and the measured shift.
      backbone: how the benchmark's pretrained weights came to be.
      scale: of the last `reproduce`; None where parts were made one by one.
      seconds: wall time of the call that wrote this document; None where no single call did.
    """

    claims: tuple[Claim, ...]
    simulations: tuple[Simulation, ...]
    benchmark: tuple[BenchmarkRow, ...]
    sets: tuple[SetDescription, ...]
    backbone: dict[str, Any]
    figures: tuple[DrawnFigure, ...]
    environment: dict[str, Any]
    stages: tuple[Stage, ...] = ()
    scale: str | None = None
    seconds: float | None = None
