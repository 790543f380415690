"""What a step minimises: mean cross-entropy on a batch, perhaps mixed, and perhaps a penalty."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32, Key, PyTree

from empirical.methods import L2SP, Mixup


class Targets(NamedTuple):
    """Class `first` with weight `ratio`, class `second` with the rest; `weight` is 0 for images that only fill up."""

    first: Int32[Array, " b"]
    second: Int32[Array, " b"]
    ratio: Float32[Array, " b"]
    weight: Float32[Array, " b"]


class Examples(NamedTuple):
    """A batch as the network sees it, and what it is to say."""

    images: Float32[Array, "b side side 3"]
    targets: Targets


def examples(
    images: Float32[Array, "b side side 3"], labels: Int32[Array, " b"], mixing: Mixup | None, *, key: Key[Array, ""]
) -> Examples:
    """A batch as the network sees it; the partner in mixing is the image at the same place of the reversed batch.

    Args:
      mixing: mixup with its Beta(alpha, alpha) ratio, one for the whole batch; None: none.
    """
    ones = jnp.ones(len(labels), jnp.float32)
    if mixing is None:
        return Examples(images, Targets(labels, labels, ones, ones))
    ratio = jax.random.beta(key, mixing.alpha, mixing.alpha, dtype=jnp.float32)
    mixed = ratio * images + (1 - ratio) * images[::-1]
    return Examples(mixed, Targets(labels, labels[::-1], ratio * ones, ones))


def summed_cross_entropy(scores: Float32[Array, "b classes"], targets: Targets) -> Float32[Array, ""]:
    """The sum over a batch; scores in a lower precision are raised first."""
    logarithms = jax.nn.log_softmax(scores.astype(jnp.float32))

    def of(labels: Int32[Array, " b"]) -> Float32[Array, " b"]:
        return -jnp.take_along_axis(logarithms, labels[:, None], axis=1)[:, 0]

    losses = targets.ratio * of(targets.first) + (1 - targets.ratio) * of(targets.second)
    return jnp.sum(targets.weight * losses)


def distance_penalty(penalty: L2SP, trained: PyTree, pretrained: PyTree) -> Float32[Array, ""]:
    """`strength` times the squared distance between two trees of the backbone's trained arrays.

    Args:
      trained, pretrained: of one structure, None where nothing is penalised.
    """
    squares = jax.tree.map(lambda now, before: jnp.sum((now - before) ** 2), trained, pretrained)
    return jnp.float32(penalty.strength) * jax.tree.reduce(jnp.add, squares)
