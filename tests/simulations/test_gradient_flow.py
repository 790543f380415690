"""The solver against SciPy on the raw parameters, against exact solutions, and at its boundaries."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from artifacts import UserError
from simulations import gradient_flow, methods
from simulations.gradient_flow import FailedSolve, Numerics, integration_outcome, solve, starting_point, states
from simulations.integration import Integration, integrate
from simulations.methods import fine_tuning, linear_probing, lp_ft
from simulations.sampling import equal_angles, sample_problem
from simulations.stiff import implicit_step
from simulations.trajectory import Trajectory
from tests.support.simulated_problems import MANY_FEATURES, ONE_DIRECTION, SEVERAL_DIRECTIONS, drawn, raw_flow
from theory import risks as definitions
from theory.fine_tuning import one_active_unit
from theory.linear_probing import limit
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.reduction import FlowState

# Section 6 of the specification: agreement with an independent integrator, and drift of what is conserved.
AGREEMENT = 1e-9
DRIFT = 1e-9
#: Relative to a truth of 1e-4, where the reference itself is right to 1e-14 in all.
SMALL_TRUTH_AGREEMENT = 1e-7
TIMES = np.concatenate([[0.0], np.geomspace(1e-2, 100.0, 8), [np.inf]])
seeds = st.integers(0, 10_000)


@pytest.mark.parametrize("method", ["fine_tuning", "lp_ft"])
@settings(max_examples=5)
@given(seed=seeds, condition=st.floats(1.1, 100.0), error=st.floats(0.0, 1.0))
def test_integrated_flow_agrees_with_the_raw_flow(method, seed, condition, error):
    problem = drawn(SEVERAL_DIRECTIONS, seed, error, condition)
    trajectory = solve(problem, method, TIMES)
    assert trajectory.solved_by.endswith("integrated")
    raw = raw_flow(problem, np.asarray(trajectory.heads[0]), TIMES[:-1])
    k, d = problem.pretrained.features.shape
    features = raw[:, k:].reshape(-1, k, d)
    np.testing.assert_allclose(trajectory.heads[:-1], raw[:, :k], atol=AGREEMENT)
    for index, (head, now) in enumerate(zip(raw[:, :k], features, strict=True)):
        network = LinearNetwork(head=jnp.asarray(head), features=jnp.asarray(now))
        np.testing.assert_allclose(trajectory.ood_risk[index], definitions.ood_risk(network, problem), atol=AGREEMENT)
        np.testing.assert_allclose(trajectory.id_risk[index], definitions.id_risk(network, problem), atol=AGREEMENT)
        loss = definitions.training_loss(network, problem)
        np.testing.assert_allclose(trajectory.training_loss[index], loss, atol=AGREEMENT)
        moved = np.linalg.norm(now - features[0])
        np.testing.assert_allclose(trajectory.id_feature_movement[index], moved / 2, atol=AGREEMENT)  # sqrt(m) = 2
        np.testing.assert_allclose(trajectory.ood_feature_movement[index], moved / np.sqrt(d), atol=AGREEMENT)
    outside = np.eye(d) - np.asarray(problem.id_frame @ problem.id_frame.T)
    np.testing.assert_allclose((features - features[0]) @ outside, 0, atol=AGREEMENT)


@settings(max_examples=5)
@given(seed=seeds, condition=st.floats(1.1, 100.0))
def test_conserved_quantities_hardly_drift(seed, condition):
    trajectory = fine_tuning(drawn(SEVERAL_DIRECTIONS, seed, 0.3, condition), TIMES)
    assert trajectory.conserved_drift.max() < DRIFT


@settings(max_examples=5)
@given(seed=seeds)
def test_one_id_direction_exact_and_integrated_agree(seed):
    problem = drawn(ONE_DIRECTION, seed)
    exact = states(problem, "fine_tuning", TIMES)
    assert exact.solved_by == "exact: one ID direction"
    integrated = jax.jit(integrated_states)(exact.reduced, jnp.asarray(TIMES))
    assert integrated.succeeded
    for left, right in zip(jax.tree.leaves(exact.states), jax.tree.leaves(integrated.observed), strict=True):
        np.testing.assert_allclose(left, right, atol=AGREEMENT)


def test_one_active_unit_exact_and_integrated_agree():
    angles, isotropic = equal_angles(SEVERAL_DIRECTIONS, 0.7), 0.5 * jnp.ones(4)
    problem = sample_problem(
        SEVERAL_DIRECTIONS, angles, isotropic, feature_error=0.2, head_scale=0.0, key=jax.random.key(1)
    )
    exact = states(problem, "fine_tuning", TIMES)
    assert exact.solved_by == "exact: one active unit"
    assert one_active_unit.applies(exact.reduced)
    integrated = jax.jit(integrated_states)(exact.reduced, jnp.asarray(TIMES))
    for left, right in zip(jax.tree.leaves(exact.states), jax.tree.leaves(integrated.observed), strict=True):
        np.testing.assert_allclose(left, right, atol=AGREEMENT)


def integrated_states(reduced, times):
    return integrate(reduced, times, lambda state: state, numerics=Numerics())


def by_radau(path, times):
    """The reduced flow by SciPy's implicit solver, from where a path starts: [v, A] at the times, flattened."""
    reduced, (r, m) = path.reduced, path.states.id_features.shape[1:]
    covariance, target = np.asarray(reduced.training_covariance), np.asarray(reduced.id_target)

    def field(numbers):
        moving = numbers.reshape(r, m + 1)
        drive = -2 * covariance * (moving[:, 1:].T @ moving[:, 0] - target)
        return jnp.concatenate([(moving[:, 1:] @ drive)[:, None], jnp.outer(moving[:, 0], drive)], axis=1).ravel()

    compiled, jacobian = jax.jit(field), jax.jit(jax.jacfwd(field))
    solution = solve_ivp(
        lambda _, y: np.asarray(compiled(y)),
        (0, times[-1]),
        flattened(path)[0],
        method="Radau",
        jac=lambda _, y: np.asarray(jacobian(y)),
        rtol=1e-10,
        atol=1e-14,
        t_eval=times,
    )
    assert solution.success
    return solution.y.T


