from .catalogue import FIGURES, FigureEntry, entry
from .look.saving import save
from .publishing import draw_figure

__all__ = [
    "FIGURES",
    "FigureEntry",
    "draw_figure",
    "entry",
    "save",
]
