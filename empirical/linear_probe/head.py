"""What a probe is fitted to, and what comes out of it."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int

#: Bias of a class that no training example has. The unpenalised intercept would go to minus infinity; at this value
#: its probability is zero in single and double precision alike, while weight decay, L2-SP and interpolation of heads
#: stay finite. An example of such a class counts about ten thousand in a mean negative log-likelihood.
UNSEEN_BIAS = -1e4


class Features(NamedTuple):
    """Features of a set and its labels."""

    features: Float32[np.ndarray, "n k"]
    labels: Int[np.ndarray, " n"]


class ProbeHead(NamedTuple):
    """A head on raw features, one row a class of the data set."""

    weight: Float32[np.ndarray, "classes k"]
    bias: Float32[np.ndarray, " classes"]

    def logits(self, features: Float32[np.ndarray, "n k"]) -> Float32[np.ndarray, "n classes"]:
        """Class scores of each example."""
        return features @ self.weight.T + self.bias

    def accuracy(self, data: Features) -> float:
        """The share, in [0, 1], of examples whose label has the largest score; ties go to the first class."""
        return float(np.mean(np.argmax(self.logits(data.features), axis=1) == data.labels))
