"""Fine-tuning with one ID direction in closed form, against SciPy on the raw parameters and in its degenerate cases."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.strategies import Shape, problems, scales
from tests.support.references import central_difference, fine_tuned
from tests.support.units import MOMENTS, UNITS, check_in_other_units
from theory import LinearNetwork, Problem
from theory.fine_tuning import one_id_direction
from theory.fine_tuning.flow import relative_drift, vector_field
from theory.reduction import FlowState, network_at, reduce, training_loss

SHAPE = Shape(5, 2, 1)
#: SciPy's DOP853 at 1e-12 a step; the closed form agrees to 1e-9, relative to the network.
INTEGRATED = 1e-9
#: Conserved quantities and the limit's loss: a dozen roundings, relative to the squared size of the state.
RTOL = 1e-13
#: Central differences of fourth order with a step of 1e-3, relative to the derivative.
DIFFERENCE = 1e-7
#: A central difference of the state in time.
VELOCITY = 1e-8
#: A path near a saddle stretches the rounding of its start.
STRETCHED = 1e-9
#: One call against several: the same sums in another order.
REORDERED = 1e-12

reduced_of = jax.jit(lambda problem: reduce(problem, compress=False))
at = jax.jit(one_id_direction.state_at)
at_end = jax.jit(one_id_direction.limit)
on_path = jax.jit(one_id_direction.state_on_path)
network_of = jax.jit(network_at)
loss = jax.jit(training_loss)
drift = jax.jit(relative_drift)
velocity = jax.jit(vector_field)

#: Head, ID feature and target without any symmetry.
GENERIC = ([1.0, 0.5], [0.3, -0.2], 0.7)


def with_parts(reduced, start, target, covariance):
    def parts(reduced):
        return reduced.start, reduced.id_target, reduced.training_covariance

    return eqx.tree_at(parts, reduced, (start, target, covariance))


def reduced_with(head, feature, target, *, scale=1.0):
    """A reduced problem with this head v0, ID feature a0, target u and covariance."""
    plain = reduce(PLAIN, compress=False)
    start = FlowState(jnp.asarray(head, float), jnp.asarray(feature, float)[:, None])
    return with_parts(plain, start, jnp.asarray([target], float), scale * jnp.eye(1))


PLAIN = Problem(
    truth=LinearNetwork(jnp.array([1.0, 0.0]), jnp.eye(5)[:2]),
    pretrained=LinearNetwork(jnp.array([1.0, 1.0]), jnp.eye(5)[1:3]),
    id_frame=jnp.eye(5)[:, :1],
    training_covariance=jnp.eye(1),
)


def norm(state: FlowState) -> float:
    return float(jnp.sqrt(jnp.sum(state.head**2) + jnp.sum(state.id_features**2)))


@given(problems(SHAPE, norms=scales(1.0), margin=0.01), st.sampled_from((1e-3, 0.1, 1.0, 10.0)))
def test_agrees_with_the_raw_flow(problem, time):
    # Heads within a factor of ten of 1, so that SciPy reaches the time in few steps.
    head = problem.pretrained.head
    length = float(jnp.linalg.norm(head))
    problem = problem.with_head(head * min(max(length, 0.1), 10.0) / length if length else head)
    reach = float(problem.truth.head @ problem.truth.head + problem.pretrained.head @ problem.pretrained.head + 1)
    time = time / (float(problem.training_covariance[0, 0]) * reach)
    path = fine_tuned(problem, np.array([0.0, time]))
    reduced = reduced_of(problem)
    network = network_of(at(reduced, jnp.asarray(time)), reduced, problem)
    size = np.sqrt(reach)
    np.testing.assert_allclose(network.head, path.heads[-1], atol=INTEGRATED * size)
    np.testing.assert_allclose(network.features, path.features[-1], atol=INTEGRATED * size)


@given(problems(SHAPE), st.sampled_from((0.0, 1e-9, 1e-3, 1.0, 1e3, 1e12, np.inf)))
def test_stays_on_its_hyperboloid_at_every_time(problem, time):
    reduced = reduced_of(problem)
    state = at(reduced, jnp.asarray(time))
    assert np.isfinite(norm(state))
    assert drift(state, reduced.start) <= RTOL


@given(problems(SHAPE))
def test_starts_at_the_start(problem):
    reduced = reduced_of(problem)
    for state in (at(reduced, jnp.zeros(())), on_path(reduced, jnp.zeros(()))):
        np.testing.assert_array_equal(state.head, reduced.start.head)
        np.testing.assert_array_equal(state.id_features, reduced.start.id_features)


@given(problems(SHAPE, any_head=False, margin=0.01))
def test_the_path_ends_at_the_limit_where_the_loss_is_zero(problem):
    reduced = reduced_of(problem)
    limit, end = at_end(reduced), on_path(reduced, jnp.ones(()))
    size = norm(limit) + norm(reduced.start)
    np.testing.assert_allclose(limit.head, end.head, atol=10 * RTOL * size)
    np.testing.assert_allclose(limit.id_features, end.id_features, atol=10 * RTOL * size)
    residual = limit.id_features[:, 0] @ limit.head - reduced.id_target[0]
    assert abs(residual) <= RTOL * size**2


@given(problems(SHAPE), st.sampled_from((0.01, 1.0, 100.0)))
def test_time_can_be_split(problem, time):
    reduced = reduced_of(problem)
    time = jnp.asarray(time) / reduced.training_covariance[0, 0] / (1 + jnp.sum(reduced.start.head**2))
    halfway = at(reduced, time / 2)
    split = at(eqx.tree_at(lambda reduced: reduced.start, reduced, halfway), time / 2)
    whole = at(reduced, time)
    size = norm(whole) + norm(reduced.start)
    np.testing.assert_allclose(split.head, whole.head, atol=STRETCHED * size)
    np.testing.assert_allclose(split.id_features, whole.id_features, atol=STRETCHED * size)


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
def test_fractions_of_the_path_are_fractions_of_its_rapidity(fraction):
    reduced = reduced_with([2.0, 1.0], [0.5, 0.3], 3.0)
    plus = reduced.start.head + reduced.start.id_features[:, 0]

    def rapidity(state):
        return float(jnp.log(jnp.linalg.norm(state.head + state.id_features[:, 0]) / jnp.linalg.norm(plus)))

    whole, part = rapidity(at_end(reduced)), rapidity(on_path(reduced, jnp.asarray(fraction)))
    assert part == pytest.approx(fraction * whole, abs=RTOL)


TIMES = (0.0, 1e-9, 0.7, 1e3, 1e12, np.inf)
DEGENERATE = {
    "v0 = -a0, u > 0": ([-0.6, -0.8], [0.6, 0.8], 2.0),
    "v0 = a0, u < 0": ([0.6, 0.8], [0.6, 0.8], -2.0),
    "v0 = -a0, u < 0": ([-0.6, -0.8], [0.6, 0.8], -2.0),
    "v0 = a0, u > 0": ([0.6, 0.8], [0.6, 0.8], 2.0),
    "v0 = a0, u = 0": ([0.6, 0.8], [0.6, 0.8], 0.0),
    "v0 = -a0, u = 0": ([-0.6, -0.8], [0.6, 0.8], 0.0),
    "u = 0": ([1.0, 0.0], [0.3, 0.5], 0.0),
    "v0 = a0 = 0": ([0.0, 0.0], [0.0, 0.0], 2.0),
    "everything 0": ([0.0, 0.0], [0.0, 0.0], 0.0),
    "v0 = 0": ([0.0, 0.0], [0.6, 0.8], 2.0),
    "a0 = 0": ([1.0, -2.0], [0.0, 0.0], 2.0),
    "v0 orthogonal to a0": ([0.8, -0.6], [0.6, 0.8], 1.0),
    "u = 1e6": ([1.0, 0.5], [0.3, 0.5], 1e6),
    "u = -1e6": ([1.0, 0.5], [0.3, 0.5], -1e6),
    "v0 = 1e6": ([1e6, 0.0], [0.3, 0.5], 1.0),
    "u = 1e-300": ([1.0, 0.5], [0.3, 0.5], 1e-300),
}
SADDLES = {"v0 = -a0, u > 0", "v0 = a0, u < 0", "v0 = a0, u = 0", "v0 = -a0, u = 0"}
FIXED_POINTS = {"v0 = a0 = 0", "everything 0"}


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_cases_are_finite_conserve_and_end_where_they_must(case):
    reduced = reduced_with(*DEGENERATE[case])
    for time in TIMES:
        state = at(reduced, jnp.asarray(time))
        assert np.isfinite(norm(state))
        if not (case in SADDLES and np.isinf(time)):
            assert drift(state, reduced.start) <= RTOL
    limit = at_end(reduced)
    if case in SADDLES | FIXED_POINTS:
        assert norm(limit) == 0
    else:
        size = norm(limit) ** 2 + norm(reduced.start) ** 2
        assert abs(limit.id_features[:, 0] @ limit.head - reduced.id_target[0]) <= RTOL * size


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_cases_obey_the_differential_equation(case):
    head, feature, target = DEGENERATE[case]
    # Time in units of the flow's own scale, so that one step size suits all cases.
    scale = 1 / (1 + abs(target) + np.sum(np.square(head)))
    reduced = reduced_with(head, feature, target, scale=scale)
    for time in (0.2, 0.9):
        state = at(reduced, jnp.asarray(time))
        expected = velocity(state, reduced)
        found = central_difference(lambda t: at(reduced, jnp.asarray(t)).head, time, 1e-3)
        np.testing.assert_allclose(found, expected.head, atol=VELOCITY * (1 + norm(state)))
        found = central_difference(lambda t: at(reduced, jnp.asarray(t)).id_features, time, 1e-3)
        np.testing.assert_allclose(found, expected.id_features, atol=VELOCITY * (1 + norm(state)))


#: Late on, the flow jumps across the stable manifold of a saddle: there is no derivative to be finite.
SMOOTH = [(case, time) for case in DEGENERATE for time in TIMES if case not in SADDLES or time < 1]


@pytest.mark.parametrize(("case", "time"), SMOOTH)
def test_gradients_are_finite_inside_the_domain(case, time):
    head, feature, target = DEGENERATE[case]
    gradient = gradients(jnp.asarray(head), jnp.asarray(feature), jnp.asarray(target), jnp.asarray(time))
    assert all(np.isfinite(leaf).all() for leaf in gradient)


@jax.jit
def gradients(head, feature, target, time):
    def total(head, feature, target):
        state = one_id_direction.state_at(reduced_with(head, feature, target), time)
        return jnp.sum(state.head) + jnp.sum(state.id_features)

    return jax.grad(total, argnums=(0, 1, 2))(head, feature, target)


@jax.jit
def shifted(shift, head, feature, target, time):
    """The state as one vector, as a function of one number that moves every input."""
    moved = (head + shift * jnp.array([0.3, -1.0]), feature + shift * jnp.array([0.7, 0.2]), target + 0.5 * shift)
    state = one_id_direction.state_at(reduced_with(*moved), time)
    return jnp.concatenate([state.head, state.id_features[:, 0]])


derivative = jax.jit(jax.jacfwd(shifted))


@pytest.mark.parametrize("time", [0.4, np.inf])
@pytest.mark.parametrize("case", ["u = 0", "v0 = 0", "a0 = 0", "v0 orthogonal to a0", "v0 = a0, u > 0"])
def test_gradients_agree_with_finite_differences(case, time):
    inputs = [jnp.asarray(part) for part in (*DEGENERATE[case], time)]
    exact = derivative(0.0, *inputs)
    expected = central_difference(lambda shift: shifted(shift, *inputs), 0.0, 1e-3)
    np.testing.assert_allclose(exact, expected, atol=DIFFERENCE * (1 + np.abs(exact).max()))


@given(UNITS, MOMENTS)
def test_units_do_not_matter(unit, time):
    check_in_other_units(at, reduced_with, GENERIC, unit, time, rounding=REORDERED)


def test_both_forms_agree_where_one_takes_over():
    """The series in (delta s)^2 gives way to the hyperbolic tangent at 1e-4."""
    reduced = reduced_with([1.0, 0.5], [0.3, -0.2], 0.7)
    plus, minus = np.array([1.3, 0.3]), np.array([0.7, 0.7])
    rate = np.sqrt(0.7**2 + (plus @ plus) * (minus @ minus) / 4)
    before, after = (at(reduced, jnp.asarray(0.01 / (2 * rate) * (1 + side * 1e-13))) for side in (-1, 1))
    np.testing.assert_allclose(before.head, after.head, rtol=RTOL)
    np.testing.assert_allclose(before.id_features, after.id_features, rtol=RTOL)


def test_runs_under_vmap():
    reduced = reduced_with([2.0, 1.0], [0.5, 0.3], 3.0)
    together = jax.jit(jax.vmap(lambda time: one_id_direction.state_at(reduced, time).head))(jnp.asarray(TIMES))
    alone = jnp.stack([at(reduced, jnp.asarray(time)).head for time in TIMES])
    np.testing.assert_allclose(together, alone, rtol=REORDERED)


def test_more_than_one_id_direction_is_refused():
    problem = Problem(PLAIN.truth, PLAIN.pretrained, jnp.eye(5)[:, :2], jnp.eye(2))
    with pytest.raises(ValueError, match=r"must have one ID direction \(m = 1\), got m=2"):
        one_id_direction.state_at(reduce(problem), jnp.ones(()))
