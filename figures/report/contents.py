"""What a results folder has to say, as one checked document: the contract of `summary.json`; what the page shows."""

from typing import Any

from pydantic import Field

from artifacts.frozen import Frozen
from empirical.records import (
    BenchmarkRow,
    DatasetAnswer,
    DatasetRecord,
    PairedDifference,
    PublishedAccuracy,
    SetAside,
    SetDescription,
)
from figures.catalogue import Section
from figures.report.claims import Claim


class Simulation(Frozen):
    """An experiment: how long it took to make, in seconds, and in which ways its problems were solved.

    `beyond_the_paper`: about something of which its theorems do not speak.
    """

    name: str
    title: str
    beyond_the_paper: bool = False
    seconds: float = Field(ge=0)
    solved_by: tuple[str, ...]


class AgreementSummary(Frozen):
    """How far theory and benchmark agree (`figures.side_by_side.agreement.Agreement`).

    `unmet`: the same for pairs that do not meet the theory's premises, which are not among the others.
    """

    tau: float
    conditions: int
    pairs: int
    told_apart: int
    alike: int
    unmet: "AgreementSummary | None" = None


class DrawnFigure(Frozen):
    """A figure: its caption, the results it was drawn from, and its files, relative to the results folder.

    Attributes:
      note: what the data say that the caption cannot know; may be empty.
    """

    name: str
    title: str
    section: Section
    caption: str
    note: str
    agreement: AgreementSummary | None
    sources: tuple[str, ...]
    files: tuple[str, ...]


class Stage(Frozen):
    """One step of the work: whether this call had to do it, why, and the wall time that it took.

    `no_data`: a figure that was passed over, since the benchmark does not hold what it shows; `reason` says what.
    """

    name: str
    built: bool
    reason: str
    no_data: bool = False
    seconds: float | None = None


class WrittenPage(Frozen):
    """The report beside the summary: a hash of what it was made from, and its own."""

    inputs: str
    sha256: str


class Summary(Frozen):
    """Everything that one run of `distort reproduce` found; accuracies in [0, 1].

    Attributes:
      answers: what the rows of each data set say, in words.
      own: the suite is one of the user, whose page begins with its results.
      benchmark: one row a data set, method and norm mode, selected on ID validation alone.
      careful: the same, at the lowest learning rate within a standard error of the best.
      differences: `ft_minus_lp`, `lp_ft_minus_ft` and others, paired by seed: ID, and OOD by how far the sets lie and
        whether features are good there, both measured before any training.
      datasets: the data sets as they were run; `sets` their OOD sets: whether the premises hold, and how far they lie.
      published: the paper's numbers.
      missing, set_aside: units of the benchmark's plan that were not run, and those that failed.
      backbone: how the pretrained weights of the first data set came to be.
      scale: of the last `reproduce`; None where parts were made one by one.
      seconds: wall time of the call that wrote this document; None where no single call did.
      page: the report that was written with it.
    """

    claims: tuple[Claim, ...]
    simulations: tuple[Simulation, ...]
    benchmark: tuple[BenchmarkRow, ...]
    answers: tuple[DatasetAnswer, ...] = ()
    own: bool = False
    careful: tuple[BenchmarkRow, ...] = ()
    differences: tuple[PairedDifference, ...] = ()
    datasets: tuple[DatasetRecord, ...] = ()
    sets: tuple[SetDescription, ...]
    published: tuple[PublishedAccuracy, ...] = ()
    missing: tuple[str, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    backbone: dict[str, Any]
    figures: tuple[DrawnFigure, ...]
    environment: dict[str, Any]
    stages: tuple[Stage, ...] = ()
    scale: str | None = None
    seconds: float | None = None
    page: WrittenPage | None = None
