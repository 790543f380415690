"""Linear probing: multinomial logistic regression on cached features, over a path of L2 penalties.

The paper's procedure: features normalised by two scalars (mean and deviation over all entries, not per coordinate),
minimise 0.5 |W|^2 + C sum of cross-entropies with an unpenalised intercept, choose C by ID validation accuracy, and
return the head to raw feature space exactly, so that the network with that head *is* the probe.
Source: protocol section 5.1. We iterate to convergence (2000 steps at most) where the paper stops at 200.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int
from sklearn.linear_model import LogisticRegression

MAX_ITERATIONS = 2000
TOLERANCE = 1e-4


class Features(NamedTuple):
    """Features of a set and its labels."""

    features: Float32[np.ndarray, "n k"]
    labels: Int[np.ndarray, " n"]


class ProbeHead(NamedTuple):
    """A head on raw features."""

    weight: Float32[np.ndarray, "classes k"]
    bias: Float32[np.ndarray, " classes"]

    def accuracy(self, data: Features) -> float:
        scores = data.features @ self.weight.T + self.bias
        return float(np.mean(np.argmax(scores, axis=1) == data.labels))


class LinearProbe(NamedTuple):
    """The head of one penalty on the path and its accuracy on the set that selects."""

    penalty: float  # C, the inverse of the L2 strength
    head: ProbeHead
    validation_accuracy: float


class Normalisation(NamedTuple):
    """Two scalars: the features enter the probe as (features - mean) / deviation."""

    mean: float
    deviation: float

    def __call__(self, features: Float32[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
        return (features.astype(np.float64) - self.mean) / self.deviation

    def raw_head(self, weight: Float[np.ndarray, "classes k"], bias: Float[np.ndarray, " classes"]) -> ProbeHead:
        """The head that gives the same scores on raw features."""
        weight = np.ascontiguousarray(weight / self.deviation)  # scikit-learn's comes in Fortran order
        return ProbeHead(weight.astype(np.float32), (bias - self.mean * weight.sum(axis=1)).astype(np.float32))


def normalisation(features: Float32[np.ndarray, "n k"]) -> Normalisation:
    """Mean and standard deviation over all entries.

    Raises:
      ValueError: the features are constant or not finite.
    """
    mean, deviation = float(np.mean(features, dtype=np.float64)), float(np.std(features, dtype=np.float64))
    if not (np.isfinite(deviation) and deviation > 0):
        raise ValueError(f"`features` must be finite and not all equal, got standard deviation {deviation}.")
    return Normalisation(mean, deviation)


def probe_path(training: Features, validation: Features, *, penalties: tuple[float, ...]) -> list[LinearProbe]:
    """One probe for each C, ascending, each started from the one before."""
    normalise = normalisation(training.features)
    inputs = normalise(training.features)
    solver = LogisticRegression(tol=TOLERANCE, max_iter=MAX_ITERATIONS, warm_start=True)
    path = []
    for penalty in sorted(penalties):
        solver.set_params(C=penalty).fit(inputs, training.labels)
        head = normalise.raw_head(solver.coef_, solver.intercept_)
        path.append(LinearProbe(penalty, head, head.accuracy(validation)))
    return path


def selected_probe(path: list[LinearProbe]) -> LinearProbe:
    """The probe of highest validation accuracy; the smaller C on ties."""
    return max(path, key=lambda probe: (probe.validation_accuracy, -probe.penalty))
