"""An implicit solver for rates of very different size, which knows the structure of the fine-tuning flow.

Rates run from mu |v|^2 (directions that the features do not see) to L (|A|^2 + |v|^2). A plain implicit Euler step
needs the solution of an r (m + 1) system. Here the linearised flow is solved exactly with one system of size r. With
the drive q = -D F^T (w - w*), D = 2 C, the step of size h from (v, A) is

    dA = h (dv q^T + v g^T),   g = (1 + h D |v|^2)^-1 (q - D (A + h v q^T)^T dv),
    [(1 - h^2 |q|^2) + h (A + h v q^T) D (1 + h D |v|^2)^-1 (A + h v q^T)^T] dv = h (A + h v q^T) (1 + h D |v|^2)^-1 q,

which is (1 - h J) (dv, dA) = h f(v, A), f the field and J its Jacobian, with dA and the drive g at the end of the step
eliminated. For h -> 0 it is Euler's method, for h -> infinity one step of Newton's towards zero loss. Extrapolation to
step size zero (Aitken and Neville, harmonic sequence) raises it to order eight.
Source of the extrapolation: Hairer and Wanner, Solving Ordinary Differential Equations II, section IV.9.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree, Scalar

from simulations.small_systems import solve
from theory.reduction import FlowState, ReducedProblem, id_error

#: Columns of the extrapolation table. The weights of eight columns sum to 1e3 in absolute value: more would amplify
#: rounding beyond the tolerance that is asked for.
COLUMNS = 8


def extrapolation_weights(columns: int) -> Float[np.ndarray, " {columns}"]:
    """Weights with which the columns are summed: Lagrange's polynomial in the substep size, at substep size zero."""
    counts = np.arange(1, columns + 1, dtype=float)
    return np.array(
        [np.prod([count / (count - other) for other in counts if other != count]) for count in counts], dtype=float
    )


class ExtrapolatedEuler(diffrax.AbstractAdaptiveSolver):
    """The solver of this file for diffrax: `args` is the `ReducedProblem`, with a diagonal training covariance.

    Time is in units of 1 / (2 L), as in `integration`.

    Attributes:
      substep: one linearly implicit Euler step from a state, given `args` and a size; that of several outputs is in
        `simulations.stiff_several_outputs`.
      columns: of the extrapolation table, which is the order; fewer where few digits are asked for.
    """

    substep: Callable[..., Any] = eqx.field(static=True, default_factory=lambda: implicit_step)
    columns: int = eqx.field(static=True, default=COLUMNS)

    term_structure: ClassVar = diffrax.AbstractTerm
    interpolation_cls: ClassVar[Callable[..., diffrax.LocalLinearInterpolation]] = diffrax.LocalLinearInterpolation

    def order(self, terms: PyTree) -> int:
        """The order of the whole extrapolation table: one for each column."""
        return self.columns

    def init(self, terms, t0, t1, y0, args):
        """No state: a step needs nothing of the one before."""
        return None

    def step(self, terms, t0, t1, y0: PyTree, args: PyTree, solver_state, made_jump):
        """One extrapolated step from `t0` to `t1`.

        The error that the step size is controlled by is the difference from the same table without its last column.
        """
        columns = _columns(self.substep, self.columns, y0, args, jnp.asarray(t1 - t0))
        y1 = _weighted(columns, extrapolation_weights(self.columns))
        lower = _weighted(columns, np.append(extrapolation_weights(self.columns - 1), 0.0))
        error = jax.tree.map(jnp.subtract, y1, lower)
        return y1, error, {"y0": y0, "y1": y1}, None, diffrax.RESULTS.successful

    def func(self, terms, t0, y0, args):
        """The vector field at one time, which diffrax asks for outside steps."""
        return terms.vf(t0, y0, args)


def _columns(substep: Callable[..., Any], count: int, start: PyTree, reduced: PyTree, size: Scalar) -> PyTree:
    """The first column of the extrapolation table: the step in 1, 2, ..., substeps."""
    # The harmonic sequence: column j takes j substeps of size h / j.
    substeps = np.repeat(np.arange(1, count + 1), np.arange(1, count + 1))

    def advance(state: PyTree, substeps_now: tuple[Array, Array]) -> tuple[PyTree, PyTree]:
        divided_by, first = substeps_now
        state = jax.tree.map(lambda begun, going: jnp.where(first, begun, going), start, state)
        state = substep(state, reduced, size / divided_by)
        return state, state

    first = np.concatenate([[True], substeps[1:] != substeps[:-1]])
    counts = jnp.asarray(substeps, jax.tree.leaves(start)[0].dtype)
    _, states = jax.lax.scan(advance, start, (counts, jnp.asarray(first)))
    last = np.cumsum(np.arange(1, count + 1)) - 1
    return jax.tree.map(lambda leaf: leaf[last], states)


def _weighted(columns: PyTree, weights: Float[np.ndarray, " c"]) -> PyTree:
    return jax.tree.map(lambda leaf: jnp.tensordot(jnp.asarray(weights), leaf, axes=1), columns)


def implicit_step(state: FlowState, reduced: ReducedProblem, size: Scalar) -> FlowState:
    """One linearly implicit Euler step with the exact Jacobian: first-order accurate, in O(m r^2).

    The system is not definite where h |q| > 1: a factorisation by Cholesky would fail there.

    Args:
      size: of the step, in units of 1 / (2 L).
    """
    head, features = state.head, state.id_features
    relative = reduced.training_covariance / jnp.max(reduced.training_covariance)
    drive = -relative * id_error(state, reduced)
    damping = 1 / (1 + size * relative * jnp.sum(head**2))
    moved = features + size * jnp.outer(head, drive)
    system = (1 - size**2 * jnp.sum(drive**2)) * jnp.eye(head.shape[0]) + size * (moved * relative * damping) @ moved.T
    change = solve(system, size * moved @ (damping * drive))
    drive_after = damping * (drive - relative * (moved.T @ change))
    return FlowState(
        head=head + change,
        id_features=features + size * (jnp.outer(change, drive) + jnp.outer(head, drive_after)),
    )
