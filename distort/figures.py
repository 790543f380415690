"""`distort figures`: pictures from saved results, without simulating or training anything."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from distort.command import Answer, Command
from distort.names import known


@dataclass(frozen=True, kw_only=True)
class Figures(Command):
    """Draw figures (SVG, PNG, PDF) from a results folder into its `figures` folder.

    Without a name, figures for which the benchmark has no data are passed over, with the reason.
    """

    names: Annotated[Positional[tuple[str, ...]], arg(metavar="[NAME ...]")] = ()
    """Figures; without a name, all of them."""
    results: Annotated[Path, arg(name="from")] = Path("results")
    """Results folder."""
    size: Literal["page", "column", "talk"] = "page"
    """For the report and a page's width, for one column of a paper, or for a talk (into `figures/<size>`)."""
    force: bool = False
    """Draw again what is up to date."""

    def __call__(self) -> Answer:
        from distort.folder import existing, held
        from distort.progress import progress
        from distort.stages import figure_stages, stages_text
        from figures.catalogue import FIGURES

        names = [entry.name for entry in FIGURES]
        wanted = known(self.names, names, kind="figure") or tuple(names)
        with held(existing(self.results)) as results, progress() as begin:
            draw = partial(figure_stages, results, size=self.size, force=self.force, must=bool(self.names), begin=begin)
            stages = [stage for name in wanted for stage in draw(name)]
        return Answer(stages, stages_text(stages))
