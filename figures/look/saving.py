"""Writes figures as SVG, PNG, PDF and EPS, the same bytes for the same figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import matplotlib
from matplotlib.backend_bases import get_registered_canvas_class
from matplotlib.figure import Figure

from figures.look import style

Format = Literal["svg", "png", "pdf", "eps"]
#: Those that are written unless others are asked for: a PDF takes longer than the two together, for its fonts.
FORMATS: tuple[Format, ...] = ("svg", "png")
#: The same for a paper or a talk, whose sizes are asked for.
FORMATS_FOR_PRINT: tuple[Format, ...] = (*FORMATS, "pdf")
#: Dots per inch of the PNG: sharp at column width on paper and on a dense screen.
PNG_DPI = 200
#: Text stays text in SVG, so that it can be searched and read aloud; identifiers come from a fixed salt, and no file
#: records when it was made.
DETERMINISTIC: dict[Any, Any] = {"svg.hashsalt": "feature-distortion", "svg.fonttype": "none", "pdf.fonttype": 42}
METADATA = {
    "svg": {"Date": None, "Creator": "feature-distortion"},
    "png": {"Software": "feature-distortion"},
    "eps": {"Creator": "feature-distortion"},
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": "feature-distortion", "Producer": None},
}


def save(figure: Figure, directory: Path | str, name: str, formats: Sequence[Format] = FORMATS) -> tuple[Path, ...]:
    """Write `<name>.svg` and `<name>.png`; gives their paths.

    Args:
      directory: made where there is none.
      formats: others than these two.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    paths = tuple(folder / f"{name}.{extension}" for extension in formats)
    with matplotlib.rc_context(style.RC | DETERMINISTIC):
        figure.set_facecolor("white")
        # The layout depends a little on what was laid out before: settle it once, for all formats and all time.
        layout = figure.get_layout_engine()
        if layout is not None:
            figure.set_dpi(PNG_DPI)
            layout.execute(figure)
            figure.set_layout_engine("none")
        for path, extension in zip(paths, formats, strict=True):
            _write(figure, path, extension)
    return paths


def _write(figure: Figure, path: Path, extension: Format) -> None:
    """`Figure.savefig` would draw twice, the first time for the layout, although that is settled."""
    figure.set_dpi(PNG_DPI)
    canvas = get_registered_canvas_class(extension)(figure)
    getattr(canvas, f"print_{extension}")(path, metadata=METADATA[extension])
