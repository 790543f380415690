"""The reduced fine-tuning flow, integrated: adaptive, in double precision, up to and including infinite time.

Time is measured in units of 1 / (2 L), L the largest eigenvalue of the training covariance. Infinite time is reached by
an event and not by a large number: near the set of zero loss the flow is linear, and the rapidity that remains until
the limit is `-(A^T A + |v|^2)^-1 F^T (w - w*)`, whatever the training covariance. Once that is negligible, one boost by
it gives the limit, up to its square. Source: docs/theory.md, section "The limit of fine-tuning".
"""

from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree, Scalar

from simulations.stiff import ExtrapolatedEuler
from theory.fine_tuning.flow import vector_field
from theory.fine_tuning.lorentz import boosted
from theory.reduction import FlowState, ReducedProblem, id_error

#: The rapidity under which a state counts as settled. What is neglected is its square.
SETTLED_RAPIDITY = 1e-9
#: Components of the state that are small beside the whole need fewer digits of their own.
ATOL_SHARE = 1e-3
#: Singular values of A below this multiple of the largest count as zero in the remaining rapidity.
RANK_RTOL = 1e-14


class Numerics(eqx.Module):
    """How to integrate; static under `jit`.

    Attributes:
      stiff: the implicit solver of `simulations.stiff`, which solves 36 systems of size r a step, for a reduced problem
        whose training covariance is diagonal; otherwise Dopri8.
      rtol: local error per step. At 1e-11 both solvers stay within 1e-9 of exact solutions; below that the implicit
        one meets its own rounding errors.
    """

    stiff: bool = eqx.field(static=True, default=False)
    rtol: float = eqx.field(static=True, default=1e-11)
    max_steps: int = eqx.field(static=True, default=100_000)


class Integration(eqx.Module):
    """What an integration brought back, before anybody has checked that it succeeded.

    Attributes:
      observed: what `observe` saw at every time.
      succeeded: whether every time was reached. Where it is False the rest is meaningless.
      steps: how many steps were taken, rejected ones included.
    """

    observed: PyTree
    succeeded: Bool[Array, ""]
    steps: Int[Array, ""]


def integrate(
    reduced: ReducedProblem,
    times: Float[Array, " t"],
    observe: Callable[[FlowState], PyTree],
    *,
    numerics: Numerics,
) -> Integration:
    """Fine-tuning from `reduced.start`, observed at increasing times from 0 to infinity; under `jit` and `vmap`.

    Nothing raises here: the caller checks `succeeded`.

    Args:
      times: learning rate x steps; infinity may be the last.
      observe: what is kept of the state at each time.
      numerics: which solver, and how exactly.
    """
    covariance = reduced.training_covariance
    largest = jnp.max(covariance) if covariance.ndim == 1 else jnp.linalg.eigvalsh(covariance)[-1]
    clock = 2 * largest * times
    finite = jnp.isfinite(clock)
    last = jnp.max(jnp.where(finite, clock, 0.0))
    # The solver wants save points that it can reach; observations at infinity are filled in afterwards.
    save_at = jnp.where(finite, clock, last)
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda _, state, reduced: _scaled(vector_field(state, reduced), 1 / (2 * largest))),
        ExtrapolatedEuler() if numerics.stiff else diffrax.Dopri8(),
        t0=0.0,
        t1=jnp.where(jnp.all(finite), last, jnp.inf),
        dt0=None,
        y0=reduced.start,
        args=reduced,
        saveat=diffrax.SaveAt(
            subs=[
                diffrax.SubSaveAt(ts=save_at, fn=lambda _, state, __: observe(state)),
                diffrax.SubSaveAt(t1=True),
            ]
        ),
        stepsize_controller=diffrax.ClipStepSizeController(
            diffrax.PIDController(rtol=numerics.rtol, atol=numerics.rtol * ATOL_SHARE * _size(reduced.start)),
            # Steps end at save points: interpolation, less accurate than the steps, never enters.
            step_ts=save_at,
        ),
        event=diffrax.Event(lambda _, state, reduced, **__: _has_settled(state, reduced)),
        max_steps=numerics.max_steps,
        throw=False,
    )
    saved: tuple[Any, Any] = (solution.ts, solution.ys)  # both were asked for, so neither is None
    (reached_at, observed), (_, final) = zip(*saved, strict=True)
    final = jax.tree.map(lambda leaf: leaf[0], final)
    settled = _has_settled(final, reduced)
    reached = jnp.isfinite(reached_at) & finite
    at_limit = observe(limit_nearby(final, reduced))
    observed = jax.tree.map(
        lambda along, limit: jnp.where(reached.reshape(-1, *(1,) * limit.ndim), along, limit), observed, at_limit
    )
    finished = (solution.result == diffrax.RESULTS.successful) | (solution.result == diffrax.RESULTS.event_occurred)
    finite_values = jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(observed)]))
    return Integration(
        observed=observed,
        succeeded=finished & finite_values & (settled | jnp.all(reached)),
        steps=solution.stats["num_steps"],
    )


def limit_nearby(state: FlowState, reduced: ReducedProblem) -> FlowState:
    """The limit of fine-tuning from a state that has settled; a fixed point is its own limit."""
    rapidity = remaining_rapidity(state, reduced)
    near = jnp.linalg.norm(rapidity) <= SETTLED_RAPIDITY
    return boosted(state, jnp.where(near, rapidity, 0.0))


def remaining_rapidity(state: FlowState, reduced: ReducedProblem) -> Float[Array, " m"]:
    """`-(A^T A + |v|^2)^-1 F^T (w - w*)`: the boost that leads to the limit of the linearised flow.

    What lies in the row space of A is taken apart from the rest, which |v|^2 alone divides.
    """
    features, error, head_size = state.id_features, id_error(state, reduced), jnp.sum(state.head**2)
    eigenvalues, vectors = jnp.linalg.eigh(features @ features.T)
    present = eigenvalues > RANK_RTOL * jnp.max(eigenvalues)
    inverse = jnp.where(present, 1 / jnp.where(present, eigenvalues, 1.0), 0.0)
    along = vectors.T @ (features @ error)
    outside = error - features.T @ (vectors @ (inverse * along))
    inside = features.T @ (vectors @ (inverse / (eigenvalues + head_size) * along))
    return -(inside + outside / jnp.where(head_size > 0, head_size, 1.0))


def _has_settled(state: FlowState, reduced: ReducedProblem) -> Bool[Array, ""]:
    still = _size(vector_field(state, reduced)) == 0
    # The rapidity is at least the error over |A|^2 + |v|^2: far from the limit nothing needs to be decomposed.
    shortest = jnp.linalg.norm(id_error(state, reduced)) / _size(state) ** 2
    near = ~(shortest > SETTLED_RAPIDITY)
    return still | jax.lax.cond(near, _nearly_there, lambda *_: jnp.array(False), state, reduced)


def _nearly_there(state: FlowState, reduced: ReducedProblem) -> Bool[Array, ""]:
    return jnp.linalg.norm(remaining_rapidity(state, reduced)) <= SETTLED_RAPIDITY


def _size(state: FlowState) -> Scalar:
    return jnp.sqrt(jnp.sum(state.head**2) + jnp.sum(state.id_features**2))


def _scaled(state: FlowState, factor: Scalar) -> FlowState:
    return jax.tree.map(lambda leaf: factor * leaf, state)
