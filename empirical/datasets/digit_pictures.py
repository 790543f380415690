"""Handwritten digits drawn in a style; which styles there are say the families."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32, Int, UInt8

from empirical.datasets.drawn import Sheet
from empirical.datasets.rendering import render, render_each
from empirical.datasets.styles import SIDE, Style


def pictures(strokes: Float32[np.ndarray, "n 32 32"], style: Style, *, seed: int) -> UInt8[np.ndarray, "n 32 32 3"]:
    """The digits in a style; the draw for an image depends on the seed, the style and its position."""
    # A fixed draw for each image: replicates see the same pictures.
    return np.asarray(render(jnp.asarray(strokes), style, key=jax.random.key(seed)))


def sheet(strokes: Float32[np.ndarray, "n 32 32"], style: Style, *, seed: int) -> Sheet:
    """`pictures`, each drawn when it is first looked at."""
    # As numbers, since each of the steps in which JAX picks some keys outside `jit` is compiled anew in every process.
    keys = np.asarray(jax.random.key_data(jax.random.split(jax.random.key(seed), len(strokes))))

    def draw(positions: Int[np.ndarray, " b"]) -> UInt8[np.ndarray, "b 32 32 3"]:
        chosen = jax.random.wrap_key_data(keys[positions])
        return np.asarray(render_each(jnp.asarray(strokes[positions]), style, chosen))

    return Sheet(draw, len(strokes), (SIDE, SIDE))
