"""The benchmark as tables: tidy CSV for programs, Markdown and LaTeX for readers. Reads records only; no JAX."""

from empirical.tables.paper import paper_tables
from empirical.tables.table import Table, latex, markdown
from empirical.tables.tidy import TIDY_FILE, tidy_csv
from empirical.tables.write import collected_tables, write_tables

__all__ = ["TIDY_FILE", "Table", "collected_tables", "latex", "markdown", "paper_tables", "tidy_csv", "write_tables"]
