"""What one problem says about every method: risks at the limits, the best over all times, and the bounds.

Two ways to the same numbers: in closed form for one ID direction, and by the integrated reduced flow otherwise. Both
are for `vmap`.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from simulations.bounds import Bounds
from simulations.integration import Numerics, integrate
from theory import linear_probing
from theory.fine_tuning import one_id_direction
from theory.problem import Problem
from theory.reduction import FlowState, ReducedProblem, id_risk, ood_risk, reduce

#: Moments on a path over which the lowest OOD risk is sought; evenly spaced in rapidity (closed form) or in log time.
MOMENTS = 65
INTEGRATED_MOMENTS = 25


class Measured(eqx.Module):
    """Risks of one problem; `best` are the lowest OOD risks over all stopping times (start and limit included)."""

    lp_id: Float[Array | np.ndarray, "*batch"]
    lp_ood: Float[Array | np.ndarray, "*batch"]
    lp_best_ood: Float[Array | np.ndarray, "*batch"]
    ft_id: Float[Array | np.ndarray, "*batch"]
    ft_ood: Float[Array | np.ndarray, "*batch"]
    ft_best_ood: Float[Array | np.ndarray, "*batch"]
    lp_ft_id: Float[Array | np.ndarray, "*batch"]
    lp_ft_ood: Float[Array | np.ndarray, "*batch"]
    lp_ft_worst_ood: Float[Array | np.ndarray, "*batch"]
    ft_movement: Float[Array | np.ndarray, "*batch"]
    lp_ft_movement: Float[Array | np.ndarray, "*batch"]
    bounds: Bounds
    solved: Bool[Array | np.ndarray, "*batch"]


def measured_exactly(problem: Problem) -> Measured:
    """One ID direction: everything in closed form."""
    reduced = reduce(problem, compress=False)
    probed = linear_probing.limit(reduced)
    fractions = jnp.linspace(0.0, 1.0, MOMENTS)

    def path(start: ReducedProblem) -> FlowState:
        along = jax.vmap(lambda fraction: one_id_direction.state_on_path(start, fraction))(fractions)
        end = one_id_direction.limit(start)
        return jax.tree.map(lambda leaf, last: leaf.at[-1].set(last), along, end)

    return _measured(problem, reduced, probed, path(reduced), path(reduced.with_head(probed.head)), jnp.asarray(True))


def measured_by_integration(problem: Problem) -> Measured:
    """Several ID directions: the reduced flow, observed from start to limit."""
    reduced = reduce(problem, compress=False)
    probed = linear_probing.limit(reduced)
    smallest = jnp.linalg.eigvalsh(problem.training_covariance)[0]
    times = jnp.concatenate(
        [jnp.zeros(1), jnp.logspace(-2, 3, INTEGRATED_MOMENTS - 2) / smallest, jnp.full(1, jnp.inf)]
    )
    starts = jnp.stack([reduced.start.head, probed.head])
    # Tolerances for a picture; the accuracy of single solutions is that of `gradient_flow`.
    numerics = Numerics(rtol=1e-8, max_steps=20_000)
    runs = jax.vmap(lambda head: integrate(reduced.with_head(head), times, lambda state: state, numerics=numerics))(
        starts
    )
    tuned, both = (jax.tree.map(lambda leaf, which=which: leaf[which], runs.observed) for which in (0, 1))
    return _measured(problem, reduced, probed, tuned, both, jnp.all(runs.succeeded))


def _measured(
    problem: Problem,
    reduced: ReducedProblem,
    probed: FlowState,
    tuned: FlowState,
    both: FlowState,
    solved: Bool[Array, ""],
) -> Measured:
    tuned_ood, both_ood = (jax.vmap(lambda state: ood_risk(state, reduced))(path) for path in (tuned, both))
    smallest = jnp.linalg.eigvalsh(problem.training_covariance)[0]
    probing_times = jnp.concatenate([jnp.zeros(1), jnp.logspace(-2, 4, MOMENTS) / smallest])
    probing = jax.vmap(lambda time: ood_risk(linear_probing.state_at(reduced, time), reduced))(probing_times)
    ends = [jax.tree.map(lambda leaf: leaf[-1], path) for path in (tuned, both)]
    before, size = reduced.start.id_features, jnp.sqrt(float(problem.id_dim))
    return Measured(
        lp_id=id_risk(probed, reduced),
        lp_ood=ood_risk(probed, reduced),
        lp_best_ood=jnp.minimum(jnp.min(probing), ood_risk(probed, reduced)),
        ft_id=id_risk(ends[0], reduced),
        ft_ood=tuned_ood[-1],
        ft_best_ood=jnp.min(tuned_ood),
        lp_ft_id=id_risk(ends[1], reduced),
        lp_ft_ood=both_ood[-1],
        lp_ft_worst_ood=jnp.max(both_ood),
        ft_movement=jnp.linalg.norm(ends[0].id_features - before) / size,
        lp_ft_movement=jnp.linalg.norm(ends[1].id_features - before) / size,
        bounds=Bounds.of(problem),
        solved=solved,
    )
