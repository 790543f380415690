"""Fine-tuning with isotropic covariance and one active unit in closed form: SciPy, limits, degenerate cases."""

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
from theory.fine_tuning import one_active_unit, one_id_direction
from theory.fine_tuning.flow import relative_drift, vector_field
from theory.reduction import FlowState, network_at, reduce, training_loss

SHAPE = Shape(5, 1, 3)
#: SciPy's DOP853 at 1e-12 a step; the closed form agrees to 1e-9, relative to the network.
INTEGRATED = 1e-9
#: Conserved quantities and the limit's loss, relative to the squared size of the state.
RTOL = 1e-12
#: Central differences of fourth order with a step of 1e-3, relative to the derivative.
DIFFERENCE = 1e-7
#: A central difference of the state in time.
VELOCITY = 1e-8
#: A path near a saddle stretches the rounding of its start.
STRETCHED = 1e-9
#: Some ten roundings of a formula.
ROUNDING = 3e-15
#: One call against several: the same sums in another order.
REORDERED = 1e-12

reduced_of = jax.jit(lambda problem: reduce(problem, compress=False))
at = jax.jit(one_active_unit.state_at)
at_end = jax.jit(one_active_unit.limit)
other_at = jax.jit(one_id_direction.state_at)
applies = jax.jit(one_active_unit.applies)
network_of = jax.jit(network_at)
drift = jax.jit(relative_drift)
velocity = jax.jit(vector_field)
loss = jax.jit(training_loss)

PLAIN = Problem(
    truth=LinearNetwork(jnp.array([1.0]), jnp.eye(5)[:1]),
    pretrained=LinearNetwork(jnp.array([1.0]), jnp.eye(5)[1:2]),
    id_frame=jnp.eye(5)[:, :3],
    training_covariance=jnp.eye(3),
)

#: Head, ID feature and target without any symmetry.
GENERIC = (1.2, [0.3, -0.4, 0.1], [0.5, 0.2, -0.6])


def with_parts(reduced, start, target, covariance):
    def parts(reduced):
        return reduced.start, reduced.id_target, reduced.training_covariance

    return eqx.tree_at(parts, reduced, (start, target, covariance))


def reduced_with(head, feature, target, *, scale=1.0):
    """A reduced problem with k = 1, this head, ID feature, target and C = scale I."""
    plain = reduce(PLAIN, compress=False)
    start = FlowState(jnp.asarray([head], float), jnp.asarray([feature], float))
    return with_parts(plain, start, jnp.asarray(target, float), scale * jnp.eye(3))


def norm(state: FlowState) -> float:
    return float(jnp.sqrt(jnp.sum(state.head**2) + jnp.sum(state.id_features**2)))


def tamed(problem: Problem) -> tuple[Problem, float]:
    """The problem with a head of at most 10, so that SciPy needs few steps, and the scale of its squared network."""
    length = float(jnp.linalg.norm(problem.pretrained.head))
    problem = problem.with_head(problem.pretrained.head * min(1.0, 10.0 / length) if length else jnp.zeros(1))
    return problem, float(
        problem.truth.head @ problem.truth.head + problem.pretrained.head @ problem.pretrained.head + 1
    )


@given(problems(SHAPE, norms=scales(1.0), isotropic=True), st.sampled_from((1e-3, 0.1, 1.0, 10.0)))
def test_agrees_with_the_raw_flow(problem, time):
    problem, reach = tamed(problem)
    path = fine_tuned(problem, np.array([0.0, time / reach]))
    reduced = reduced_of(problem)
    assert applies(reduced)
    network = network_of(at(reduced, jnp.asarray(time / reach)), reduced, problem)
    np.testing.assert_allclose(network.head, path.heads[-1], atol=INTEGRATED * np.sqrt(reach))
    np.testing.assert_allclose(network.features, path.features[-1], atol=INTEGRATED * np.sqrt(reach))


