"""The law of the head alignment error at a random head: v0 ~ N(0, sigma^2 I) gives v0 . v* ~ N(0, sigma^2 W^2).

That is so for every rotation of the truth, so the law of phi depends on neither the features nor their alignment.
Source: docs/theory.md, section "The law of the head alignment error".
"""

import jax.numpy as jnp
from jax.scipy.stats import norm as normal
from jaxtyping import Array, Float, Scalar


def likely_head_alignment_error(
    norm: Scalar | float, head_scale: Scalar | float, failure: Scalar | float
) -> Float[Array, ""]:
    """`W sqrt(min(W^2, failure W sigma sqrt(pi) / 2))`, below which phi is with a probability of at most `failure`.

    Args:
      norm: W.
      head_scale: sigma.
      failure: a probability in (0, 1).
    """
    return norm * jnp.sqrt(jnp.minimum(norm**2, failure * norm * head_scale * jnp.sqrt(jnp.pi) / 2))


def probability_of_smaller(phi: Scalar | float, norm: Scalar | float, head_scale: Scalar | float) -> Float[Array, ""]:
    """The probability that a random head has a head alignment error of at most phi, exactly.

    Args:
      phi: head alignment error, at least 0.
      norm: W.
      head_scale: sigma.
    """
    scale = head_scale * norm
    upper = jnp.sqrt(norm**4 + phi**2)
    lower = jnp.sqrt(jnp.maximum(norm**4 - phi**2, 0.0))
    return 2 * (normal.cdf(upper / scale) - normal.cdf(lower / scale))
