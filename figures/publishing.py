"""Figures on disk: drawn from saved results, published like any other result, and never drawn twice."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artifacts import Artifact, DamagedArtifact, Outcome, UserError, publish, published
from artifacts.directory import MANIFEST, Outdated
from artifacts.files import digest_of, write_json
from artifacts.imports import BOOKKEEPING, reached_code
from artifacts.results_folder import SETTINGS
from artifacts.versions import reached_versions
from bridge.experiment_modules import experiment_module
from figures.captions import caption
from figures.catalogue import BENCHMARK, FigureEntry, source_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from figures.look.saving import Format
    from figures.side_by_side.agreement import Agreement

INFORMATION = "figure.json"
#: The size that the report shows.
PAGE = "page"
#: The benchmark's one file; what it was made from is checked by `empirical`, which writes it anew on every run.
BENCHMARK_FILE = "benchmark.json"
#: Modules that a figure's code reaches and that cannot change the picture, each with the reason.
WITHOUT: Mapping[str, str] = {
    **BOOKKEEPING,
    "figures.catalogue": "lists all figures; this one's own code counts",
    "simulations.catalogue": "lists all experiments; those that a figure draws are imported by its own code",
}


def draw_figure(
    figure: FigureEntry,
    results: Path | str,
    *,
    force: bool = False,
    size: str = PAGE,
    formats: "Sequence[Format]" = (),
) -> Outcome:
    """Make sure that the results folder holds the figure of the results that are there now.

    A figure for which there are no results leaves no older picture behind.

    Args:
      results: a results folder, or that of a setting below it.
      force: draw again what is up to date.
      size: what it is drawn for (`figures.look.sizes`): page, column, talk, or WIDTHxHEIGHT in inches.
      formats: which files; by default SVG and PNG, and at another size than that of a page PDF too. At page size there
        is always an SVG, which the report shows.
    Raises:
      NothingToDraw: a result it is drawn from is missing, or does not hold what the figure shows; the message names
        what makes it.
      UserError: a result is damaged, or there is no such size.
    """
    from figures.look.saving import FORMATS, FORMATS_FOR_PRINT, save
    from figures.look.sizes import sized
    from figures.missing import NothingToDraw

    results = Path(results)
    usual = FORMATS if size == PAGE else FORMATS_FOR_PRINT
    wanted = tuple(dict.fromkeys((*(formats or usual), *(("svg",) if size == PAGE else ()))))

    def build(directory: Path) -> None:
        module: Any = figure.load()
        data = module.collect(results)
        with sized(size):
            save(module.draw(data), directory, figure.name, wanted)
        write_json(directory / INFORMATION, _information(figure, module, data, results))

    path = folder(figure, results, size=size)
    try:
        versions = reached_versions(*code_modules(figure), without=WITHOUT)
        made_from = inputs(figure, results) | {"formats": wanted}
        try:
            return publish(path, inputs=made_from, build=build, force=force, versions=versions)
        except Outdated:
            figure.load().collect(results)  # where there is nothing to draw, nothing is to be made either
            raise
    except NothingToDraw:
        if path.exists():
            shutil.rmtree(path)
        raise


def folder(figure: FigureEntry, results: Path, *, size: str = PAGE) -> Path:
    """Where a figure's files are: beside the others of its size, those of a page first.

    Args:
      results: the results folder.
      size: its name, as for `size_of`.
    """
    drawn = results / "figures"
    return drawn / figure.name if size == PAGE else drawn / size / figure.name


def inputs(figure: FigureEntry, results: Path) -> dict[str, Any]:
    """What a figure depends on: the content of its sources and the code that reads and draws them.

    Raises:
      NothingToDraw: at least one of the sources is not there.
    """
    from figures.missing import NothingToDraw

    missing = [source for source in figure.sources if not _is_there(source_folder(results, source))]
    if missing:
        listed = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
        there = f"{listed} must be there, but {'is' if len(missing) == 1 else 'are'} not"
        raise NothingToDraw(f"{there}; {_makers(missing, results)}.")
    return {
        "sources": {source: _content(results, source) for source in figure.sources},
        "code": reached_code(*code_modules(figure), without=WITHOUT),
    }


def code_modules(figure: FigureEntry) -> tuple[str, ...]:
    """The modules whose code, with all that they import, makes a figure: its own, and the types of what it shows."""
    shown = (experiment_module(Path(source).name) for source in figure.sources if source != BENCHMARK)
    return ("figures.publishing", figure.module, *shown)


def _information(figure: FigureEntry, module: Any, data: Any, results: Path) -> dict[str, Any]:
    """What stands beside a figure's files."""
    notes = [module.note(data)] if hasattr(module, "note") else []
    if results.parent.name == SETTINGS:
        notes.append(f"Simulated with {results.name}: where the caption names another value, this one holds.")
    return {
        "name": figure.name,
        "title": figure.title,
        "section": figure.section,
        "caption": caption(module),
        "note": "\n\n".join(filter(None, notes)),
        "agreement": _agreement(getattr(data, "agreed", None)),
        "sources": list(figure.sources),
    }


def _agreement(agreed: "Agreement | None") -> dict[str, Any] | None:
    if agreed is None or not agreed.pairs:
        return None
    names = ("tau", "conditions", "pairs", "told_apart", "alike")
    return {name: getattr(agreed, name) for name in names} | {"unmet": _agreement(agreed.unmet)}


def _is_there(path: Path) -> bool:
    return (path / BENCHMARK_FILE).exists() or (path / MANIFEST).exists()


def _content(results: Path, source: str) -> str:
    path = source_folder(results, source)
    try:
        return digest_of(path / BENCHMARK_FILE)[:16] if source == BENCHMARK else _hashes(published(path))
    except DamagedArtifact as damage:
        raise UserError(f"{damage} {_makers([source], results)}.") from damage


def _hashes(artifact: Artifact) -> str:
    # The data alone: how long they took to make, which a summary says, changes no picture.
    relevant = {name: value for name, value in artifact.files.items() if name != "summary.json"}
    return hashlib.sha256(repr(sorted(relevant.items())).encode()).hexdigest()[:16]


def _makers(sources: "Sequence[str]", results: Path) -> str:
    """The commands that make some sources; never one that would put another suite into the folder."""
    whole, setting = (results.parent.parent, results.name) if results.parent.name == SETTINGS else (results, "")
    chosen = f", with the settings of {setting}," if setting else ""
    simulated = " ".join(Path(source).name for source in sources if source != BENCHMARK)
    makers = [f"`distort simulate {simulated} --out {whole}`{chosen}"] * bool(simulated)
    makers += ["a suite (`distort bench run`)"] * (BENCHMARK in sources)
    verb = "makes" if len(makers) == 1 else "make"
    return f"{' and '.join(makers)} {verb} {'it' if len(sources) == 1 else 'them'}"