@given(problems(SHAPE, isotropic=True), st.sampled_from((0.0, 1e-9, 1e-3, 1.0, 1e3, 1e12, np.inf)))
def test_stays_on_its_hyperboloid_at_every_time(problem, time):
    reduced = reduced_of(problem)
    state = at(reduced, jnp.asarray(time))
    assert np.isfinite(norm(state))
    assert drift(state, reduced.start) <= RTOL


@given(problems(SHAPE, isotropic=True))
def test_starts_at_the_start(problem):
    reduced = reduced_of(problem)
    state = at(reduced, jnp.zeros(()))
    size = norm(reduced.start)
    np.testing.assert_allclose(state.head, reduced.start.head, atol=RTOL * size)
    np.testing.assert_allclose(state.id_features, reduced.start.id_features, atol=RTOL * size)


@given(problems(SHAPE, isotropic=True, any_head=False, margin=0.01))
def test_the_limit_fits_the_training_data(problem):
    reduced = reduced_of(problem)
    limit = at_end(reduced)
    residual = np.asarray(limit.id_features.T @ limit.head - reduced.id_target)
    assert np.linalg.norm(residual) <= RTOL * (norm(limit) + norm(reduced.start)) ** 2


@given(problems(Shape(4, 1, 1)), st.sampled_from((0.01, 1.0, 100.0, np.inf)))
def test_agrees_with_the_other_closed_form_where_both_apply(problem, time):
    reduced = reduced_of(problem)
    time = jnp.asarray(time) / reduced.training_covariance[0, 0]
    one, other = at(reduced, time), other_at(reduced, time)
    size = norm(one) + norm(reduced.start)
    np.testing.assert_allclose(one.head, other.head, atol=STRETCHED * size)
    np.testing.assert_allclose(one.id_features, other.id_features, atol=STRETCHED * size)


@pytest.mark.parametrize("target", [1.0, 0.1, 1e-3])
@pytest.mark.parametrize("excess", [0.0, 2**-52, -(2**-53), 2**-45])
def test_both_closed_forms_leave_the_path_into_a_saddle_at_the_same_time(excess, target):
    """Head and feature are opposite and nearly equally long. Rounding keeps nobody off the path; what is more does."""
    feature = jnp.array([[1.0, 0.0, 0.0, 0.0]])
    problem = Problem(
        truth=LinearNetwork(jnp.ones(1), feature), pretrained=LinearNetwork(-jnp.ones(1), feature), id_frame=feature.T,
        training_covariance=jnp.ones((1, 1)),
    )  # fmt: skip
    start = FlowState(-jnp.ones(1), jnp.array([[1.0 + excess]]))
    reduced = with_parts(reduced_of(problem), start, jnp.array([target]), jnp.ones((1, 1)))
    for time in (1.0, 10 / target, 20 / target, 100 / target):
        one, other = (closed_form(reduced, jnp.asarray(time)) for closed_form in (at, other_at))
        np.testing.assert_allclose(one.head, other.head, atol=STRETCHED)
        np.testing.assert_allclose(one.id_features, other.id_features, atol=STRETCHED)
    assert (norm(one) > 0.01) == (excess > 2**-50)


def several_units(head) -> Problem:
    """k = 2, equal angles to S, C = I: A0 A0^T is a multiple of the identity."""
    features = np.concatenate([np.cos(0.7) * np.eye(2, 3), np.sin(0.7) * np.eye(2)], axis=1)
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(5, 2)))[0].T
    return Problem(
        truth=LinearNetwork(jnp.array([1.0, 2.0]), jnp.asarray(rotation)),
        pretrained=LinearNetwork(jnp.asarray(head, float), jnp.asarray(features)),
        id_frame=jnp.eye(5)[:, :3],
        training_covariance=jnp.eye(3),
    )


def test_several_units_of_which_one_is_active():
    problem = several_units([0.0, 0.0])
    excited = problem.pretrained.features @ problem.id_frame @ problem.id_frame.T @ problem.truth.weights
    for head in (jnp.zeros(2), 0.7 * excited, -0.2 * excited):
        reduced = reduced_of(problem.with_head(head))
        assert applies(reduced)
        path = fine_tuned(problem.with_head(head), np.array([0.0, 0.3]))
        network = network_of(at(reduced, jnp.asarray(0.3)), reduced, problem)
        np.testing.assert_allclose(network.head, path.heads[-1], atol=INTEGRATED)
        np.testing.assert_allclose(network.features, path.features[-1], atol=INTEGRATED)