def flattened(path):
    """[v, A] at each time, as one row of numbers."""
    moving = np.concatenate([path.states.head[:, :, None], path.states.id_features], axis=2)
    return moving.reshape(moving.shape[0], -1)


@pytest.mark.parametrize("dimensions", [SEVERAL_DIRECTIONS, MANY_FEATURES], ids=("k < m", "k > m"))
@pytest.mark.parametrize("condition", [1e3, 1e8])
def test_stiff_problems_agree_with_scipys_implicit_solver(dimensions, condition):
    times = np.concatenate([[0.0], np.geomspace(1e-2, 10 * condition, 8)])
    problem = drawn(dimensions, 3, 0.3, condition)
    path = states(problem, "fine_tuning", times, numerics=Numerics(stiff=True))
    np.testing.assert_allclose(flattened(path), by_radau(path, times), atol=AGREEMENT)


def small_truth(norm, scale):
    """Eigenvalues 1, 0.5, 0.3 and 0.1, |w*| = norm, and a head of this scale."""
    return sample_problem(
        SEVERAL_DIRECTIONS,
        equal_angles(SEVERAL_DIRECTIONS, 0.8),
        jnp.array([1.0, 0.5, 0.3, 0.1]),
        feature_error=0.3,
        truth_norm=norm,
        head_scale=scale,
        key=jax.random.key(0),
    )


@pytest.mark.parametrize("norm", [1e-1, 1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize(
    ("method", "scale"), [("fine_tuning", 1.0), ("fine_tuning", 1e-2), ("fine_tuning", 1e-4), ("lp_ft", 1.0)]
)
def test_small_truths_agree_with_scipys_implicit_solver(norm, method, scale):
    """Rates from mu |v|^2 to L |A|^2, nine decades apart; the last time lies where nothing moves any more."""
    last = 1e3 / (0.1 * norm**2)
    times = np.append(np.concatenate([[0.0], np.geomspace(1.0, last, 7)]), np.inf)
    path = states(small_truth(norm, scale), method, times)
    reference = by_radau(path, times[:-1])
    np.testing.assert_allclose(flattened(path)[:-1], reference, atol=AGREEMENT)
    np.testing.assert_allclose(flattened(path)[-1], reference[-1], atol=AGREEMENT)
    # Heads and labels are as small as the truth: held to their own size as well.
    np.testing.assert_allclose(path.states.head[:-1], reference[:, ::5], atol=SMALL_TRUTH_AGREEMENT * norm)


@pytest.mark.parametrize("rows", [2, 6], ids=("r < m", "r > m"))
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e3, 1e6])
def test_implicit_steps_solve_the_linearised_flow(rows, size):
    """(1 - h J) step = h f, with the Jacobian by differentiation and the whole system of r (m + 1) numbers."""
    random, m = np.random.default_rng(0), 4
    problem = drawn(SEVERAL_DIRECTIONS, 0)
    reduced = starting_point(problem, "fine_tuning")
    state = FlowState(
        head=jnp.asarray(random.normal(size=rows)), id_features=jnp.asarray(random.normal(size=(rows, m)))
    )
    relative = np.asarray(reduced.training_covariance) / np.max(reduced.training_covariance)
    target = np.asarray(reduced.id_target)

    def field(numbers):
        moving = numbers.reshape(rows, m + 1)
        drive = -relative * (moving[:, 1:].T @ moving[:, 0] - target)
        return jnp.concatenate([(moving[:, 1:] @ drive)[:, None], jnp.outer(moving[:, 0], drive)], axis=1).ravel()

    def numbers(of):
        return np.concatenate([np.asarray(of.head)[:, None], np.asarray(of.id_features)], axis=1).ravel()

    matrix = np.eye(rows * (m + 1)) - size * np.asarray(jax.jacfwd(field)(jnp.asarray(numbers(state))))
    step = np.linalg.solve(matrix, size * np.asarray(field(jnp.asarray(numbers(state)))))
    moved = numbers(jax.jit(implicit_step)(state, reduced, jnp.asarray(size))) - numbers(state)
    np.testing.assert_allclose(moved, step, rtol=1e-9, atol=1e-9 * np.max(np.abs(step)))


