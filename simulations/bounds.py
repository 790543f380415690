"""Every bound of `theory.bounds` on one problem, for experiments to hold against what they measure."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.bounds import (
    corrected_lower_bound,
    half_space_lower_bound,
    implicit_lower_bound,
    linear_probing_upper_bound,
    lp_ft_upper_bound,
    published_lower_bound,
)
from theory.bounds.lp_ft import lp_ft_feature_movement_bound
from theory.problem import Problem


class Bounds(eqx.Module):
    """Bounds on sqrt(OOD risk), and one on the movement of features.

    Lower ones for fine-tuning at every time, upper ones for the limit of linear probing and for LP-FT at every time
    (infinite where their premise fails). `lp_ft_movement` bounds the root mean square movement of features over ID
    inputs of unit length.
    """

    published: Float[Array | np.ndarray, "*batch"]
    corrected: Float[Array | np.ndarray, "*batch"]
    implicit: Float[Array | np.ndarray, "*batch"]
    half_space: Float[Array | np.ndarray, "*batch"]
    linear_probing: Float[Array | np.ndarray, "*batch"]
    lp_ft: Float[Array | np.ndarray, "*batch"]
    lp_ft_movement: Float[Array | np.ndarray, "*batch"]

    @property
    def best(self) -> Float[Array | np.ndarray, "*batch"]:
        """The largest of the proved lower bounds, on which certificates rest."""
        larger = np.maximum if isinstance(self.implicit, np.ndarray) else jnp.maximum
        return larger(larger(self.corrected, self.implicit), self.half_space)

    @classmethod
    def of(cls, problem: Problem) -> "Bounds":
        """All bounds of a problem; a negative published bound, which says nothing, is given as 0."""
        return cls(
            published=jnp.maximum(published_lower_bound(problem), 0.0),
            corrected=corrected_lower_bound(problem),
            implicit=implicit_lower_bound(problem),
            half_space=half_space_lower_bound(problem),
            linear_probing=linear_probing_upper_bound(problem),
            lp_ft=lp_ft_upper_bound(problem),
            lp_ft_movement=lp_ft_feature_movement_bound(problem) / jnp.sqrt(float(problem.id_dim)),
        )
