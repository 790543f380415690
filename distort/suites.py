"""A suite as a user names it: one of three words, or a TOML file."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from distort.command import MakingCommand, Scale, UsageError

if TYPE_CHECKING:
    from empirical import Suite, Workspace

#: The benchmark lies here below a results folder, whichever suite it is of.
BENCHMARK = "benchmark"
#: Miniatures that `bench run` writes for itself, where no data root is named.
MINIATURES = "miniature-data"


@dataclass(frozen=True, kw_only=True)
class SuiteCommand(MakingCommand):
    """Flags that name a suite, its data and its results."""

    suite: str = "embedded"
    """embedded, miniature, paper, or a TOML file of your own (docs/benchmark.md)."""
    out: Path | None = None
    """Results folder, one for each suite; by default results, or results-SUITE for all but the embedded one."""
    scale: Scale = "default"
    """How large the embedded suite is; quick makes the miniatures the least that shows everything."""
    protocol: Literal["paper", "clean"] = "paper"
    """Of paper and miniature: paper selects on the reported ID set, clean on held-out training images."""
    evaluate: Literal["every_epoch", "selected"] | None = None
    """When sets that do not select are judged: after every epoch, or once at the selected one; by default as the
    recipes have it."""
    root: Path | None = None
    """Folder that all data lie below; by default the file's, else that of the environment variable DISTORT_DATA."""
    store: Path | None = None
    """Folder of packed stores; by default the file's, that of DISTORT_STORE, or `packed` below the data's root."""
    config: Path | None = None
    """TOML file with locations and checkpoints (docs/datasets.md), where the suite is not a TOML file itself."""

    @property
    def file(self) -> Path | None:
        """The TOML file that is the suite."""
        return Path(self.suite) if self.suite.endswith(".toml") else None

    def named_suite(self) -> "Suite":
        """The suite.

        Raises:
          UserError: there is no such suite, or its file is contradictory.
        """
        if self.file is not None:
            if self.config is not None:
                raise UsageError("A TOML suite says itself where data lie; leave --config out.")
            if self.protocol != "paper" or self.scale != "default" or self.evaluate is not None:
                raise UsageError(
                    "A TOML suite says itself how large it is, under which protocol and what it evaluates; leave "
                    "--scale, --protocol and --evaluate out."
                )
            from empirical import read_suite_file

            return read_suite_file(self.file, root=self.root)
        from distort.names import known
        from empirical import NAMES, named_suite

        known([self.suite], NAMES, kind="suite")
        return named_suite(self.suite, scale=self.scale, protocol=self.protocol, evaluate=self.evaluate)

    def results(self, suite: "Suite") -> Path:
        """The results folder: the one that was named, or the suite's own."""
        if self.out is not None:
            return self.out
        return Path("results" if suite.name == "embedded" else f"results-{suite.name}")

    def workspace(self, suite: "Suite") -> "Workspace":
        """Where the suite's runs and data are. Absolute, so that workers may have another working directory."""
        from empirical import Workspace

        results = self.results(suite).absolute()
        configuration = self.file or self.config
        return Workspace(
            folder=results / BENCHMARK,
            root=_absolute(self.root) or self.own_miniatures(suite),
            configuration=_absolute(configuration),
            store=_absolute(self.store),
        )

    def own_miniatures(self, suite: "Suite") -> Path | None:
        """Where the miniature suite looks if nobody says where its data are; they are written there when it is run."""
        import os

        from empirical.datasets.locations import VARIABLE

        named = self.root or self.config or os.environ.get(VARIABLE)
        return self.results(suite).absolute() / MINIATURES if suite.name == "miniature" and not named else None


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.absolute()
