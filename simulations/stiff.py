"""An implicit solver for badly conditioned covariances, which knows the structure of the fine-tuning flow.

A plain implicit Euler step needs the solution of an r (m + 1) system. Here one step of size h is a boost,

    Z <- Z exp(h K(g)),     (D^-1 + h (A^T A + |v|^2)) g = -F^T (w - w*),     D = 2 C:

the drive q = -2 C F^T (w - w*) of the flow, damped in exactly the directions that are stiff; an m x m positive definite
system. For h -> 0 it is Euler's method on the group SO(1, m), for h -> infinity it lands on the limit of the linearised
flow. Extrapolation to step size zero (Aitken and Neville, harmonic sequence) raises it to order eight.
Source of the extrapolation: Hairer and Wanner, Solving Ordinary Differential Equations II, section IV.9.
"""

from collections.abc import Callable
from typing import ClassVar

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree, Scalar

from theory.fine_tuning.lorentz import boost, stacked, unstacked
from theory.reduction import FlowState, ReducedProblem, id_error

#: Columns of the extrapolation table. The weights of eight columns sum to 1e3 in absolute value: more would amplify
#: rounding beyond the tolerance that is asked for.
COLUMNS = 8
#: The harmonic sequence: column j takes j substeps of size h / j.
SUBSTEPS = np.repeat(np.arange(1, COLUMNS + 1), np.arange(1, COLUMNS + 1))


def extrapolation_weights(columns: int) -> Float[np.ndarray, " {columns}"]:
    """Weights with which the columns are summed: Lagrange's polynomial in the substep size, at substep size zero."""
    counts = np.arange(1, columns + 1, dtype=float)
    return np.array(
        [np.prod([count / (count - other) for other in counts if other != count]) for count in counts], dtype=float
    )


class ExtrapolatedBoost(diffrax.AbstractAdaptiveSolver):
    """The solver of this file for diffrax: `args` is the `ReducedProblem`, with a diagonal training covariance.

    Time is in units of 1 / (2 L), as in `integration`.
    """

    term_structure: ClassVar = diffrax.AbstractTerm
    interpolation_cls: ClassVar[Callable[..., diffrax.LocalLinearInterpolation]] = diffrax.LocalLinearInterpolation

    def order(self, terms: PyTree) -> int:
        return COLUMNS

    def init(self, terms, t0, t1, y0, args):
        return None

    def step(self, terms, t0, t1, y0: FlowState, args: ReducedProblem, solver_state, made_jump):
        size = t1 - t0
        columns = _columns(stacked(y0), args, size)
        best = jnp.tensordot(jnp.asarray(extrapolation_weights(COLUMNS)), columns, axes=1)
        lower = jnp.tensordot(jnp.asarray(extrapolation_weights(COLUMNS - 1)), columns[:-1], axes=1)
        y1 = unstacked(best)
        return y1, unstacked(best - lower), {"y0": y0, "y1": y1}, None, diffrax.RESULTS.successful

    def func(self, terms, t0, y0, args):
        return terms.vf(t0, y0, args)


def _columns(start: Float[Array, "r q"], reduced: ReducedProblem, size: Scalar) -> Float[Array, "c r q"]:
    """The first column of the extrapolation table: the step in 1, 2, ..., substeps."""

    def advance(state, substeps):
        count, first = substeps
        state = jnp.where(first, start, state)
        state = damped_step(state, reduced, size / count)
        return state, state

    first = np.concatenate([[True], SUBSTEPS[1:] != SUBSTEPS[:-1]])
    _, states = jax.lax.scan(advance, start, (jnp.asarray(SUBSTEPS, size.dtype), jnp.asarray(first)))
    return states[np.cumsum(np.arange(1, COLUMNS + 1)) - 1]


def damped_step(moving: Float[Array, "r q"], reduced: ReducedProblem, size: Scalar) -> Float[Array, "r q"]:
    """One boost along the damped drive; first-order accurate, stable for every size."""
    state = unstacked(moving)
    eigenvalues = reduced.training_covariance
    relative = eigenvalues / jnp.max(eigenvalues)
    features = state.id_features
    # Multiplied by sqrt(D) from both sides: 1 + h sqrt(D) (A^T A + |v|^2) sqrt(D), whose condition number is h at most.
    root = jnp.sqrt(relative)
    scaled = features * root
    system = jnp.diag(1 + size * relative * jnp.sum(state.head**2)) + size * scaled.T @ scaled
    factor = jax.scipy.linalg.cho_factor(system)
    drive = -root * jax.scipy.linalg.cho_solve(factor, root * id_error(state, reduced))
    return moving @ boost(size * drive)
