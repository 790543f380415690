"""Writes figures as SVG, PNG and PDF, the same bytes for the same figure."""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from figures.look import style

FORMATS = ("svg", "png", "pdf")
#: Dots per inch of the PNG: sharp at column width on paper and on a dense screen.
PNG_DPI = 200
#: Text stays text in SVG, so that it can be searched and read aloud; identifiers come from a fixed salt, and no file
#: records when it was made.
DETERMINISTIC = {"svg.hashsalt": "feature-distortion", "svg.fonttype": "none", "pdf.fonttype": 42}
METADATA = {
    "svg": {"Date": None, "Creator": "feature-distortion"},
    "png": {"Software": "feature-distortion"},
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": "feature-distortion", "Producer": None},
}


def save(figure: Figure, directory: Path, name: str, formats: tuple[str, ...] = FORMATS) -> tuple[Path, ...]:
    """Write `<name>.svg`, `.png` and `.pdf` into a directory that exists; gives their paths."""
    paths = tuple(directory / f"{name}.{extension}" for extension in formats)
    with matplotlib.rc_context(style.RC | DETERMINISTIC):
        # The layout depends a little on what was laid out before: settle it once, for all formats and all time.
        if figure.get_layout_engine() is not None:
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        for path, extension in zip(paths, formats, strict=True):
            figure.savefig(path, format=extension, dpi=PNG_DPI, metadata=METADATA[extension], facecolor="white")
    return paths
