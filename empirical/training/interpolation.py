"""WiSE-FT: networks on the straight line between two, in the space of their weights."""

import jax
import jax.numpy as jnp

from artifacts import UserError
from empirical.backbones.classifier import Classifier


def interpolated(start: Classifier, end: Classifier, weight: float) -> Classifier:
    """Every array at `weight` of the way from `start` (0) to `end` (1).

    Running statistics are interpolated as all other arrays are: the published method was for networks without them. A
    variance between two positive ones is positive, and at both ends the networks are exactly those given.

    Source: Wortsman et al., 2022, equation 1.
    Raises:
      UserError: the two differ in architecture or number of classes.
    """
    if jax.tree.structure(start) != jax.tree.structure(end) or _shapes(start) != _shapes(end):
        raise UserError("Weights can be interpolated between two networks of one architecture, got two of different.")
    if weight in (0, 1):
        return start if weight == 0 else end
    return jax.tree.map(
        lambda a, b: (jnp.float32(1 - weight) * a + jnp.float32(weight) * b).astype(a.dtype), start, end
    )


def _shapes(classifier: Classifier) -> list[tuple[int, ...]]:
    return [array.shape for array in jax.tree.leaves(classifier)]
