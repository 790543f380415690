"""An implicit solver for badly conditioned covariances, which knows the structure of the fine-tuning flow.

A plain implicit Euler step needs the solution of an r (m + 1) system. Here one step of size h is a boost,

    Z <- Z exp(h K(g)),     (D^-1 + h (A^T A + |v|^2)) g = -F^T (w - w*),     D = 2 C:

the drive q = -2 C F^T (w - w*) of the flow, damped in exactly the directions that are stiff. The system is positive
definite, diagonal up to rank r, and so as cheap as r products with A. For h -> 0 the step is Euler's method on the
group SO(1, m), for h -> infinity it lands on the limit of the linearised flow. Extrapolation to step size zero (Aitken
and Neville, harmonic sequence) raises it to order eight.
Source of the extrapolation: Hairer and Wanner, Solving Ordinary Differential Equations II, section IV.9.
"""

from collections.abc import Callable
from typing import ClassVar, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, Float, PyTree, Scalar

from theory.fine_tuning.lorentz import boosted
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
        columns = _columns(y0, args, jnp.asarray(t1 - t0))
        y1 = _weighted(columns, extrapolation_weights(COLUMNS))
        lower = _weighted(columns, np.append(extrapolation_weights(COLUMNS - 1), 0.0))
        error = jax.tree.map(jnp.subtract, y1, lower)
        return y1, error, {"y0": y0, "y1": y1}, None, diffrax.RESULTS.successful

    def func(self, terms, t0, y0, args):
        return terms.vf(t0, y0, args)


def _columns(start: FlowState, reduced: ReducedProblem, size: Scalar) -> FlowState:
    """The first column of the extrapolation table: the step in 1, 2, ..., substeps."""

    def advance(state: FlowState, substeps: tuple[Array, Array]) -> tuple[FlowState, FlowState]:
        count, first = substeps
        state = jax.tree.map(lambda begun, going: jnp.where(first, begun, going), start, state)
        state = damped_step(state, reduced, size / count)
        return state, state

    first = np.concatenate([[True], SUBSTEPS[1:] != SUBSTEPS[:-1]])
    counts = jnp.asarray(SUBSTEPS, start.head.dtype)
    _, states = jax.lax.scan(advance, start, (counts, jnp.asarray(first)))
    last = np.cumsum(np.arange(1, COLUMNS + 1)) - 1
    return jax.tree.map(lambda leaf: leaf[last], states)


def _weighted(columns: FlowState, weights: Float[np.ndarray, " c"]) -> FlowState:
    return jax.tree.map(lambda leaf: jnp.tensordot(jnp.asarray(weights), leaf, axes=1), columns)


def damped_step(state: FlowState, reduced: ReducedProblem, size: Scalar) -> FlowState:
    """One boost along the damped drive; first-order accurate, stable for every size."""
    relative = reduced.training_covariance / jnp.max(reduced.training_covariance)
    # Multiplied by sqrt(D) from both sides: 1 + h sqrt(D) (A^T A + |v|^2) sqrt(D), whose condition number is h at most.
    root = jnp.sqrt(relative)
    system = DampedSystem(
        diagonal=1 + size * relative * jnp.sum(state.head**2), rows=jnp.sqrt(size) * state.id_features * root
    )
    return boosted(state, -size * root * system.solution(root * id_error(state, reduced)))


class DampedSystem(NamedTuple):
    """The positive definite matrix `diagonal + rows^T rows`, with diagonal entries of 1 at least."""

    diagonal: Float[Array, " m"]
    rows: Float[Array, "r m"]

    def solution(self, right: Float[Array, " m"]) -> Float[Array, " m"]:
        """The solution of the system, in O(m r^2) where r < m (Sherman, Morrison and Woodbury), in O(m^3) otherwise."""
        r, m = self.rows.shape
        if r >= m:
            return cho_solve(cho_factor(jnp.diag(self.diagonal) + self.rows.T @ self.rows), right)
        scaled = self.rows / self.diagonal
        factor = cho_factor(jnp.eye(r) + scaled @ self.rows.T)

        def rough(right: Float[Array, " m"]) -> Float[Array, " m"]:
            return right / self.diagonal - scaled.T @ cho_solve(factor, scaled @ right)

        # The formula subtracts what may nearly cancel; a step of refinement gives back the digits.
        first = rough(right)
        return first + rough(right - self.diagonal * first - self.rows.T @ (self.rows @ first))
