"""A data set's pipelines for training and for evaluation, as data, and the one function that applies them.

Source: docs/protocol.md, sections 3.2 and 3.3. CLIP normalises inside the model, so DomainNet and ImageNet have no
normalisation here. BREEDS and CIFAR use the paper's 0.228 for the first deviation, where 0.229 is standard.
"""

from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int, Key, UInt8

from artifacts.frozen import Frozen
from empirical.augment import crops
from empirical.augment.resampling import Kernel, Window, view

Colour = tuple[float, float, float]
MEAN: Colour = (0.485, 0.456, 0.406)
STANDARD: Colour = (0.229, 0.224, 0.225)
#: The paper's, for BREEDS and CIFAR.
SWAV: Colour = (0.228, 0.224, 0.225)


class Transform(Frozen):
    """From an image of any shape to a square of floats.

    `resized` is the side before a crop; a missing `deviation` means values in [0, 1].
    """

    crop: Literal["random_resized_crop", "resize_random_crop", "resize_centre_crop", "resize"]
    side: int = 224
    resized: int | None = None
    kernel: Kernel = "bilinear"
    flip: bool = False
    deviation: Colour | None = None

    @property
    def draws(self) -> bool:
        """Whether anything is random: where nothing is, an image may be transformed once and kept."""
        return self.flip or self.crop in ("random_resized_crop", "resize_random_crop")

    def at_side(self, side: int) -> "Transform":
        """The same pipeline for smaller or larger images, the side before the crop in proportion."""
        resized = None if self.resized is None else max(side, round(self.resized * side / self.side))
        return self.model_copy(update={"side": side, "resized": resized})


class Pipelines(Frozen):
    """What a data set's images go through; OOD images go through `evaluation` as ID test images do."""

    training: Transform
    evaluation: Transform

    def under(self, protocol: str) -> "Pipelines":
        """As the paper has it, or, under any other protocol, with the standard deviation 0.229 everywhere."""
        if protocol == "paper":
            return self
        return Pipelines(training=_standardised(self.training), evaluation=_standardised(self.evaluation))

    def at_side(self, side: int) -> "Pipelines":
        """The same pipelines for smaller or larger images; sides before a crop change in proportion."""
        return Pipelines(training=self.training.at_side(side), evaluation=self.evaluation.at_side(side))


def _standardised(transform: Transform) -> Transform:
    return transform if transform.deviation is None else transform.model_copy(update={"deviation": STANDARD})


#: For a user's own photographs, where nothing else is asked for.
OWN = Pipelines(
    training=Transform(crop="random_resized_crop", flip=True, deviation=STANDARD),
    evaluation=Transform(crop="resize_centre_crop", resized=256, deviation=STANDARD),
)


@partial(jax.jit, static_argnames="transform")
def apply(
    images: UInt8[Array, "b h w 3"], extents: Int[Array, "b 2"], indices: Int[Array, " b"], *,
    transform: Transform, key: Key[Array, ""],
) -> Float32[Array, "b side side 3"]:  # fmt: skip
    """Images of a batch, transformed.

    What is drawn for an image depends on the key and its index alone, not on the batch that it came in: give each
    epoch a key of its own.

    Args:
      images: at the top left of a canvas, of which `extents` (height, width) is filled; the rest never shows.
    """

    def one(image: Array, extent: Array, index: Array) -> Float32[Array, "side side 3"]:
        window = _window(extent.astype(jnp.int32), transform, key=jax.random.fold_in(key, index))
        return view(image, window, side=transform.side, kernel=transform.kernel)

    return scaled(jax.vmap(one)(images, extents, indices), transform.deviation)


def scaled(
    pictures: UInt8[Array, "b h w 3"] | Float32[Array, "b h w 3"], deviation: Colour | None
) -> Float32[Array, "b h w 3"]:
    """Whole numbers from 0 to 255, which every view consists of, to what the network takes."""
    pictures = pictures / jnp.float32(255)
    if deviation is None:
        return pictures
    return (pictures - jnp.array(MEAN, jnp.float32)) / jnp.array(deviation, jnp.float32)


def _window(extent: crops.Extent, transform: Transform, *, key: Key[Array, ""]) -> Window:
    crop_key, flip_key = jax.random.split(key)
    resized = transform.resized or transform.side
    match transform.crop:
        case "random_resized_crop":
            window = crops.random_resized_crop(extent, transform.side, key=crop_key)
        case "resize_random_crop":
            window = crops.resize_random_crop(extent, transform.side, resized, key=crop_key)
        case "resize_centre_crop":
            window = crops.resize_centre_crop(extent, transform.side, resized)
        case "resize":
            window = crops.resize(extent, transform.side)
    return window._replace(flipped=jax.random.bernoulli(flip_key, 0.5) if transform.flip else window.flipped)
