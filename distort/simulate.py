"""`distort simulate`: one experiment's data, or all of them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, UseAppendAction, arg

from distort.command import Answer, MakingCommand, Scale
from distort.names import LIST, chosen, listed


@dataclass(frozen=True, kw_only=True)
class Simulate(MakingCommand):
    """Run simulations and keep their data; `distort simulate list` names them."""

    names: Annotated[Positional[tuple[str, ...]], arg(metavar="[list | NAME ...]")] = ()
    """Experiments, or the word `list`."""
    all: bool = False
    """Run every experiment."""
    out: Path = Path("results")
    """Results folder."""
    scale: Scale = "default"
    """How large."""
    set: UseAppendAction[tuple[str, ...]] = field(default=())
    """A field of the configuration, e.g. dimensions.k=5; may be repeated. Such results lie under settings/."""
    settings: Path | None = None
    """TOML file with fields of the configuration; --set goes before it."""
    force: bool = False
    """Run again what is up to date."""

    def __call__(self) -> Answer:
        """The experiments that there are, for the word `list`; else run them, and say of each whether it was made."""
        from bridge.titles import titles

        titled = titles()
        if self.names == (LIST,) and not self.all:
            return listed(titled)
        self.accept()
        names = chosen(
            self.names,
            [experiment.name for experiment in titled],
            everything=self.all,
            kind="experiment",
            listing="`distort simulate list`",
        )
        from distort.folder import held
        from distort.progress import progress
        from distort.stages import simulation_stages, stages_text

        changes = self._changes()
        with held(self.out) as results, progress() as begin:
            stages = simulation_stages(results, names, scale=self.scale, changes=changes, force=self.force, begin=begin)
        return Answer(stages, stages_text(stages))

    def _changes(self) -> dict[str, Any]:
        from simulations.settings import merged, parsed, read

        return merged(read(self.settings) if self.settings else {}, parsed(self.set))
