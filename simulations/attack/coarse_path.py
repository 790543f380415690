"""Evidence that is cheap to differentiate: closed form with one ID direction, a fixed number of steps with more."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from simulations.starting_heads import from_each_head
from theory import linear_probing
from theory.fine_tuning.flow import vector_field
from theory.problem import Problem
from theory.reduction import FlowState, ReducedProblem, reduce
from theory.statements import Evidence, closed_form_evidence
from theory.statements.evidence import networks_along

#: Moments on a closed-form path, and steps of an integrated one.
MOMENTS = 33
STEPS = 200
#: Length of a step times the largest rate of decay, at most 2 L (|v|^2 + |A|^2) / |state|: 1.6 of the 2.8 at which the
#: fourth-order Runge-Kutta method becomes unstable.
STEP_LENGTH = 0.8


def coarse_evidence(problem: Problem) -> Evidence:
    """Evidence for the descent; good to a few digits with several ID directions, so never what a verdict rests on."""
    if problem.id_dim == 1:
        return closed_form_evidence(problem, moments=MOMENTS)
    reduced = reduce(problem, compress=False)
    probed = linear_probing.limit(reduced)
    fine_tuning, lp_ft = from_each_head(
        lambda head: coarse_path(reduced.with_head(head)), reduced.start.head, probed.head
    )
    return Evidence(
        problem=problem,
        fine_tuning=networks_along(fine_tuning, reduced, problem),
        linear_probing=networks_along(
            jax.tree.map(lambda *parts: jnp.stack(parts), reduced.start, probed), reduced, problem
        ),
        lp_ft=networks_along(lp_ft, reduced, problem),
    )


def coarse_path(reduced: ReducedProblem) -> FlowState:
    """States of fine-tuning at the start and after each step; steps adapt to the size of the network."""
    largest = jnp.max(jnp.diag(reduced.training_covariance))

    def step(state: FlowState, _: None) -> tuple[FlowState, FlowState]:
        length = STEP_LENGTH / (largest * _squared_size(state))
        first = vector_field(state, reduced)
        second = vector_field(_moved(state, first, length / 2), reduced)
        third = vector_field(_moved(state, second, length / 2), reduced)
        fourth = vector_field(_moved(state, third, length), reduced)
        mean = jax.tree.map(lambda a, b, c, d: (a + 2 * b + 2 * c + d) / 6, first, second, third, fourth)
        state = _moved(state, mean, length)
        return state, state

    _, states = jax.lax.scan(step, reduced.start, length=STEPS)
    return jax.tree.map(lambda start, rest: jnp.concatenate([start[None], rest]), reduced.start, states)


def _squared_size(state: FlowState) -> Float[Array, ""]:
    return jnp.sum(state.head**2) + jnp.sum(state.id_features**2)


def _moved(state: FlowState, velocity: FlowState, length: Float[Array, ""]) -> FlowState:
    return jax.tree.map(lambda part, change: part + length * change, state, velocity)
