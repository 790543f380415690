from .catalogue import FIGURES, FigureEntry, entry
from .look.saving import save
from .publishing import draw_figure
from .version import __version__

__all__ = [
    "FIGURES",
    "FigureEntry",
    "__version__",
    "draw_figure",
    "entry",
    "save",
]