def test_the_limit_of_a_stiff_problem_is_reached():
    trajectory = fine_tuning(drawn(SEVERAL_DIRECTIONS, 1, 0.3, 1e8), TIMES)
    assert trajectory.training_loss[-1] < 1e-20
    assert trajectory.conserved_drift[-1] < DRIFT


@pytest.mark.parametrize("dimensions", [ONE_DIRECTION, SEVERAL_DIRECTIONS], ids=("m = 1", "m = 4"))
@settings(max_examples=5)
@given(seed=seeds)
def test_start_and_limit(dimensions, seed):
    problem = drawn(dimensions, seed)
    probed, tuned, both = (method(problem, TIMES) for method in (linear_probing, fine_tuning, lp_ft))
    for trajectory in (probed, tuned):
        np.testing.assert_allclose(trajectory.heads[0], problem.pretrained.head, atol=1e-12)
        np.testing.assert_allclose(
            trajectory.ood_risk[0], definitions.ood_risk(problem.pretrained, problem), rtol=1e-10
        )
    # The limit is the limit: nothing is left of the training loss, and LP-FT starts where linear probing ends.
    assert tuned.training_loss[-1] < 1e-20
    assert both.training_loss[-1] < 1e-20
    np.testing.assert_allclose(both.heads[0], probed.heads[-1], atol=1e-10)
    reduced = starting_point(problem, "linear_probing")
    np.testing.assert_allclose(probed.heads[-1], reduced.lift @ limit(reduced).head, atol=1e-12)
    assert not probed.id_feature_movement.any()
    assert not probed.conserved_drift.any()


def test_infinity_is_not_a_large_number():
    """The limit agrees with the flow far out, and a far finite time with the limit, without stepping there."""
    problem = drawn(SEVERAL_DIRECTIONS, 5)
    trajectory = fine_tuning(problem, np.append(np.geomspace(1e4, 1e12, TIMES.size - 1), np.inf))
    np.testing.assert_allclose(trajectory.heads, np.broadcast_to(trajectory.heads[-1], (TIMES.size, 2)), atol=AGREEMENT)


def test_a_fixed_point_stays():
    """v0 = 0 and a target that no feature sees: the field vanishes though the loss does not."""
    features = jnp.array([[0.6, 0.0, 0.8, 0.0]])
    problem = Problem(
        truth=LinearNetwork(head=jnp.ones(1), features=jnp.eye(1, 4, k=1)),
        pretrained=LinearNetwork(head=jnp.zeros(1), features=features),
        id_frame=jnp.eye(4, 2),
        training_covariance=jnp.diag(jnp.array([2.0, 1.0])),
    )
    trajectory = fine_tuning(problem, TIMES)
    assert trajectory.solved_by == "integrated"
    assert not trajectory.heads.any()
    np.testing.assert_allclose(trajectory.training_loss, 1.0)


def test_methods_share_signature_and_result():
    problem = drawn(ONE_DIRECTION, 0)
    for method in (linear_probing, fine_tuning, lp_ft, methods.feature_tuning):
        trajectory = method(problem, TIMES)
        assert isinstance(trajectory, Trajectory)
        assert trajectory.heads.shape == (TIMES.size, 2)


