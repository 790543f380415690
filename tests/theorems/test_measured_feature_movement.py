"""Where rho < sqrt(mu) V^2, LP-FT moves the features by at most `2 (V - sqrt(V^2 - rho / sqrt(mu)))`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from scipy.integrate import solve_ivp

from simulations.methods import fine_tuning, lp_ft, stopped_probing_then_fine_tuning
from simulations.strategies import problems
from tests.support.judging import FIXED, ONE_UNIT, VISIBLE, integrated_evidence, judged, judged_on
from tests.support.references import RTOL, fine_tuned
from theory import linear_probing
from theory.bounds.lp_ft import lp_ft_feature_movement_bound, lp_ft_stays_close
from theory.bounds.short_path import feature_movement_bound, head_path_bound, start_nearly_fits
from theory.reduction import reduce
from theory.statements.measured_feature_movement import from_probed_head
from theory.statements.statement import TOLERANCE

NAME = "measured_feature_movement"
#: SciPy's path, relative to features of length 1.
ATOL = 1000 * RTOL
#: The flow is solved to 1e-10 a step and stopped within 1e-9 of its limit.
FLOW = 1e-7

movement_bound = jax.jit(feature_movement_bound)
both_bounds = jax.jit(
    lambda problem: (
        lp_ft_stays_close(problem),
        lp_ft_feature_movement_bound(problem),
        feature_movement_bound(from_probed_head(problem)),
    )
)


@given(problems(ONE_UNIT, margin=VISIBLE, isotropic=True))
def test_holds_wherever_its_premise_does(problem):
    judgement = judged(problem)
    assert not judgement.premise(NAME) or judgement.slack(NAME) >= -TOLERANCE


@given(problems(ONE_UNIT, margin=VISIBLE))
def test_is_never_looser_than_the_bound_by_the_feature_error(problem):
    stays, by_error, measured = both_bounds(problem)
    assert not stays or measured <= by_error * (1 + TOLERANCE) + TOLERANCE


@pytest.mark.parametrize("name", FIXED)
def test_an_integrated_network_agrees(name):
    judgement = judged_on(integrated_evidence(name))
    assert not judgement.premise(NAME) or judgement.slack(NAME) >= -TOLERANCE


@pytest.mark.parametrize("probing_time", [0.5, 2.0, 10.0])
def test_holds_for_a_probe_stopped_early(probing_time):
    problem = FIXED["good features"]
    reduced = reduce(problem, compress=False)
    head = linear_probing.state_at(reduced, jnp.asarray(probing_time)).head
    start = problem.with_head(head)
    path = fine_tuned(problem, np.concatenate([[0.0], np.geomspace(1e-3, 50, 60)]), head=np.asarray(head))
    moved = np.linalg.norm(path.features - np.asarray(problem.pretrained.features), axis=(1, 2)).max()
    assert bool(start_nearly_fits(start)) == bool(np.isfinite(movement_bound(start)))
    assert moved <= float(movement_bound(start)) + ATOL
    assert probing_time < 2 or start_nearly_fits(start)


def test_a_stopped_probe_lies_between_fine_tuning_and_lp_ft():
    problem, times = FIXED["good features"], np.array([0.0, 1.0, np.inf])
    ends = [fine_tuning(problem, times), lp_ft(problem, times)]
    for time, end in zip((0.0, np.inf), ends, strict=True):
        stopped = stopped_probing_then_fine_tuning(problem, times, probing_time=time)
        np.testing.assert_allclose(stopped.heads, end.heads, atol=FLOW)
        assert stopped.solved_by.startswith("exact: linear probing, then")
    movements = [
        float(stopped_probing_then_fine_tuning(problem, times, probing_time=time).id_feature_movement[-1])
        for time in (0.0, 1.0, 5.0, np.inf)
    ]
    assert movements == sorted(movements, reverse=True)


@pytest.mark.parametrize("seed", range(6))
def test_holds_for_several_outputs_with_the_smallest_singular_value(seed):
    """Frobenius norms in residual and movement; SciPy on all parameters."""
    draw = np.random.default_rng(seed)
    d, k, m, q = 8, 3, 5, 2
    frame = np.linalg.qr(draw.normal(size=(d, m)))[0]
    features = np.linalg.qr(draw.normal(size=(d, k)))[0].T
    root = draw.uniform(0.6, 1.4, size=m)
    inputs, head = root[:, None] * frame.T, np.linalg.qr(draw.normal(size=(k, q)))[0] @ np.diag([2.0, 3.0])
    labels = inputs @ features.T @ head + 0.2 * draw.normal(size=(m, q))

    def velocity(_, state):
        v, b = state[: head.size].reshape(head.shape), state[head.size :].reshape(features.shape)
        pull = 2 * inputs.T @ (inputs @ b.T @ v - labels)
        return -np.concatenate([(b @ pull).ravel(), (v @ pull.T).ravel()])

    start = np.concatenate([head.ravel(), features.ravel()])
    path = solve_ivp(velocity, (0, 100), start, method="DOP853", rtol=RTOL, atol=RTOL).y.T
    moved = np.linalg.norm(path[:, head.size :] - features.ravel(), axis=1).max()
    residual = np.linalg.norm(inputs @ features.T @ head - labels) / root.min()
    length = np.linalg.svd(head)[1][-1]
    assert residual < length**2
    assert moved <= 2 * float(head_path_bound(jnp.asarray(residual), jnp.asarray(length))) + ATOL


def test_without_its_premise_it_claims_nothing():
    """A head of zero fits nothing and moves at no bounded price."""
    problem = FIXED["generic"].with_head(jnp.zeros(2))
    assert not start_nearly_fits(problem)
    assert movement_bound(problem) == np.inf
