"""Evidence that is cheap to differentiate: closed form with one ID direction, a fixed number of steps with more."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.starting_heads import from_each_head
from simulations.stiff import implicit_step
from simulations.verification.evidence import WEIGHT_DECAY
from simulations.verification.noisy_labels import descent_on_noisy_labels, small_steps_on_noisy_labels
from theory import linear_probing
from theory.alignment import truth_norm
from theory.fine_tuning.flow import vector_field
from theory.problem import Problem
from theory.reduction import FlowState, ReducedProblem, reduce
from theory.statements import Evidence, Setting, Statement, closed_form_evidence
from theory.statements.evidence import networks_along

#: Moments on a closed-form path, and steps of an integrated one.
MOMENTS = 33
STEPS = 200
#: Length of a step times the largest rate of decay, at most 2 L (|v|^2 + |A|^2) / |state|: 1.6 of the 2.8 at which the
#: fourth-order Runge-Kutta method becomes unstable.
STEP_LENGTH = 0.8
#: Steps of a wide path, over up to 17 decades.
WIDE_STEPS = 40
#: Settings whose training examples and loss are drawn.
ON_NOISY_LABELS = (Setting.ANY_LOSS, Setting.FINITE_STEPS, Setting.WEIGHT_DECAY)


def trained_setting(statement: Statement) -> Setting | None:
    """The setting of a statement about training on noisy labels, which neither a closed form nor the flow shows."""
    return next((setting for setting in statement.settings if setting in ON_NOISY_LABELS), None)


def examples_key(problem: Problem) -> PRNGKeyArray:
    """The key of examples and loss, made of the signs of the heads: it hardly changes while a search descends."""
    signs = jnp.concatenate([problem.truth.head, problem.pretrained.head]) > 0
    return jax.random.fold_in(jax.random.key(0), jnp.sum(signs * 2 ** jnp.arange(signs.size)))


def coarse_trained_evidence(setting: Setting, problem: Problem) -> Evidence:
    """Evidence for the descent in a setting with noisy labels: small steps in place of a flow."""
    match setting:
        case Setting.FINITE_STEPS:
            return descent_on_noisy_labels(problem, examples_key(problem)).evidence
        case Setting.WEIGHT_DECAY:
            return small_steps_on_noisy_labels(problem, weight_decay=WEIGHT_DECAY, key=examples_key(problem))
        case _:
            return small_steps_on_noisy_labels(problem, weight_decay=0.0, key=examples_key(problem))


def coarse_evidence(problem: Problem, *, wide: bool = False) -> Evidence:
    """Evidence for the descent; good to a few digits with several ID directions, so never what a verdict rests on.

    Args:
      wide: rates may differ by decades: few implicit steps, each several times as long as the last.
    """
    if problem.id_dim == 1:
        return closed_form_evidence(problem, moments=MOMENTS)
    reduced = reduce(problem, compress=False)
    probed = linear_probing.limit(reduced)
    path = partial(wide_path, truth_norm=truth_norm(problem)) if wide else coarse_path
    fine_tuning, lp_ft = from_each_head(lambda head: path(reduced.with_head(head)), reduced.start.head, probed.head)
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


def wide_path(reduced: ReducedProblem, truth_norm: Float[Array, ""]) -> FlowState:
    """States at the start and after implicit steps of second order, up to where the slowest rate has done its work."""
    eigenvalues = jnp.diagonal(reduced.training_covariance)
    reduced = eqx.tree_at(lambda reduced: reduced.training_covariance, reduced, eigenvalues)
    # In the unit of the implicit steps, 1 / (2 L).
    first = 0.1 / _squared_size(reduced.start)
    last = 1e2 * jnp.max(eigenvalues) / (jnp.min(eigenvalues) * jnp.minimum(1.0, truth_norm**2))
    sizes = first * (last / first) ** jnp.linspace(0.0, 1.0, WIDE_STEPS)

    def step(state: FlowState, size: Float[Array, ""]) -> tuple[FlowState, FlowState]:
        whole = implicit_step(state, reduced, size)
        halves = implicit_step(implicit_step(state, reduced, size / 2), reduced, size / 2)
        state = jax.tree.map(lambda once, twice: 2 * twice - once, whole, halves)
        return state, state

    _, states = jax.lax.scan(step, reduced.start, sizes)
    return jax.tree.map(lambda start, rest: jnp.concatenate([start[None], rest]), reduced.start, states)


def _squared_size(state: FlowState) -> Float[Array, ""]:
    return jnp.sum(state.head**2) + jnp.sum(state.id_features**2)


def _moved(state: FlowState, velocity: FlowState, length: Float[Array, ""]) -> FlowState:
    return jax.tree.map(lambda part, change: part + length * change, state, velocity)