def test_trajectories_are_saved_and_loaded(tmp_path):
    trajectory = lp_ft(drawn(ONE_DIRECTION, 0), TIMES)
    trajectory.save(tmp_path / "path.npz")
    loaded = Trajectory.load(tmp_path / "path.npz")
    assert loaded.solved_by == "exact: linear probing, then exact: one ID direction"
    for name, value in vars(trajectory).items():
        assert np.array_equal(value, getattr(loaded, name))


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([], "at least one time"),
        ([0.0, -1.0], "between 0 and infinity, got -1.0"),
        ([np.nan, 1.0], "between 0 and infinity, got nan"),
        ([1.0, 0.5], "must increase, got 1.0 before 0.5"),
        ([1.0, 1.0], "must increase, got 1.0 before 1.0"),
        ([np.inf, np.inf], "must increase"),
    ],
)
def test_bad_times_are_refused(times, message):
    with pytest.raises(UserError, match=message):
        fine_tuning(drawn(ONE_DIRECTION, 0), np.array(times))


def test_an_unknown_method_is_refused():
    with pytest.raises(Exception, match=r"method"):
        solve(drawn(ONE_DIRECTION, 0), "freezing", TIMES)


def test_single_precision_is_refused():
    problem = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), drawn(ONE_DIRECTION, 0))
    with pytest.raises(UserError, match=r"double precision.*jax_enable_x64"):
        fine_tuning(problem, TIMES)


def test_a_solve_that_does_not_finish_raises_with_advice_that_can_be_followed():
    """Each message names an argument; passing it to the method that failed leads to the solution."""
    problem = drawn(SEVERAL_DIRECTIONS, 0)
    with pytest.raises(FailedSolve, match=r"max_steps=5 steps; pass numerics=Numerics\(stiff=True\)"):
        fine_tuning(problem, TIMES, numerics=methods.Numerics(max_steps=5))
    stopped = Integration(observed=None, succeeded=jnp.array(False), steps=jnp.array(5))
    advice = integration_outcome(stopped.succeeded, stopped.steps, methods.Numerics(stiff=True, max_steps=5))
    assert "pass numerics=Numerics(stiff=True, max_steps=50)" in advice


def test_an_explicit_attempt_that_fails_is_followed_by_an_implicit_one(monkeypatch):
    monkeypatch.setattr(gradient_flow, "STIFF_ABOVE", np.inf)
    monkeypatch.setattr(gradient_flow, "EXPLICIT_ATTEMPT", 50)
    problem = small_truth(1e-2, 1e-2)
    assert not gradient_flow.suitable_numerics(starting_point(problem, "fine_tuning"), jnp.asarray(TIMES)).stiff
    assert fine_tuning(problem, TIMES).training_loss[-1] < 1e-20


def test_more_features_than_the_flow_can_use_agree_with_the_raw_flow():
    """k > m + 1: the QR of [v, A] leaves m + 1 of seven features, and heads come back in all seven."""
    problem = drawn(MANY_FEATURES, 2)
    times = TIMES[:-1]
    path = states(problem, "fine_tuning", times)
    assert path.states.head.shape == (times.size, 3)
    trajectory = fine_tuning(problem, times)
    raw = raw_flow(problem, np.asarray(problem.pretrained.head), times)
    np.testing.assert_allclose(trajectory.heads, raw[:, :7], atol=AGREEMENT)


def test_linear_probing_says_which_solution_it_takes_where_there_are_several():
    """k > m: X B0^T is singular; of all least-squares heads the limit is the one closest to the start."""
    problem = drawn(MANY_FEATURES, 3)
    head = linear_probing(problem, np.array([np.inf])).heads[0]
    design = np.asarray(problem.pretrained.features @ problem.id_frame).T
    target, start = np.asarray(problem.id_frame.T @ problem.truth.weights), np.asarray(problem.pretrained.head)
    np.testing.assert_allclose(head, start + np.linalg.pinv(design) @ (target - design @ start), atol=1e-12)
    assert "closest to its start" in solve.__doc__


def test_given_inputs_are_solved_as_their_covariance_is():
    """One decomposition of the inputs, promised diagonal, against the same covariance in other coordinates."""
    plain = drawn(SEVERAL_DIRECTIONS, 6)
    inputs = np.linalg.cholesky(plain.training_covariance).T @ np.asarray(plain.id_frame).T
    given = Problem.from_inputs(plain.truth, plain.pretrained, inputs)
    assert given.diagonal_covariance
    for name in ("heads", "ood_risk", "training_loss", "id_feature_movement"):
        np.testing.assert_allclose(
            getattr(fine_tuning(given, TIMES), name), getattr(fine_tuning(plain, TIMES), name), atol=AGREEMENT
        )
