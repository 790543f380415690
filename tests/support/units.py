"""The flow knows no units: with v, a in other units, u in their square and time in its inverse the path is the same."""

import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

#: A unit and a time, for `check_in_other_units`.
UNITS = st.sampled_from((1e-6, 1e-3, 1e3))
MOMENTS = st.sampled_from((0.03, 1.0, 30.0, np.inf))


def check_in_other_units(state_at, reduced_with, start, unit: float, time: float, *, rounding: float) -> None:
    """A closed form at a time, and in other units at the same time.

    Args:
      state_at: of what `reduced_with` makes and a time.
      start: v, a and u.
      rounding: of states in the first units.
    """
    head, feature, target = (jnp.asarray(part) for part in start)
    path = state_at(reduced_with(*start), jnp.asarray(time))
    other = state_at(reduced_with(unit * head, unit * feature, unit**2 * target), jnp.asarray(time / unit**2))
    np.testing.assert_allclose(other.head, unit * path.head, rtol=0, atol=rounding * unit)
    np.testing.assert_allclose(other.id_features, unit * path.id_features, rtol=0, atol=rounding * unit)
