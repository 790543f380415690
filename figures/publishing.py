"""Figures on disk: drawn from saved results, published like any other result, and never drawn twice."""

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artifacts import Artifact, DamagedArtifact, Outcome, UserError, code_version, publish, published
from artifacts.files import write_json
from figures.catalogue import BENCHMARK, FigureEntry

if TYPE_CHECKING:
    from figures.side_by_side.agreement import Agreement

INFORMATION = "figure.json"
#: The size that the report shows.
PAGE = "page"
#: The benchmark's one file; what it was made from is checked by `empirical`, which writes it anew on every run.
BENCHMARK_FILE = "benchmark.json"


def draw_figure(figure: FigureEntry, results: Path, *, force: bool = False, size: str = PAGE) -> Outcome:
    """Make sure that the results folder holds the figure of the results that are there now.

    A figure for which the benchmark has nothing leaves no older picture behind.

    Args:
      size: what it is drawn for (`figures.look.style.SIZES`).
    Raises:
      UserError: a result it is drawn from is missing or damaged, or does not hold what the figure shows
        (`figures.benchmark.measured.NothingToDraw`); the message names the command that makes it.
    """
    from figures.benchmark.measured import NothingToDraw

    def build(directory: Path) -> None:
        from figures.look import style
        from figures.look.saving import save

        module: Any = figure.load()
        data = module.collect(results)
        with style.sized(size):
            save(module.draw(data), directory, figure.name)
        note = getattr(module, "note", None)
        information = {
            "name": figure.name,
            "title": figure.title,
            "section": figure.section,
            "caption": caption(module.__doc__),
            "note": note(data) if note else "",
            "agreement": _agreement(getattr(data, "agreed", None)),
            "sources": list(figure.sources),
        }
        write_json(directory / INFORMATION, information)

    path = folder(figure, results, size=size)
    try:
        return publish(path, inputs=inputs(figure, results), build=build, force=force)
    except NothingToDraw:
        if path.exists():
            shutil.rmtree(path)
        raise


def folder(figure: FigureEntry, results: Path, *, size: str = PAGE) -> Path:
    """Where a figure's files are: beside the others of its size, those of a page first."""
    place = results / "figures"
    return place / figure.name if size == PAGE else place / size / figure.name


def inputs(figure: FigureEntry, results: Path) -> dict[str, Any]:
    """What a figure depends on: the content of its sources and the code that reads and draws them."""
    return {
        "sources": {source: _content(results, source) for source in figure.sources},
        "code": code_version("figures", "theory", "simulations", "empirical.records"),
    }


def caption(docstring: str | None) -> str:
    """A module's docstring as running text.

    Raises:
      ValueError: there is none; every figure has a caption.
    """
    if not docstring:
        raise ValueError("A figure module must have a docstring, its caption, but there is none.")
    paragraphs = (" ".join(paragraph.split()) for paragraph in docstring.strip().split("\n\n"))
    return "\n\n".join(paragraphs)


def _agreement(agreed: "Agreement | None") -> dict[str, Any] | None:
    if agreed is None or not agreed.pairs:
        return None
    return {name: getattr(agreed, name) for name in ("tau", "conditions", "pairs", "told_apart", "alike")}


def _content(results: Path, source: str) -> str:
    path = results / source
    try:
        found = _benchmark(path) if source == BENCHMARK else _hashes(published(path))
    except FileNotFoundError as error:
        raise UserError(
            f"{path} must hold results, but there are none; `{_maker(source)} --out {results}` makes them."
        ) from error
    except DamagedArtifact as damage:
        raise UserError(f"{damage} `{_maker(source)} --out {results}` does.") from damage
    return found


def _benchmark(path: Path) -> str:
    return hashlib.sha256((path / BENCHMARK_FILE).read_bytes()).hexdigest()[:16]


def _hashes(artifact: Artifact) -> str:
    # The data alone: how long they took to make, which a summary says, changes no picture.
    relevant = {name: value for name, value in artifact.files.items() if name != "summary.json"}
    return hashlib.sha256(repr(sorted(relevant.items())).encode()).hexdigest()[:16]


def _maker(source: str) -> str:
    return "distort bench run" if source == BENCHMARK else f"distort simulate {Path(source).name}"
