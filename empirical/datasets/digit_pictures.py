"""Handwritten digits drawn in a style; which styles there are say the families."""

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32, Int, UInt8, UInt32

from artifacts import fingerprint
from artifacts.imports import reached_code
from artifacts.random_keys import key_numbers
from artifacts.runtime import rounding
from artifacts.versions import reached_versions
from empirical.datasets.drawn import Sheet
from empirical.datasets.rendering import render, render_each
from empirical.datasets.styles import SIDE, Style


def pictures(strokes: Float32[np.ndarray, "n 32 32"], style: Style, *, seed: int) -> UInt8[np.ndarray, "n 32 32 3"]:
    """The digits in a style; the draw for an image depends on the seed, the style and its position."""
    # A fixed draw for each image: replicates see the same pictures.
    return np.asarray(render(jnp.asarray(strokes), style, key=jax.random.key(seed)))


def sheet(strokes: Callable[[], Float32[np.ndarray, "n 32 32"]], count: int, style: Style, *, seed: int) -> Sheet:
    """`pictures`, each drawn when it is first looked at.

    Args:
      strokes: the digits, asked for when the first picture is drawn. The sheet is named after a function at the top of
        a module; with any other it has no name, since that may mean other digits tomorrow.
      count: of the digits.
    """

    @cache
    def keys() -> UInt32[np.ndarray, "n words"]:
        return key_numbers(jax.random.key(seed), count)

    def draw(positions: Int[np.ndarray, " b"]) -> UInt8[np.ndarray, "b 32 32 3"]:
        chosen = jax.random.wrap_key_data(jnp.asarray(keys()[positions]))
        return np.asarray(render_each(jnp.asarray(strokes()[positions]), style, chosen))

    return Sheet(draw, count, (SIDE, SIDE), _name(strokes, count, style, seed))


def _name(strokes: Callable[[], Float32[np.ndarray, "n 32 32"]], count: int, style: Style, seed: int) -> str | None:
    """For everything that decides the pixels."""
    source = getattr(strokes, "__qualname__", "<no function>")
    if not source.isidentifier():
        return None
    made_by = (strokes.__module__, __name__)
    return fingerprint(
        {
            "strokes": f"{strokes.__module__}.{source}",
            "count": count,
            "style": style.model_dump(mode="json"),
            "seed": seed,
            "code": reached_code(*made_by),
            "versions": reached_versions(*made_by),
            "rounding": rounding(),
        }
    )
