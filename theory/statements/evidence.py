"""What a statement is judged on: a problem, and its networks under each method at many times."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory import linear_probing
from theory.bounds.finite_steps import Drift
from theory.fine_tuning import one_active_unit, one_id_direction
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.reduction import FlowState, ReducedProblem, network_at, reduce
from theory.risks import id_risk, ood_risk

#: Closed forms and SVDs agree with exact arithmetic to about 1e-13 of the network's size; one decade of slack.
ROUNDING = 1e-12


class Evidence(eqx.Module):
    """A problem and its networks under three methods.

    Each network carries a leading axis of times, from the start of training to its limit; times of different methods
    need not agree. Fine-tuning covers its path closely enough to look for its best moment.

    Attributes:
      drift: of fine-tuning up to each of its networks, where it was trained by finite steps or with weight decay; None
        for plain gradient flow, which drifts nothing.
      accuracy: error of the networks relative to W + |v0|; a smaller gap between two sides counts as equality. Where
        both sides vanish (perfect features) an integrator leaves nothing but its error.
    """

    problem: Problem
    fine_tuning: LinearNetwork
    linear_probing: LinearNetwork
    lp_ft: LinearNetwork
    drift: Drift | None = None
    accuracy: float = eqx.field(default=ROUNDING, static=True)


def closed_form_evidence(problem: Problem, *, moments: int = 65) -> Evidence:
    """Evidence without integration: one ID direction, or one feature with a training covariance c I.

    With one ID direction fine-tuning paths are covered evenly in rapidity, so no choice of time scale enters; with
    several they are covered evenly in the logarithm of time. The caller vouches for C = c I.

    Args:
      moments: points on each fine-tuning path, ends included.
    Raises:
      ValueError: the problem has several ID directions and several features.
    """
    if problem.id_dim > 1 and problem.feature_dim > 1:
        raise ValueError(
            f"A closed form needs one ID direction or one feature, got m={problem.id_dim}, k={problem.feature_dim}."
        )
    reduced = reduce(problem, compress=False)
    fractions = jnp.linspace(0.0, 1.0, moments)

    def path(start: ReducedProblem) -> FlowState:
        if problem.id_dim > 1:
            return jax.vmap(lambda time: one_active_unit.state_at(start, time))(_unit_times(start, moments))
        return jax.vmap(lambda fraction: one_id_direction.state_on_path(start, fraction))(fractions)

    probed = linear_probing.limit(reduced)
    ends = jax.tree.map(lambda *parts: jnp.stack(parts), reduced.start, probed)
    return Evidence(
        problem=problem,
        fine_tuning=networks_along(path(reduced), reduced, problem),
        linear_probing=networks_along(ends, reduced, problem),
        lp_ft=networks_along(path(reduced.with_head(probed.head)), reduced, problem),
    )


def _unit_times(start: ReducedProblem, moments: int) -> Float[Array, " t"]:
    imbalance = jnp.sum(start.start.head**2) - jnp.sum(start.start.id_features**2)
    rate = 2 * start.training_covariance[0, 0] * jnp.sqrt(jnp.sum(start.id_target**2) + imbalance**2 / 4)
    return jnp.concatenate([jnp.zeros(1), jnp.logspace(-6, 3, moments - 2) / rate, jnp.full(1, jnp.inf)])


def networks_along(states: FlowState, reduced: ReducedProblem, problem: Problem) -> LinearNetwork:
    """The networks of a path of states, times first."""
    return jax.vmap(lambda state: network_at(state, reduced, problem))(states)


def root_ood_risks(networks: LinearNetwork, problem: Problem) -> Float[Array, " t"]:
    """sqrt(OOD risk) at each time: the scale of all bounds."""
    return jnp.sqrt(jax.vmap(lambda network: ood_risk(network, problem))(networks))


def root_id_risks(networks: LinearNetwork, problem: Problem) -> Float[Array, " t"]:
    """sqrt(ID risk) at each time."""
    return jnp.sqrt(jax.vmap(lambda network: id_risk(network, problem))(networks))
