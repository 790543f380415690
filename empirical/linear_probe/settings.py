"""How a probe is solved, as recipes name it."""

from typing import Literal

#: On what scale features are penalised: one mean and deviation over all entries, or those of each coordinate.
StandardisationName = Literal["scalar", "per_dimension"]
#: To a gradient tolerance, or as the paper's code has it (scikit-learn).
Solver = Literal["exact", "faithful"]
