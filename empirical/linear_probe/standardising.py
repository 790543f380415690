"""Features on a common scale, and heads back on raw features."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32

from empirical.linear_probe.head import ProbeHead
from empirical.linear_probe.settings import StandardisationName

#: Rows that are brought to double precision together.
ROWS = 4096


class Standardisation(NamedTuple):
    """Features enter the probe as (features - mean) / deviation, coordinate by coordinate."""

    mean: Float[np.ndarray, " k"]
    deviation: Float[np.ndarray, " k"]

    def __call__(self, features: Float32[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
        """Features on the common scale, in double precision."""
        return (features.astype(np.float64) - self.mean) / self.deviation

    def raw_head(self, weight: Float[np.ndarray, "classes k"], bias: Float[np.ndarray, " classes"]) -> ProbeHead:
        """The head that gives the same scores on raw features: W / s, and b - (W / s) m."""
        weight = np.ascontiguousarray(weight / self.deviation)
        return ProbeHead(weight.astype(np.float32), (bias - weight @ self.mean).astype(np.float32))


def standardisation(features: Float32[np.ndarray, "n k"], name: StandardisationName = "scalar") -> Standardisation:
    """Mean and standard deviation of the training features.

    Args:
      name: `scalar`, as the paper has it: one mean and one deviation over all entries; `per_dimension`: those of each
        coordinate, where a constant coordinate keeps the deviation 1.
    Raises:
      ValueError: the features are not finite, or all equal.
    """
    means = features.mean(axis=0, dtype=np.float64)
    mean = float(means.mean())
    overall = float(np.sqrt(_squares(features, mean).mean() / len(features)))
    if not (np.isfinite(overall) and overall > 0):
        raise ValueError(f"`features` must be finite and not all equal, got standard deviation {overall}.")
    if name == "scalar":
        return Standardisation(np.full(features.shape[1], mean), np.full(features.shape[1], overall))
    deviation = np.sqrt(_squares(features, means) / len(features))
    # The mean of equal numbers is not quite their value, nor their deviation quite zero.
    constant = np.ptp(features, axis=0) == 0
    return Standardisation(means, np.where(constant, 1.0, deviation))


def _squares(features: Float32[np.ndarray, "n k"], mean: Float[np.ndarray, " k"] | float) -> Float[np.ndarray, " k"]:
    """Sums of squared distances from a mean, column by column, without a copy of all features in double precision."""
    blocks = (features[start : start + ROWS].astype(np.float64) for start in range(0, len(features), ROWS))
    return np.sum([((block - mean) ** 2).sum(axis=0) for block in blocks], axis=0)
