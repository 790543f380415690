"""Every table of a benchmark, in every spelling, into a folder."""

from pathlib import Path

from artifacts.files import write_text
from empirical.records import Benchmark
from empirical.tables.beside import distances, interpolations, ood_selection, paired, per_set, series, two_by_two
from empirical.tables.mechanism import mechanism
from empirical.tables.paper import paper_tables
from empirical.tables.phase import phase
from empirical.tables.table import Table, latex, markdown
from empirical.tables.tidy import TIDY_FILE, tidy_csv

MARKDOWN_FILE, LATEX_FILE = "tables.md", "tables.tex"


def collected_tables(benchmark: Benchmark) -> list[Table]:
    """Those that hold something."""
    beside = (
        two_by_two, paired, mechanism, per_set, ood_selection, distances, series, phase, interpolations,
    )  # fmt: skip
    return [table for table in (*paper_tables(benchmark), *(make(benchmark) for make in beside)) if table.rows]


def write_tables(benchmark: Benchmark, folder: Path) -> list[Path]:
    """Tidy CSV, Markdown and LaTeX; the files written."""
    tables = collected_tables(benchmark)
    files = {
        TIDY_FILE: tidy_csv(benchmark),
        MARKDOWN_FILE: "\n".join(map(markdown, tables)),
        LATEX_FILE: "\n".join(map(latex, tables)),
    }
    for name, text in files.items():
        write_text(folder / name, text)
    return [folder / name for name in files]