def test_its_premises_are_asked():
    assert not one_active_unit.applies(reduce(several_units([1.0, 0.0])))
    anisotropic = Problem(PLAIN.truth, PLAIN.pretrained, PLAIN.id_frame, jnp.diag(jnp.array([1.0, 1.0, 1.0 + 1e-6])))
    for compress in (False, True):
        assert not one_active_unit.applies(reduce(anisotropic, compress=compress))
        assert one_active_unit.applies(reduce(PLAIN, compress=compress))


TIMES = (0.0, 1e-9, 0.7, 1e3, 1e12, np.inf)
DEGENERATE = {
    "saddle": (-1.0, [0.6, 0.8, 0.0], [1.2, 1.6, 0.0]),
    "saddle, mirrored": (1.0, [-0.6, -0.8, 0.0], [1.2, 1.6, 0.0]),
    "against the target": (1.0, [-0.3, -0.4, 0.0], [1.2, 1.6, 0.0]),
    "u = 0": (1.0, [0.3, 0.5, -0.2], [0.0, 0.0, 0.0]),
    "u = 0, features win": (0.1, [0.3, 0.5, -0.2], [0.0, 0.0, 0.0]),
    "u = 0, lam = 0": (0.5, [0.3, 0.4, 0.0], [0.0, 0.0, 0.0]),
    "lam = 0": (0.5, [0.3, 0.4, 0.0], [1.0, 0.0, 1.0]),
    "v0 = 0": (0.0, [0.3, 0.5, -0.2], [1.0, 0.0, 1.0]),
    "v0 = 0, A0 orthogonal to u": (0.0, [0.3, 0.0, 0.0], [0.0, 0.0, 1.0]),
    "A0 = 0": (0.8, [0.0, 0.0, 0.0], [1.0, 0.0, 1.0]),
    "everything 0": (0.0, [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
    "v0 = A0 = 0": (0.0, [0.0, 0.0, 0.0], [1.0, 0.0, 1.0]),
    "|u| = 1e6": (1.0, [0.3, 0.5, -0.2], [1e6, 0.0, 0.0]),
    "v0 = 1e6": (1e6, [0.3, 0.5, -0.2], [1.0, 0.0, 1.0]),
    "|u| = 1e-200": (1.0, [0.3, 0.5, -0.2], [1e-200, 0.0, 0.0]),
}
#: The flow ends at the origin or does not start: the loss stays.
SADDLES = {"saddle", "saddle, mirrored"}
STUCK = SADDLES | {"v0 = 0, A0 orthogonal to u", "everything 0", "v0 = A0 = 0"}
#: A derivative there would cross the stable manifold of a saddle, or the point where the rate vanishes.
JUMPS = SADDLES | {"v0 = 0, A0 orthogonal to u", "u = 0, lam = 0", "v0 = A0 = 0", "everything 0"}


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_cases_are_finite_conserve_and_end_where_they_must(case):
    reduced = reduced_with(*DEGENERATE[case])
    for time in TIMES:
        state = at(reduced, jnp.asarray(time))
        assert np.isfinite(norm(state))
        if not (case in SADDLES and np.isinf(time)):
            assert drift(state, reduced.start) <= RTOL
    size = norm(at_end(reduced)) ** 2 + norm(reduced.start) ** 2
    fits = float(loss(at_end(reduced), reduced)) <= (RTOL * size) ** 2
    assert fits == (case not in STUCK - {"everything 0"})


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_cases_obey_the_differential_equation(case):
    head, feature, target = DEGENERATE[case]
    reduced = reduced_with(head, feature, target, scale=1 / (1 + np.linalg.norm(target) + head**2))
    for time in (0.2, 0.9):
        state = at(reduced, jnp.asarray(time))
        expected = velocity(state, reduced)
        found = central_difference(lambda t: at(reduced, jnp.asarray(t)).head, time, 1e-3)
        np.testing.assert_allclose(found, expected.head, atol=VELOCITY * (1 + norm(state)))
        found = central_difference(lambda t: at(reduced, jnp.asarray(t)).id_features, time, 1e-3)
        np.testing.assert_allclose(found, expected.id_features, atol=VELOCITY * (1 + norm(state)))


#: Late on, the flow jumps across the stable manifold of a saddle: there is no derivative to be finite.
SMOOTH = [(case, time) for case in DEGENERATE for time in TIMES if case not in JUMPS or time < 1]


@pytest.mark.parametrize(("case", "time"), SMOOTH)
def test_gradients_are_finite_inside_the_domain(case, time):
    head, feature, target = DEGENERATE[case]
    gradient = gradients(jnp.asarray(head), jnp.asarray(feature), jnp.asarray(target), jnp.asarray(time))
    assert all(np.isfinite(leaf).all() for leaf in gradient)


@jax.jit
def gradients(head, feature, target, time):
    def total(head, feature, target):
        state = one_active_unit.state_at(reduced_with(head, feature, target), time)
        return jnp.sum(state.head) + jnp.sum(state.id_features)

    return jax.grad(total, argnums=(0, 1, 2))(head, feature, target)


@jax.jit
def shifted(shift, head, feature, target, time):
    """The state as one vector, as a function of one number that moves every input."""
    turn = jnp.array([0.7, 0.2, -0.4])
    moved = reduced_with(head + 0.3 * shift, feature + shift * turn, target + shift * turn[::-1])
    state = one_active_unit.state_at(moved, time)
    return jnp.concatenate([state.head, state.id_features[0]])


derivative = jax.jit(jax.jacfwd(shifted))


CASES = ("u = 0", "lam = 0", "v0 = 0", "A0 = 0", "against the target")
#: In the limit features turn towards u however small it is, but stay where u = 0: a jump, where features win.
DIFFERENTIABLE = [(case, time) for case in CASES for time in (0.4, np.inf)] + [("u = 0, features win", 0.4)]


@pytest.mark.parametrize(("case", "time"), DIFFERENTIABLE)
def test_gradients_agree_with_finite_differences(case, time):
    inputs = [jnp.asarray(part) for part in (*DEGENERATE[case], time)]
    exact = derivative(0.0, *inputs)
    expected = central_difference(lambda shift: shifted(shift, *inputs), 0.0, 1e-3)
    np.testing.assert_allclose(exact, expected, atol=DIFFERENCE * (1 + np.abs(exact).max()))


@given(UNITS, MOMENTS)
def test_units_do_not_matter(unit, time):
    check_in_other_units(at, reduced_with, GENERIC, unit, time, rounding=REORDERED)


@pytest.mark.parametrize("growth", [1e-9, 9e-6, 1.1e-5, 0.3])
def test_where_the_target_is_nothing_its_derivative_keeps_all_digits(growth):
    """u = 0, A0 = 0: features follow `dA/dt = 2 c v0 u^T - ...`, so dA/du = (1 - exp(-2 c t v0^2)) / v0."""
    head = 1.5
    time = jnp.asarray(growth / (2 * head**2))

    def feature(target):
        return one_active_unit.state_at(reduced_with(head, jnp.zeros(3), target), time).id_features[0]

    expected = -np.expm1(-growth) / head * np.eye(3)
    np.testing.assert_allclose(jax.jit(jax.jacfwd(feature))(jnp.zeros(3)), expected, rtol=ROUNDING)


def test_runs_under_vmap():
    reduced = reduced_with(*DEGENERATE["lam = 0"])
    together = jax.jit(jax.vmap(lambda time: one_active_unit.state_at(reduced, time).id_features))(jnp.asarray(TIMES))
    alone = jnp.stack([at(reduced, jnp.asarray(time)).id_features for time in TIMES])
    np.testing.assert_allclose(together, alone, rtol=REORDERED, atol=RTOL)
