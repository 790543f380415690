"""What is trained on: images that stay on the device, or images that are read while the device computes."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int32, Key, UInt8

from empirical.augment import Transform, apply
from empirical.augment.applying import apply_to_batch
from empirical.datasets.image_sets import ImageSet
from empirical.store import epoch_batches

#: A set of up to this many bytes stays on the device.
RESIDENT_BYTES = 2**31
READ_AT_A_TIME = 256


class Resident(eqx.Module):
    """A set on the device: floats as the network takes them, or bytes that `transform` turns into floats by batches.

    Bytes without a transform become floats in [0, 1].
    """

    images: UInt8[Array, "n h w 3"] | Float32[Array, "n h w 3"]
    labels: Int32[Array, " n"]
    transform: Transform | None = eqx.field(static=True, default=None)

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: Int32[Array, " b"], *, key: Key[Array, ""]) -> Float32[Array, "b side side 3"]:
        """The images at `indices`; what is drawn for an image depends on key and index alone."""
        images = self.images[indices]
        if self.transform is not None:
            extents = jnp.broadcast_to(jnp.array(images.shape[1:3], jnp.int32), (len(indices), 2))
            return apply(images, extents, indices, transform=self.transform, key=key)
        return images / jnp.float32(255) if images.dtype == jnp.uint8 else images


class Streamed(NamedTuple):
    """A set on disk, read by `threads` and transformed on the device, `ahead` batches before they are needed.

    Attributes:
      threads: None: as many as this process's processors ask for (`decoding_threads`).
    """

    images: ImageSet
    transform: Transform
    threads: int | None = None
    ahead: int = 2

    def __len__(self) -> int:
        return len(self.images)


TrainingData = Resident | Streamed


def training_data(images: ImageSet, transform: Transform, *, resident_bytes: int = RESIDENT_BYTES) -> TrainingData:
    """The set in the form that is fastest to train on.

    Resident where it fits, transformed once where the transform draws nothing; else as bytes, if all images have one
    shape; else streamed.

    Args:
      resident_bytes: most that a set may take on the device.
    """
    pixels = len(images) * transform.side**2 * 3
    if not transform.draws and pixels * 4 <= resident_bytes:
        return Resident(_transformed(images, transform), _labels(images))
    first = images.images[0].shape
    if len(images) * first[0] * first[1] * 3 <= resident_bytes:
        stacked = _of_one_shape(images, first)
        if stacked is not None:
            return Resident(jnp.asarray(stacked), _labels(images), transform)
    return Streamed(images, transform)


def _transformed(images: ImageSet, transform: Transform) -> Float32[Array, "n side side 3"]:
    parts = [
        apply_to_batch(batch.images, batch.extents, batch.indices, transform=transform, key=jax.random.key(0))
        for batch in epoch_batches(images, np.arange(len(images)), READ_AT_A_TIME)
    ]
    return jnp.concatenate(parts)


def _of_one_shape(images: ImageSet, shape: tuple[int, ...]) -> UInt8[np.ndarray, "n h w 3"] | None:
    """All images, or None as soon as one has another shape."""
    stacked = np.empty((len(images), *shape), np.uint8)
    for index in range(len(images)):
        image = images.images[index]
        if image.shape != shape:
            return None
        stacked[index] = image
    return stacked


def _labels(images: ImageSet) -> Int32[Array, " n"]:
    return jnp.asarray(images.labels, jnp.int32)
