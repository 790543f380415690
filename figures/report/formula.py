"""Formulas as pictures in the page: one SVG path each, in the colour of the text around it, without a script."""

import re

import numpy as np
from markupsafe import Markup
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextToPath

#: What matplotlib's mathematics spells otherwise than LaTeX does.
SPELLINGS = {
    r"\\ge(?![a-z])": r"\\geq",
    r"\\le(?![a-z])": r"\\leq",
    r"\\xrightarrow{p}": r"\\overset{p}{\\rightarrow}",
    r"\\sqrt(\\[a-z]+)": r"\\sqrt{\1}",
}
SIZE = 100.0
MARGIN = 8.0
COMMANDS = {Outline.MOVETO: "M", Outline.LINETO: "L", Outline.CURVE3: "Q", Outline.CURVE4: "C", Outline.CLOSEPOLY: "Z"}


def formula(latex: str) -> Markup:
    """A formula as inline SVG; its source is what a screen reader says.

    Raises:
      ValueError: the formula uses a command that matplotlib cannot set.
    """
    text = latex
    for pattern, replacement in SPELLINGS.items():
        text = re.sub(pattern, replacement, text)
    vertices, codes = TextToPath().get_text_path(
        FontProperties(size=SIZE, math_fontfamily="stix"), f"${text}$", ismath=True
    )
    outline = Outline(vertices, codes)
    # A glyph's curves have their extremes at their ends, so nothing lies beyond the points that describe it.
    corners = np.asarray(outline.vertices)[np.asarray(outline.codes) != Outline.CLOSEPOLY]
    (left, bottom), (right, top) = corners.min(axis=0) - MARGIN, corners.max(axis=0) + MARGIN
    steps = (
        COMMANDS[code]
        + ("" if code == Outline.CLOSEPOLY else " ".join(f"{x:.0f} {-y:.0f}" for x, y in points.reshape(-1, 2)))
        for points, code in outline.iter_segments(simplify=False, curves=True)
    )
    return Markup(
        '<svg class="formula" role="img" aria-label="{}" viewBox="{:.0f} {:.0f} {:.0f} {:.0f}" style="width:{:.2f}em">'
        '<path fill="currentColor" d="{}"/></svg>'
    ).format(latex, left, -top, right - left, top - bottom, (right - left) / SIZE, "".join(steps))
