"""`distort simulate`: one experiment's data, or all of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from distort.command import Answer, Command, Scale, table
from distort.names import chosen

LIST = "list"


@dataclass(frozen=True, kw_only=True)
class Simulate(Command):
    """Run simulations and keep their data; `distort simulate list` names them."""

    names: Annotated[Positional[tuple[str, ...]], arg(metavar="[list | NAME ...]")] = ()
    """Experiments, or the word `list`."""
    all: bool = False
    """Run every experiment."""
    out: Path = Path("results")
    """Results folder."""
    scale: Scale = "default"
    """How large."""
    force: bool = False
    """Run again what is up to date."""

    def __call__(self) -> Answer:
        from simulations.catalogue import EXPERIMENTS

        if self.names == (LIST,) and not self.all:
            named = [{"name": experiment.name, "title": experiment.title} for experiment in EXPERIMENTS]
            rows = [(experiment.name, experiment.title) for experiment in EXPERIMENTS]
            return Answer(named, table(("name", "title"), rows))
        names = chosen(
            self.names, [experiment.name for experiment in EXPERIMENTS], everything=self.all, kind="experiment"
        )
        from distort.folder import held
        from distort.progress import progress
        from distort.stages import simulation_stages, stages_text

        with held(self.out) as results, progress() as begin:
            stages = simulation_stages(results, names, scale=self.scale, force=self.force, begin=begin)
        return Answer(stages, stages_text(stages))
