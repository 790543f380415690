"""An image set as its network sees it: transformed batches on the device, all of one shape."""

from collections.abc import Iterator
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float32, Int, Key

from empirical.augment import Transform
from empirical.augment.applying import apply_to_batch
from empirical.datasets.image_sets import ImageSet
from empirical.store import epoch_batches


class View(NamedTuple):
    """A batch. The first `count` images are new; the last batch is filled up with images that were shown before.

    Attributes:
      indices: positions of the images in their set.
    """

    images: Float32[Array, "b side side 3"]
    indices: Int[np.ndarray, " b"]
    count: int


def views(
    images: ImageSet,
    transform: Transform,
    *,
    batch_size: int,
    key: Key[Array, ""],
    order: Int[np.ndarray, " n"] | None = None,
) -> Iterator[View]:
    """Every image once, in the order given or as they lie.

    Full batches everywhere: one program serves them all, and batch statistics never come from a few images.

    Args:
      key: what a random transform draws from; an image's look depends on it and the image's position alone.
    """
    order = np.arange(len(images)) if order is None else order
    filled = np.resize(order, -(-len(order) // batch_size) * batch_size)
    for number, batch in enumerate(epoch_batches(images, filled, batch_size)):
        shown = apply_to_batch(batch.images, batch.extents, batch.indices, transform=transform, key=key)
        yield View(shown, batch.indices, min(batch_size, len(order) - number * batch_size))


def any_key() -> Key[Array, ""]:
    """For transforms that draw nothing."""
    return jax.random.key(0)
