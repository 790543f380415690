"""How sure a number over seeds is: its mean with two intervals of 90 %.

Source: docs/protocol.md, section 6.
"""

import math
from collections.abc import Sequence

import numpy as np

from empirical.records import Estimate

NORMAL_90 = 1.645  # as printed in the paper's code


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and 90 % half widths over seeds, with the sample standard deviation (n - 1)."""
    count, mean = len(values), math.fsum(values) / len(values)
    if count < 2:
        return Estimate(mean=mean, ci90=None, ci90_normal=None, per_seed=list(values))
    from scipy import special  # a tenth of a second, and commands that show what there is need no interval

    error = float(np.std(values, ddof=1)) / math.sqrt(count)
    student = float(special.stdtrit(count - 1, 0.95)) * error
    return Estimate(mean=mean, ci90=student, ci90_normal=NORMAL_90 * error, per_seed=list(values))
