"""Features on a common scale, and heads back on raw features."""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Float32

from empirical.linear_probe.head import ProbeHead

StandardisationName = Literal["scalar", "per_dimension"]


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
    overall = float(np.std(features, dtype=np.float64))
    if not (np.isfinite(overall) and overall > 0):
        raise ValueError(f"`features` must be finite and not all equal, got standard deviation {overall}.")
    if name == "scalar":
        mean = np.full(features.shape[1], np.mean(features, dtype=np.float64))
        return Standardisation(mean, np.full(features.shape[1], overall))
    deviation = np.std(features, axis=0, dtype=np.float64)
    # The mean of equal numbers is not quite their value, nor their deviation quite zero.
    constant = np.ptp(features, axis=0) == 0
    return Standardisation(features.mean(axis=0, dtype=np.float64), np.where(constant, 1.0, deviation))
