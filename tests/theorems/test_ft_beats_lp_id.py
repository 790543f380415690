"""Fine-tuning reaches ID risk 0 almost surely; linear probing does not where w* is no combination of the features."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import find, given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from simulations.strategies import problems
from tests.support.judging import FIXED, ONE_UNIT, SEARCH, VISIBLE, integrated_evidence, judged, judged_on
from theory import LinearNetwork, Problem
from theory.fine_tuning import one_active_unit
from theory.reduction import id_risk, reduce
from theory.statements.statement import TOLERANCE

NAME = "ft_beats_lp_id"
#: A risk of 0 to rounding is the square of 1e-16 of the labels, with four decades of slack in its root.
FITTED = 1e-20
#: A symmetric matrix of a few numbers.
EIGENVALUES = 1e-12
ERRORS = st.floats(0.05, 1.3)


def saddle() -> Problem:
    """v0 = 0 and features that ID inputs excite only where the labels are 0: nothing moves."""
    return Problem(
        truth=LinearNetwork(jnp.array([1.0]), jnp.array([[0.0, 0.6, 0.8, 0.0]])),
        pretrained=LinearNetwork(jnp.array([0.0]), jnp.array([[0.6, 0.0, 0.0, 0.8]])),
        id_frame=jnp.eye(4)[:, :2],
        training_covariance=jnp.eye(2),
    )


@jax.jit
def fitted_risk(reduced):
    return id_risk(one_active_unit.limit(reduced), reduced)


@given(problems(ONE_UNIT, errors=ERRORS, margin=VISIBLE, any_head=False, isotropic=True))
def test_fine_tuning_fits_what_linear_probing_cannot(problem):
    judgement = judged(problem)
    assert not judgement.premise(NAME) or judgement.slack(NAME) >= -TOLERANCE


@pytest.mark.parametrize("name", ["generic", "good features"])
def test_an_integrated_network_agrees(name):
    judgement = judged_on(integrated_evidence(name))
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) > 0.99


def test_with_features_that_contain_the_truth_there_is_nothing_to_win():
    assert FIXED["perfect features"].is_overparameterised()
    assert not judged_on(integrated_evidence("perfect features")).premise(NAME)


def test_almost_surely_matters():
    # At the saddle both keep their risk; a head of any other length leaves it.
    judgement = judged(saddle())
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) == 0
    reduced = jax.jit(reduce)(saddle())
    assert fitted_risk(reduced) == pytest.approx(0.36)
    assert fitted_risk(reduced.with_head(jnp.array([1e-6]))) < FITTED


def test_is_not_vacuous():
    problem = find(
        problems(ONE_UNIT, errors=ERRORS, margin=0.1, any_head=False, isotropic=True),
        lambda problem: judged(problem).premise(NAME),
        settings=SEARCH,
    )
    assert judged(problem).slack(NAME) > 0.99


@pytest.mark.parametrize(("k", "m"), [(1, 2), (2, 4), (3, 3), (4, 2)])
def test_every_saddle_has_as_many_ways_down_as_features(k, m):
    """Step 2 of the proof: k positive, k negative and k (m - 1) vanishing eigenvalues, as the formula says."""
    draw = np.random.default_rng(k + 10 * m)
    target, factor = draw.normal(size=m), draw.normal(size=(m, m))
    covariance = factor @ factor.T
    direction = covariance @ target
    features = draw.normal(size=(k, m))
    features -= np.outer(features @ direction, direction) / (direction @ direction)  # A C u = 0

    def field(numbers):
        head, now = numbers[:k], numbers[k:].reshape(k, m)
        drive = 2 * covariance @ (target - now.T @ head)
        return jnp.concatenate([now @ drive, jnp.outer(head, drive).ravel()])

    saddle = jnp.concatenate([jnp.zeros(k), features.ravel()])
    found = np.linalg.eigvalsh(np.asarray(jax.jit(jax.jacfwd(field))(saddle)))
    stiffness = np.linalg.eigvalsh(2 * features @ covariance @ features.T)
    roots = np.sqrt(stiffness**2 + 4 * np.sum((2 * direction) ** 2))
    expected = np.concatenate([(-stiffness + roots) / 2, (-stiffness - roots) / 2, np.zeros(k * (m - 1))])
    np.testing.assert_allclose(found, np.sort(expected), atol=EIGENVALUES * np.abs(found).max())


def test_heads_within_the_ellipsoid_fit_but_for_one():
    """k = 1, m = 2, condition 4: heads on either side of the exceptional one fit, the longer the closer they start."""
    features, target, eigenvalues = np.array([0.9, 0.3]), np.array([0.2, 0.7]), np.array([1.0, 0.25])

    def time_to_fit(head):
        def velocity(_, numbers):
            drive = 2 * eigenvalues * (target - numbers[1:] * numbers[0])
            return np.concatenate([[numbers[1:] @ drive], numbers[0] * drive])

        def fitted(_, numbers):
            return np.linalg.norm(numbers[1:] * numbers[0] - target) - 1e-3

        fitted.terminal = True
        start = np.array([head, *features])
        path = solve_ivp(velocity, (0, 1e4), start, method="DOP853", rtol=1e-12, atol=1e-14, events=fitted)
        return path.t[-1], path.y[0, -1]

    low, high = -0.95, 0.95  # |A0| = 0.9487: from there on the head keeps its sign
    assert time_to_fit(low)[1] < 0 < time_to_fit(high)[1]
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if time_to_fit(middle)[1] < 0 else (low, middle)
    times = [time_to_fit(high + distance)[0] for distance in (1e-2, 1e-4, 1e-6)]
    # The unstable rate sets the price of a decade nearer: equal steps in time for equal ratios of distance.
    assert times[0] < times[1] < times[2] < 1e4
    np.testing.assert_allclose(times[2] - times[1], times[1] - times[0], rtol=0.05)
