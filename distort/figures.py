"""`distort figures`: pictures from saved results, without simulating or training anything."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from artifacts.errors import UserError
from distort.command import Answer, MakingCommand, UsageError
from distort.names import LIST, known, listed

if TYPE_CHECKING:
    from distort.progress import Begin
    from figures.report.contents import Stage


@dataclass(frozen=True, kw_only=True)
class Figures(MakingCommand):
    """Draw figures from a results folder into its `figures` folder: SVG and PNG, or the formats asked for.

    Without a name, all that can be drawn; for the others it says what is missing, and what makes it. `distort figures
    list` names them.
    """

    names: Annotated[Positional[tuple[str, ...]], arg(metavar="[list | NAME ...]")] = ()
    """Figures, or the word `list`; without a name, all of them."""
    results: Annotated[Path, arg(name="from")] = Path("results")
    """Results folder."""
    size: str = "page"
    """page, column (of a paper), talk, or WIDTHxHEIGHT in inches; all but page into `figures/<size>`."""
    format: UseAppendAction[tuple[Literal["svg", "png", "pdf", "eps"], ...]] = ()
    """Files to write; may be repeated. By default svg and png, and at another size than page pdf too."""
    setting: str = ""
    """Results of `distort simulate --set` or `--settings` to draw, as that command named them."""
    force: bool = False
    """Draw again what is up to date."""

    def __call__(self) -> Answer:
        """The figures that there are, for the word `list`; else draw, and answer with what became of each.

        A figure that was asked for by name and has no data is a failure, as is one whose data are damaged; the others
        are drawn all the same.
        """
        from figures.catalogue import FIGURES

        if self.names == (LIST,):
            return listed([(entry.name, entry.title) for entry in FIGURES])
        self.accept()
        names = [entry.name for entry in FIGURES]
        wanted = known(self.names, names, kind="figure", listing="`distort figures list`") or tuple(names)
        from distort.folder import existing, held
        from distort.progress import progress
        from distort.stages import stages_text
        from figures.look.sizes import size_of

        try:
            size_of(self.size)
        except UserError as error:
            raise UsageError(str(error)) from error
        stages: list[Stage] = []
        damaged: list[str] = []
        with held(existing(self.results)) as results, progress() as begin:
            folder = self._folder(results)
            for name in wanted:
                try:
                    stages += self._drawn(folder, name, begin)
                except UserError as error:
                    damaged.append(f"{name}: {error}")
        missing = [f"{stage.name}: {stage.reason}" for stage in stages if stage.no_data and self.names]
        return Answer(stages, stages_text(stages), "; ".join([*missing, *damaged]))

    def _drawn(self, folder: Path, name: str, begin: "Begin") -> "list[Stage]":
        from distort.stages import figure_stages

        return figure_stages(folder, name, size=self.size, formats=self.format, force=self.force, begin=begin)

    def _folder(self, results: Path) -> Path:
        from artifacts.results_folder import SETTINGS, of_setting

        there = sorted(path.name for path in (results / SETTINGS).glob("*") if path.is_dir())
        if self.setting:
            known([self.setting], there, kind="setting")
        return of_setting(results, self.setting)
