"""Losses of a batch, summed over its examples: what fine-tuning conserves does not depend on which is taken."""

from collections.abc import Callable

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

#: From outputs and labels of a batch to a number; differentiable in the outputs.
Loss = Callable[[Float[Array, "b *q"], Float[Array, "b *q"]], Float[Array, ""]]


def squared_loss(outputs: Float[Array, "b *q"], labels: Float[Array, "b *q"]) -> Float[Array, ""]:
    """`|outputs - labels|^2`, the paper's."""
    return jnp.sum((outputs - labels) ** 2)


def logistic_loss(outputs: Float[Array, " b"], labels: Float[Array, " b"]) -> Float[Array, ""]:
    """Cross-entropy of two classes; labels are probabilities of the class with positive outputs, 0 and 1 included."""
    return jnp.sum(optax.sigmoid_binary_cross_entropy(outputs, labels))


def softmax_loss(outputs: Float[Array, "b q"], labels: Float[Array, "b q"]) -> Float[Array, ""]:
    """Cross-entropy of q classes; labels are probabilities, a single 1 for a class that is certain."""
    return jnp.sum(optax.softmax_cross_entropy(outputs, labels))
