"""Whether the page in a results folder is the one that would be written now: drawing its formulas takes seconds."""

import json
from pathlib import Path

from artifacts import UserError, fingerprint
from artifacts.files import digest_of
from artifacts.imports import reached_code
from artifacts.reading import read_json
from figures.report.contents import Summary, WrittenPage

#: What the page is made with beside modules, and the modules.
TEMPLATES = ("*.jinja", "*.css", "*.js")
CODE = ("figures.report.page", "figures.report.gather")


def made_from(gathered: Summary, results: Path) -> str:
    """A hash of all that decides the page: what was gathered, the figures' pictures, code and templates."""
    here = Path(__file__).parent
    templates = sorted(file for pattern in TEMPLATES for file in here.rglob(pattern))
    pictures = [name for figure in gathered.figures for name in figure.files if name.endswith(".svg")]
    return fingerprint(
        {
            "gathered": json.loads(gathered.model_dump_json()),
            "pictures": {name: digest_of(results / name) for name in pictures},
            "code": reached_code(*CODE),
            "templates": {file.relative_to(here).as_posix(): digest_of(file) for file in templates},
        }
    )


def still_there(summary: Path, page: Path, inputs: str) -> WrittenPage | None:
    """What the summary says of the page, if both are there as they were written, from the same inputs.

    Args:
      inputs: as `made_from` has it.
    """
    try:
        written = WrittenPage.model_validate(read_json(summary).get("page"))
        return written if written == WrittenPage(inputs=inputs, sha256=digest_of(page)) else None
    except (OSError, ValueError, AttributeError, UserError):
        return None
