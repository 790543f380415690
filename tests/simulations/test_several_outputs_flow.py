"""Fine-tuning with several outputs: the implicit step solves its equation, and paths are those of all parameters."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy.integrate import solve_ivp

from simulations import several_outputs_flow
from simulations.gradient_flow import FailedSolve
from simulations.integration import Numerics
from simulations.several_outputs_flow import IMPLICIT, fine_tuned_outputs
from simulations.stiff import implicit_step
from simulations.stiff_several_outputs import implicit_outputs_step
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.reduction import FlowState, reduce
from theory.reduction_several_outputs import (
    OutputsState,
    features_at,
    outputs_conserved_form,
    outputs_vector_field,
    reduce_outputs,
)
from theory.row_space import row_space

INPUTS, EXAMPLES, WIDTH, OUTPUTS = 10, 6, 4, 3
#: Inputs along their axes, so that rates spread by 1e4.
SCALES = np.logspace(0, -2, EXAMPLES)
TIMES = np.array([0.01, 0.1, 1.0, 10.0])


def drawn(seed: int) -> tuple[np.ndarray, ...]:
    draw = np.random.default_rng(seed)
    features = np.linalg.qr(draw.normal(size=(INPUTS, WIDTH)))[0].T
    inputs = SCALES[:, None] * np.linalg.qr(draw.normal(size=(INPUTS, EXAMPLES)))[0].T
    return draw.normal(size=(WIDTH, OUTPUTS)), features, inputs, draw.normal(size=(EXAMPLES, OUTPUTS))


@pytest.fixture(scope="module")
def training():
    head, features, inputs, labels = drawn(0)
    return reduce_outputs(jnp.asarray(head), jnp.asarray(features), row_space(inputs), jnp.asarray(inputs.T @ labels))


@pytest.mark.parametrize("size", [0.01, 1.0, 100.0])
def test_the_implicit_step_solves_the_linearised_flow(training, size):
    """`(1 - h J) x = h f` with the exact Jacobian, for steps short and long."""
    flat, back = ravel_pytree(training.start)
    unit = 1 / (2 * jnp.max(training.eigenvalues))
    field = lambda values: ravel_pytree(outputs_vector_field(back(values), training))[0]  # noqa: E731
    jacobian = jax.jacfwd(field)(flat)
    change = jnp.linalg.solve(jnp.eye(len(flat)) - size * unit * jacobian, size * unit * field(flat))
    stepped = ravel_pytree(implicit_outputs_step(training.start, training, jnp.asarray(size)))[0]
    np.testing.assert_allclose(stepped - flat, change, rtol=1e-7, atol=1e-9)


def test_with_one_output_the_step_is_that_for_one():
    head, features, inputs, _ = drawn(1)
    truth = LinearNetwork(jnp.asarray(head[:, 1]), jnp.asarray(features[::-1].copy()))
    start = LinearNetwork(jnp.asarray(head[:, 0]), jnp.asarray(features))
    diagonal = reduce(Problem.from_inputs(truth, start, inputs), compress=True)
    several = reduce_outputs(
        jnp.asarray(head[:, :1]), jnp.asarray(features), row_space(inputs),
        jnp.asarray(inputs.T @ inputs @ truth.weights)[:, None],
    )  # fmt: skip
    expected = implicit_step(FlowState(start.head, several.start.id_features), diagonal, jnp.asarray(0.7))
    stepped = implicit_outputs_step(several.start, several, jnp.asarray(0.7))
    np.testing.assert_allclose(stepped.head[:, 0], expected.head, atol=1e-9)
    np.testing.assert_allclose(stepped.id_features, expected.id_features, atol=1e-9)


@pytest.mark.parametrize("numerics", [None, IMPLICIT], ids=["chosen", "implicit"])
def test_paths_are_those_of_all_parameters(training, numerics):
    """SciPy's DOP853 on V and B, without any reduction."""
    head, features, inputs, labels = drawn(0)

    def raw(time: float, values: np.ndarray) -> np.ndarray:
        v, b = values[: head.size].reshape(head.shape), values[head.size :].reshape(features.shape)
        residual = inputs @ b.T @ v - labels
        return np.concatenate([(-2 * b @ inputs.T @ residual).ravel(), (-2 * v @ residual.T @ inputs).ravel()])

    start = np.concatenate([head.ravel(), features.ravel()])
    expected = solve_ivp(raw, (0, TIMES[-1]), start, method="DOP853", rtol=1e-11, atol=1e-13, t_eval=TIMES).y
    path = fine_tuned_outputs(training, TIMES, numerics=numerics)
    for moment in range(len(TIMES)):
        state = OutputsState(path.states.head[moment], path.states.id_features[moment])
        solved = np.concatenate([np.ravel(state.head), np.ravel(features_at(state, training))])
        np.testing.assert_allclose(solved, expected[:, moment], atol=1e-6)
        np.testing.assert_allclose(outputs_conserved_form(state), outputs_conserved_form(training.start), atol=1e-6)


def test_a_solve_that_does_not_arrive_says_so(training):
    with pytest.raises(FailedSolve, match=r"must reach its last time, 10, .* after 3 steps; .*max_steps=30"):
        fine_tuned_outputs(training, TIMES, numerics=Numerics(max_steps=3))


def test_where_the_explicit_solver_needs_too_many_steps_the_implicit_one_takes_over(training, monkeypatch):
    few = Numerics(rtol=several_outputs_flow.RTOL, max_steps=3)
    monkeypatch.setattr(several_outputs_flow, "EXPLICIT", few)
    path = fine_tuned_outputs(training, TIMES)
    np.testing.assert_allclose(path.states.head, fine_tuned_outputs(training, TIMES, numerics=IMPLICIT).states.head)
    long = training.with_head(1e4 * training.start.head)
    assert several_outputs_flow._attempts(long, 10.0) == (IMPLICIT,)
    assert several_outputs_flow._attempts(training, 10.0) == (few, IMPLICIT)


def test_the_explicit_solver_takes_the_steps_that_are_expected_of_it(training):
    """A head that fits already: the fastest rate stays what it is at the start, and the horizon is long beside it."""
    start = training.start
    training = training.with_head(10 * start.head)
    fitting = eqx.tree_at(lambda reduced: reduced.id_target, training, start.id_features.T @ training.start.head)
    fastest = 2 * jnp.max(fitting.eigenvalues) * jnp.linalg.norm(fitting.start.head, ord=2) ** 2
    steps = 1000
    horizon = steps * several_outputs_flow.STABLE / fastest
    nudged = fitting.with_head(1.001 * fitting.start.head)
    path = fine_tuned_outputs(
        nudged, np.array([horizon]), numerics=Numerics(rtol=several_outputs_flow.RTOL, max_steps=10 * steps)
    )
    assert 0.8 * steps <= path.steps <= 1.1 * steps


def test_a_state_of_zero_stays():
    head, features, inputs, labels = drawn(2)
    nothing = reduce_outputs(
        jnp.zeros_like(jnp.asarray(head)), jnp.zeros_like(jnp.asarray(features)), row_space(inputs),
        jnp.asarray(inputs.T @ labels),
    )  # fmt: skip
    stepped = implicit_outputs_step(nothing.start, nothing, jnp.asarray(5.0))
    assert isinstance(stepped, OutputsState)
    assert not np.any(stepped.head)
    assert not np.any(stepped.id_features)
