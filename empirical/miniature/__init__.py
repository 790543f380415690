"""Small synthetic copies of all ten data sets in their official layouts, for running everything without the data.

They carry signal that a small network learns and shifts of the kind that each data set has. Their numbers say nothing
about the data sets: each folder is marked, and whatever is made from it says so.
"""

from empirical.miniature.write import MINIATURES, write_miniature

__all__ = ["MINIATURES", "write_miniature"]
