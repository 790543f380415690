"""The ID side for v v^T - A A^T = lam I, against the raw flow, in its degenerate cases, and its gradients."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulations.sampling import Dimensions, equal_angles, sample_problem
from tests.support.references import central_difference, fine_tuned
from theory import LinearNetwork, Problem
from theory.fine_tuning import scalar_imbalance
from theory.reduction import FlowState, reduce

#: DOP853 at 1e-12 a step leaves 1e-11 after forty units of time.
ATOL = 1e-10
#: A dozen roundings and a linear solve, relative to the size of Q Q^T.
RTOL = 1e-11
#: Central differences of fourth order with a step of 1e-3, relative to the derivative.
DIFFERENCE = 1e-7
SHAPES = [(2, 3), (3, 3), (1, 3), (1, 1)]

at = jax.jit(scalar_imbalance.id_side_at)


def _problem(k, m, head_scale=0.0):
    dimensions = Dimensions(input_dim=8, feature_dim=k, id_dim=m)
    return sample_problem(
        dimensions,
        equal_angles(dimensions, 0.7),
        1.3 * jnp.ones(m),
        feature_error=0.6,
        truth_norm=1.4,
        head_scale=head_scale,
        key=jax.random.key(10 * k + m),
    )


@pytest.mark.parametrize(("k", "m"), SHAPES)
def test_agrees_with_the_integrated_flow(k, m):
    problem = _problem(k, m, head_scale=0.8 if k == 1 else 0.0)
    reduced = reduce(problem)
    assert scalar_imbalance.applies(reduced)
    times = np.array([0.0, 0.3, 3.0, 40.0])
    path = fine_tuned(problem, times)
    for time, head, features in zip(times, path.heads, path.features, strict=True):
        side, seen = at(reduced, jnp.asarray(time)), features @ problem.id_frame
        np.testing.assert_allclose(side.weights, seen.T @ head, rtol=0, atol=ATOL)
        np.testing.assert_allclose(side.feature_gram, seen.T @ seen, rtol=0, atol=ATOL)
        np.testing.assert_allclose(side.squared_head, head @ head, rtol=0, atol=ATOL)


@pytest.mark.parametrize(("k", "m"), SHAPES)
def test_the_limit_fits_the_truth_and_is_where_long_times_lead(k, m):
    reduced = reduce(_problem(k, m))
    limit = at(reduced, jnp.asarray(jnp.inf))
    late = at(reduced, jnp.asarray(1e6))
    np.testing.assert_allclose(limit.weights, reduced.id_target, rtol=0, atol=ATOL)
    np.testing.assert_allclose(late.weights, limit.weights, rtol=0, atol=ATOL)
    np.testing.assert_allclose(late.feature_gram, limit.feature_gram, rtol=0, atol=ATOL)


@pytest.mark.parametrize("head", [-300.0, -1.0, 1e-3, 300.0])
def test_one_feature_meets_the_premise_whatever_the_head(head):
    assert scalar_imbalance.applies(reduce(_problem(1, 3).with_head(jnp.array([head]))))


def test_the_premise_fails_for_a_generic_head():
    assert not scalar_imbalance.applies(reduce(_problem(2, 3, head_scale=1.0)))


PLAIN = reduce(
    Problem(
        LinearNetwork(jnp.ones(2), jnp.eye(6)[:2]),
        LinearNetwork(jnp.ones(2), jnp.eye(6)[1:3]),
        jnp.eye(6)[:, :3],
        jnp.eye(3),
    ),
    compress=False,
)


def reduced_with(length, imbalance, turn, target, *, scale=1.0):
    """k = 2, m = 3: v0 = (length, 0) and A0 A0^T = v0 v0^T - imbalance I, rows turned in the plane of e1 and e3."""
    rows = jnp.array([[jnp.cos(turn), 0.0, jnp.sin(turn)], [0.0, 1.0, 0.0]])
    sizes = jnp.sqrt(jnp.stack([length**2 - imbalance, -imbalance]))
    start = FlowState(jnp.stack([length, 0.0]), sizes[:, None] * rows)
    return eqx.tree_at(
        lambda reduced: (reduced.start, reduced.id_target, reduced.training_covariance),
        PLAIN,
        (start, jnp.asarray(target), scale * jnp.eye(3)),
    )


TIMES = (0.0, 1e-9, 0.7, 1e3, 1e12, np.inf)
DEGENERATE = {
    "generic": (0.8, -0.5, 0.4, [1.0, -0.4, 0.3]),
    "v0 = 0": (0.0, -0.5, 0.4, [1.0, -0.4, 0.3]),
    "lam = 0": (0.8, 0.0, 0.4, [1.0, -0.4, 0.3]),
    "against the target": (-0.8, -0.5, 0.4, [1.0, 0.0, 0.3]),
    "saddle": (0.0, -0.5, 0.0, [0.0, 0.0, 2.0]),
    "saddle up to rounding": (0.0, -0.5, 0.4, [-1.7 * np.sin(0.4), 0.0, 1.7 * np.cos(0.4)]),
    "|u| = 1e6": (0.8, -0.5, 0.4, [1e6, -0.4, 0.3]),
    "|u| = 1e-6": (0.8, -0.5, 0.4, [1e-6, 0.0, 0.0]),
    "lam = -1e6": (0.8, -1e6, 0.4, [1.0, -0.4, 0.3]),
}


def size_of(side) -> float:
    return float(jnp.trace(side.feature_gram) + side.squared_head)


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_cases_are_finite_and_end_where_they_must(case):
    reduced = reduced_with(*map(jnp.asarray, DEGENERATE[case]))
    assert scalar_imbalance.applies(reduced)
    imbalance = DEGENERATE[case][1]
    for time in TIMES:
        side = at(reduced, jnp.asarray(time))
        scale = size_of(side) + size_of(at(reduced, jnp.zeros(())))
        # The trace of Lambda is conserved: |v|^2 - |A|^2 = k lam.
        assert float(side.squared_head - jnp.trace(side.feature_gram)) == pytest.approx(2 * imbalance, abs=RTOL * scale)
    misfit = float(jnp.linalg.norm(side.weights - reduced.id_target))
    assert (misfit <= RTOL * scale) == (not case.startswith("saddle"))


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_cases_obey_their_differential_equations(case):
    # With q = 2 C (u - F^T w): d(F^T w)/dt = (|v|^2 + A^T A) q, d(A^T A)/dt = q (F^T w)^T + (F^T w) q^T.
    scale = 1 / (1 + np.linalg.norm(DEGENERATE[case][3]) - DEGENERATE[case][1])
    reduced = reduced_with(*map(jnp.asarray, DEGENERATE[case]), scale=scale)
    for time in (0.2, 0.9):
        side = at(reduced, jnp.asarray(time))
        drive = 2 * scale * (reduced.id_target - side.weights)
        velocities = (
            side.squared_head * drive + side.feature_gram @ drive,
            jnp.outer(drive, side.weights) + jnp.outer(side.weights, drive),
            2 * side.weights @ drive,
        )
        for name, velocity in zip(("weights", "feature_gram", "squared_head"), velocities, strict=True):
            found = central_difference(lambda t, name=name: getattr(at(reduced, jnp.asarray(t)), name), time, 1e-3)
            np.testing.assert_allclose(found, velocity, atol=DIFFERENCE * (1 + size_of(side)))


@jax.jit
def shifted(shift, length, imbalance, turn, target, time):
    """The ID side as one vector, along a family that keeps the premise."""
    moved = (length + 0.3 * shift, imbalance - 0.2 * shift, turn + shift, target + shift * jnp.array([0.7, 0.2, -0.4]))
    side = scalar_imbalance.id_side_at(reduced_with(*moved), time)
    return jnp.concatenate([side.weights, side.feature_gram.ravel(), side.squared_head[None]])


forward, backward = jax.jit(jax.jacfwd(shifted)), jax.jit(jax.jacrev(shifted))
#: At lam = 0 the family leaves the domain (lam > 0 is impossible for k = 2), at the saddle the limit jumps.
DIFFERENTIABLE = [
    (case, time)
    for case in ("generic", "v0 = 0", "against the target", "saddle")
    for time in (0.0, 0.4, np.inf)
    if case != "saddle" or time < 1
]


@pytest.mark.parametrize(("case", "time"), DIFFERENTIABLE)
def test_gradients_agree_with_finite_differences(case, time):
    inputs = [jnp.asarray(part) for part in (*DEGENERATE[case], time)]
    exact = forward(0.0, *inputs)
    expected = central_difference(lambda shift: shifted(shift, *inputs), 0.0, 1e-3)
    np.testing.assert_allclose(exact, expected, atol=DIFFERENCE * (1 + np.abs(expected).max()))
    np.testing.assert_allclose(backward(0.0, *inputs), exact, atol=RTOL * (1 + np.abs(expected).max()))


def test_runs_under_vmap():
    reduced = reduced_with(*map(jnp.asarray, DEGENERATE["generic"]))
    together = jax.jit(jax.vmap(lambda time: scalar_imbalance.id_side_at(reduced, time).weights))(jnp.asarray(TIMES))
    alone = jnp.stack([at(reduced, jnp.asarray(time)).weights for time in TIMES])
    np.testing.assert_allclose(together, alone, atol=RTOL)
