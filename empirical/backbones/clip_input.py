"""CLIP's own standardisation of images in [0, 1]; it is part of the model, so no data set's pipeline standardises.

Source: openai/CLIP `clip.py`, docs/protocol.md 3.1.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float32

MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)


def standardised(images: Float32[Array, "n side side 3"]) -> Float32[Array, "n side side 3"]:
    """Each channel less its mean, over its standard deviation."""
    return (images - jnp.array(MEAN, jnp.float32)) / jnp.array(DEVIATION, jnp.float32)
