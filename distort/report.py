"""`distort report`: one self-contained page from what a results folder holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from distort.command import Answer, Command


@dataclass(frozen=True, kw_only=True)
class ReportCommand(Command):
    """Write report.html from a results folder; nothing is simulated, trained or drawn."""

    results: Annotated[Path, arg(name="from")] = Path("results")
    """Results folder."""

    def __call__(self) -> Answer:
        """Write the page anew, and name its file."""
        from artifacts.files import write_text
        from distort.folder import existing, held
        from figures.report.gather import gather
        from figures.report.page import page

        with held(existing(self.results)) as results:
            path = results / "report.html"
            write_text(path, page(gather(results), results))
        return Answer({"report": str(path)}, str(path))
