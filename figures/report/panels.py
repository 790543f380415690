"""The columns of a figure as windows of their own, which a phone shows below each other."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

#: The frame of a set of axes, the first thing that matplotlib draws of it: corner, corner, corner, corner.
AXES = re.compile(
    r'<g id="[\w-]*axes_\d+">\s*<g id="[\w-]*patch_\d+">\s*<path d="M ([\d.]+) ([\d.]+)\s+L ([\d.]+) [\d.]+\s+L '
)
LEGEND = re.compile(r'<g id="[\w-]*legend_\d+">')
POINT = re.compile(r'(?:[ML] |x=")([\d.]+)(?: |" y=")([\d.]+)')
#: Points by which ticks reach beyond the right end of a frame, and words beyond their first letter.
REACH, WORD, MARGIN = 5.0, 40.0, 3.0


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
    columns = tuple(PanelWindow(left, 0.0, right - left, shown) for left, right in pairwise(edges))
    return (*columns, legend) if legend else columns


def _edges(spans: Sequence[tuple[float, float]], width: float) -> list[float]:
    """Where columns end: after each group of axes that no other overlaps."""
    edges, reached = [0.0], 0.0
    for left, right in sorted(spans):
        if reached and left > reached:
            edges.append(reached + REACH)
        reached = max(reached, right)
    return [*edges, width]


def _legend(svg: str, bottom: float, width: float, height: float) -> PanelWindow | None:
    # A legend that belongs to the whole figure is drawn last.
    last = max((match.end() for match in LEGEND.finditer(svg)), default=len(svg))
    drawn = svg[last:].partition("<defs>")[0]
    points = [(float(x), float(y)) for x, y in POINT.findall(drawn)] if not AXES.search(drawn) else []
    if not points or min(y for _, y in points) <= bottom:
        return None
    left = max(0.0, min(x for x, _ in points) - MARGIN)
    right = min(width, max(x for x, _ in points) + WORD)
    top = min(y for _, y in points) - MARGIN
    return PanelWindow(left, top, right - left, height - top)
