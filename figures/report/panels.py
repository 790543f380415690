"""The columns of a figure as windows of their own, which a phone shows below each other."""

import html
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

#: The frame of a set of axes, the first thing that matplotlib draws of it: corner, corner, corner, corner.
AXES = re.compile(
    r'<g id="[\w-]*axes_\d+">\s*<g id="[\w-]*patch_\d+">\s*<path d="M ([\d.]+) ([\d.]+)\s+L ([\d.]+) [\d.]+\s+L '
)
LEGEND = re.compile(r'<g id="[\w-]*legend_\d+">')
#: A line of text that is drawn with a left end: size, place, words.
TEXT = re.compile(
    r'<text style="font-size: ([\d.]+)px;[^"]*text-anchor: start[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>'
)
#: The figure's own texts, which belong to no axes.
OWN_TEXT = re.compile(rf'^  <g id="[\w-]*text_\d+">\s*{TEXT.pattern}', flags=re.MULTILINE)
POINT = re.compile(r'(?:[ML] |x=")([\d.]+)(?: |" y=")([\d.]+)')
#: Points by which ticks reach beyond the right end of a frame, and marks beyond their first point.
REACH, WORD, MARGIN = 5.0, 40.0, 3.0
#: Of the size of a font: an upper bound on the mean width of its letters, and how far they reach below their line.
LETTER, DESCENT = 0.65, 0.3


class PanelWindow(NamedTuple):
    """A part of the drawing, in its own coordinates."""

    left: float
    top: float
    width: float
    height: float

    @property
    def view_box(self) -> str:
        """As an SVG has it."""
        return " ".join(f"{value:.1f}" for value in self)


def windows(svg: str) -> tuple[PanelWindow, ...]:
    """A window for each column of axes, and one for the legend below them; none where there is one column.

    A line over the whole figure belongs to no column and is left out: the note below the figure says it too.

    Args:
      svg: as matplotlib writes it; names may have a prefix.
    """
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    frames = [tuple(map(float, match.groups())) for match in AXES.finditer(svg)]
    if size is None or not frames:
        return ()
    width, height = map(float, size.groups())
    edges = _edges([(frame[0], frame[2]) for frame in frames], width)
    if len(edges) < 3:
        return ()
    bottom = max(frame[1] for frame in frames)
    legend = _legend(svg, bottom, width, height)
    shown = legend.top if legend else height
    top = _below_heading(svg, min(frame[1] for frame in frames), edges[1])
    columns = tuple(PanelWindow(left, top, right - left, shown - top) for left, right in pairwise(edges))
    return (*columns, legend) if legend else columns


def _edges(spans: Sequence[tuple[float, float]], width: float) -> list[float]:
    """Where columns end: after each group of axes that no other overlaps."""
    edges, reached = [0.0], 0.0
    for left, right in sorted(spans):
        if reached and left > reached:
            edges.append(reached + REACH)
        reached = max(reached, right)
    return [*edges, width]


def _below_heading(svg: str, frames: float, first: float) -> float:
    """Where the columns begin: below what stands over the frames and reaches out of the first column."""
    over = [0.0]
    for size, x, y, words in OWN_TEXT.findall(svg):
        if float(y) < frames and _end(size, x, words) > first:
            over.append(float(y) + DESCENT * float(size))
    return max(over)


def _end(size: str, x: str, words: str) -> float:
    return float(x) + LETTER * float(size) * len(html.unescape(words))


def _legend(svg: str, bottom: float, width: float, height: float) -> PanelWindow | None:
    # A legend that belongs to the whole figure is drawn last.
    last = max((match.end() for match in LEGEND.finditer(svg)), default=len(svg))
    drawn = svg[last:].partition("<defs>")[0]
    points = [(float(x), float(y)) for x, y in POINT.findall(drawn)] if not AXES.search(drawn) else []
    if not points or min(y for _, y in points) <= bottom:
        return None
    left = max(0.0, min(x for x, _ in points) - MARGIN)
    words = [_end(size, x, text) for size, x, _, text in TEXT.findall(drawn)]
    right = min(width, max([max(x for x, _ in points) + WORD, *words]))
    top = min(y for _, y in points) - MARGIN
    return PanelWindow(left, top, right - left, height - top)
