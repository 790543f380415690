"""The reduction for several outputs against the raw parameters and against the reduction for one output."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.fine_tuning.flow import vector_field
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.reduction import FlowState, reduce
from theory.reduction_several_outputs import (
    OutputsState,
    ReducedOutputs,
    features_at,
    outputs_vector_field,
    probed_state,
    reduce_outputs,
)
from theory.row_space import row_space

INPUTS, EXAMPLES, WIDTH, OUTPUTS = 9, 5, 3, 2
ROUNDING = 1e-10  # of products of some ten numbers of order 1, over the smallest eigenvalue

seeds = st.integers(0, 10_000)
FEW = settings(max_examples=15)


def drawn(seed: int) -> tuple[np.ndarray, ...]:
    """Head, features, inputs and labels of any kind."""
    draw = np.random.default_rng(seed)
    features = np.linalg.qr(draw.normal(size=(INPUTS, WIDTH)))[0].T
    return (
        draw.normal(size=(WIDTH, OUTPUTS)), features,
        draw.normal(size=(EXAMPLES, INPUTS)), draw.normal(size=(EXAMPLES, OUTPUTS)),
    )  # fmt: skip


def reduced(head: np.ndarray, features: np.ndarray, inputs: np.ndarray, labels: np.ndarray) -> ReducedOutputs:
    return reduce_outputs(jnp.asarray(head), jnp.asarray(features), row_space(inputs), jnp.asarray(inputs.T @ labels))


@FEW
@given(seeds)
def test_the_flow_is_that_of_the_raw_parameters(seed):
    """`dV/dt = -2 B X^T (X B^T V - Y)`, `dB/dt = -2 V (X B^T V - Y)^T X`, labels noisy."""
    head, features, inputs, labels = drawn(seed)
    small = reduced(head, features, inputs, labels)
    moving = outputs_vector_field(small.start, small)
    residual = inputs @ features.T @ head - labels
    np.testing.assert_allclose(moving.head, -2 * features @ inputs.T @ residual, atol=ROUNDING)
    np.testing.assert_allclose(moving.id_features @ small.id_basis.T, -2 * head @ residual.T @ inputs, atol=ROUNDING)
    np.testing.assert_allclose(features_at(small.start, small), features, atol=ROUNDING)


@FEW
@given(seeds)
def test_with_one_output_it_is_the_reduction_for_one(seed):
    head, features, inputs, _ = drawn(seed)
    truth = LinearNetwork(jnp.asarray(head[:, 1]), jnp.asarray(features[::-1].copy()))
    problem = Problem.from_inputs(truth, LinearNetwork(jnp.asarray(head[:, 0]), jnp.asarray(features)), inputs)
    labels = inputs @ np.asarray(truth.weights)
    several, alone = reduced(head[:, :1], features, inputs, labels[:, None]), reduce(problem, compress=False)
    start = FlowState(several.start.head[:, 0], alone.start.id_features)
    expected, moving = vector_field(start, alone), outputs_vector_field(several.start, several)
    np.testing.assert_allclose(moving.head[:, 0], expected.head, atol=ROUNDING)
    np.testing.assert_allclose(moving.id_features, expected.id_features, atol=ROUNDING)


@FEW
@given(seeds)
def test_probing_obeys_its_equation_and_ends_at_least_squares(seed):
    head, features, inputs, labels = drawn(seed)
    small = reduced(head, features, inputs, labels)
    assert np.allclose(probed_state(small, jnp.zeros(())).head, head)
    time = jnp.asarray(0.1)
    now = probed_state(small, time)
    slope = jax.jvp(lambda time: probed_state(small, time).head, (time,), (jnp.ones(()),))[1]
    moving = outputs_vector_field(OutputsState(now.head, small.start.id_features), small)
    np.testing.assert_allclose(slope, moving.head, atol=ROUNDING)
    end = probed_state(small, jnp.asarray(1e9)).head
    np.testing.assert_allclose(end, np.linalg.lstsq(inputs @ features.T, labels, rcond=None)[0], atol=1e-7)


def test_probing_leaves_features_that_no_input_sees():
    head, _, _, _ = drawn(0)
    features, inputs, labels = np.eye(WIDTH, INPUTS), np.eye(1, INPUTS), np.ones((1, OUTPUTS))
    small = reduced(head, features, inputs, labels)
    for time in (0.0, 0.7, 1e9):
        now = probed_state(small, jnp.asarray(time)).head
        np.testing.assert_array_equal(now[1:], head[1:])
        np.testing.assert_allclose(now[0], 1 + np.exp(-2 * time) * (head[0] - 1), atol=ROUNDING)


@FEW
@given(seeds)
def test_coordinates_that_no_input_has_change_nothing(seed):
    small = reduced(*drawn(seed))
    wide = small.padded(INPUTS)
    assert wide.eigenvalues.shape == (INPUTS,)
    moving, moving_wide = outputs_vector_field(small.start, small), outputs_vector_field(wide.start, wide)
    np.testing.assert_allclose(moving_wide.head, moving.head, atol=ROUNDING)
    np.testing.assert_allclose(moving_wide.id_features[:, :EXAMPLES], moving.id_features, atol=ROUNDING)
    assert not moving_wide.id_features[:, EXAMPLES:].any(), "what no input has stays 0"
    np.testing.assert_allclose(features_at(wide.start, wide), features_at(small.start, small), atol=ROUNDING)
    probed, probed_wide = (probed_state(each, jnp.asarray(0.3)) for each in (small, wide))
    np.testing.assert_allclose(probed_wide.head, probed.head, atol=ROUNDING)


def test_coordinates_are_added_and_not_taken_away():
    with pytest.raises(ValueError, match=f"at least {EXAMPLES}, got {EXAMPLES - 1}"):
        reduced(*drawn(0)).padded(EXAMPLES - 1)
