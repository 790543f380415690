"""The bounds as functions: where they vanish, how they grow, their order, their gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from simulations.strategies import Shape, angles, geometries, problem_of, problems, scales
from tests.support.references import central_difference
from theory import LinearNetwork, Problem, feature_error, head_alignment_error, truth_norm
from theory.bounds import (
    corrected_lower_bound,
    implicit_lower_bound,
    linear_probing_upper_bound,
    lp_ft_upper_bound,
    published_lower_bound,
)
from theory.bounds.fine_tuning import head_error_ceiling
from theory.bounds.linear_probing import condition_number
from theory.bounds.lp_ft import lp_ft_feature_movement_bound, lp_ft_stays_close, probed_head_norm
from theory.statements.ft_ood_lower_bound import small_truth
from theory.subspaces import on_subspace_cosine

#: Both sides of an inequality between bounds are computed to about 1e-14 of W.
ROUNDING = 1e-12
#: phi of a nearly perfect head keeps half its digits, and the bounds with it.
HALF_DIGITS = 1e-7
#: The ceiling by its definition loses what cancels, relative to its largest terms.
CEILING = 1e-13
#: Roots and proportions: decompositions and a bisection, three decades above their rounding.
RTOL = 1e-9
#: The kink is approached to 1e-9 from either side.
KINK = 1e-7
#: The difference of two numbers that agree in four digits.
CANCELLED = 1e-9
#: Central differences of fourth order with a step of 1e-4, relative to the derivative.
DIFFERENCE = 1e-7

corrected, implicit, published = map(jax.jit, (corrected_lower_bound, implicit_lower_bound, published_lower_bound))
ceiling = jax.jit(head_error_ceiling)
phi_of = jax.jit(head_alignment_error)
upper = jax.jit(lambda problem: (linear_probing_upper_bound(problem), lp_ft_upper_bound(problem)))
POSITIVE = scales(4.0)


@given(problems(Shape(8, 2, 4), with_covariances=True))
def test_the_implicit_bound_is_never_below_the_corrected_one(problem):
    size = np.sqrt(np.linalg.norm(problem.ood_covariance, ord=2)) * np.linalg.norm(problem.truth.head)
    assert implicit(problem) >= corrected(problem) * (1 - ROUNDING) - ROUNDING * size
    assert corrected(problem) >= 0


@given(problems(Shape(3, 2, 2)))
def test_lower_bounds_vanish_where_a_feature_direction_lies_inside_the_id_subspace(problem):
    # k = 2 > d - m = 1
    size = float(jnp.linalg.norm(problem.truth.head)) + float(phi_of(problem))
    assert implicit(problem) <= ROUNDING * size
    assert corrected(problem) <= ROUNDING * size
    assert published(problem) <= ROUNDING * size


@given(POSITIVE, POSITIVE, st.floats(1.0, 10.0), st.booleans())
def test_the_ceiling_increases_from_zero(error, norm, factor, long_head):
    norm, long_head = jnp.asarray(norm), jnp.asarray(long_head)
    assert ceiling(jnp.zeros(()), norm, long_head) == 0
    low, high = ceiling(jnp.asarray(error), norm, long_head), ceiling(jnp.asarray(factor * error), norm, long_head)
    assert high >= low * (1 - ROUNDING) > 0
    assert factor < 1.01 or high > low


@given(POSITIVE, st.booleans())
def test_the_ceiling_is_continuous_where_its_pieces_meet(norm, long_head):
    # y = W for a long head, x = W for a short one.
    def kink(error):
        return error * np.sqrt(1 + (norm + error) ** 2) - norm

    meeting = brentq(kink, 0.0, norm) if long_head else norm
    below, above = (
        float(ceiling(jnp.asarray(meeting * (1 + shift)), jnp.asarray(norm), jnp.asarray(long_head)))
        for shift in (-1e-9, 1e-9)
    )
    assert above == pytest.approx(below, rel=KINK)


@given(POSITIVE, POSITIVE)
def test_the_ceiling_agrees_with_its_definition(error, norm):
    y = error * np.sqrt(1 + (norm + error) ** 2)
    rest = max(norm - y, 0.0)
    long = 2 * norm**3 * error + norm**2 * error**2 + norm**2 - rest**2
    short = norm**4 - norm**2 * max(norm - error, 0.0) ** 2 + 2 * norm * y + y**2
    size = (1 + norm) ** 4 + (1 + error) ** 4
    for value, long_head in ((long, True), (short, False)):
        found = ceiling(jnp.asarray(error), jnp.asarray(norm), jnp.asarray(long_head))
        np.testing.assert_allclose(found, value, atol=CEILING * size)


@given(angles(0.01), POSITIVE, st.floats(1.001, 100.0), st.booleans())
def test_the_implicit_bound_solves_its_equation(angle, norm, stretch, long_head):
    # Perfect features: the bound is c x with H(x) = phi^2.
    problem = small_truth(np.cos(angle), norm, norm * (stretch if long_head else 1 / stretch))
    root = brentq(
        lambda error: (
            float(ceiling(jnp.asarray(error), jnp.asarray(norm), jnp.asarray(long_head))) - float(phi_of(problem)) ** 2
        ),
        0.0,
        float(phi_of(problem)) * (1 / norm if long_head else 1) + norm + float(phi_of(problem)) ** 0.5,
        xtol=1e-16,
        rtol=1e-14,
    )
    assert float(implicit(problem)) == pytest.approx(np.sin(angle) * root, rel=RTOL)


@given(geometries(Shape(8, 2, 4)), st.floats(0.0, 1.4), st.floats(0.0, 1.0))
def test_lower_bounds_decrease_with_the_feature_error(geometry, error, share):
    smaller, larger = problem_of(geometry, share * error), problem_of(geometry, error)
    size = np.linalg.norm(geometry.truth_head) + np.linalg.norm(geometry.head)
    for bound in (corrected, implicit, published):
        assert bound(larger) <= bound(smaller) + HALF_DIGITS * size


@given(geometries(Shape(8, 2, 4), margin=0.1), st.floats(0.0, 1.4), st.floats(0.0, 1.0))
def test_the_linear_probing_bound_is_proportional_to_the_feature_error(geometry, error, share):
    (smaller, _), (larger, _) = upper(problem_of(geometry, share * error)), upper(problem_of(geometry, error))
    np.testing.assert_allclose(smaller, share * larger, rtol=RTOL, atol=ROUNDING * np.linalg.norm(geometry.truth_head))


@jax.jit
def shifted_bounds(shift, head, feature_error):
    """Both lower bounds, as functions of one number that moves angles, truth and head (angles only where eps > 0)."""
    angle = 0.8 + 0.2 * shift * (feature_error > 0)
    true_angle = angle + 2 * jnp.arcsin(feature_error / 2) + 0.1 * shift * (feature_error > 0)
    features, true_features = (jnp.stack([jnp.cos(at), jnp.sin(at)])[None] for at in (angle, true_angle))
    problem = Problem(
        truth=LinearNetwork((0.7 + 0.5 * shift) * jnp.ones(1), true_features),
        pretrained=LinearNetwork((head + shift) * jnp.ones(1), features),
        id_frame=jnp.eye(2)[:, :1],
        training_covariance=jnp.eye(1),
    )
    return jnp.stack([implicit_lower_bound(problem), corrected_lower_bound(problem)])


derivatives = jax.jit(jax.jacrev(shifted_bounds))


@pytest.mark.parametrize("head", [0.3, 1.7, -4.0])
@pytest.mark.parametrize("feature_error", [0.0, 0.01])
def test_gradients_of_lower_bounds_agree_with_finite_differences(head, feature_error):
    exact = derivatives(0.0, head, feature_error)
    expected = central_difference(lambda shift: shifted_bounds(shift, head, feature_error), 0.0, 1e-4)
    np.testing.assert_allclose(exact, expected, atol=DIFFERENCE * (1 + np.abs(expected).max()))
    assert (shifted_bounds(0.0, head, feature_error) > 0).all()


@jax.jit
@jax.jacrev
def derivatives_in_the_head(head, problem):
    problem = problem.with_head(head)
    return jnp.stack([bound(problem) for bound in (implicit_lower_bound, corrected_lower_bound, published_lower_bound)])


@pytest.mark.parametrize("numbers", [(0.6, 0.5, 0.5), (1.0, 0.5, 2.0), (0.6, 0.5, 0.0)])
def test_gradients_in_the_head_are_finite_where_a_bound_vanishes(numbers):
    problem = small_truth(*numbers)
    assert np.isfinite(derivatives_in_the_head(problem.pretrained.head, problem)).all()


def test_a_truth_of_zero_is_no_division_by_zero():
    for head in (0.0, 2.0):
        problem = small_truth(0.6, 0.0, head)
        assert [float(bound(problem)) for bound in (corrected, implicit, published)] == [0, 0, 0]


def test_the_condition_number_is_that_of_the_covariance():
    problem = small_truth(0.6, 1.0, 2.0)
    assert condition_number(problem) == 1
    wide = Problem(
        LinearNetwork(jnp.ones(1), jnp.eye(4)[:1]),
        LinearNetwork(jnp.ones(1), jnp.eye(4)[:1]),
        jnp.eye(4)[:, :3],
        jnp.diag(jnp.array([2.0, 8.0, 4.0])),
    )
    assert condition_number(wide) == pytest.approx(4.0)


def tilted(error: float) -> Problem:
    """d = 2, k = 1, W = 1, pretrained features at 0.6 to the ID direction and the true ones `error` further."""
    return Problem(
        LinearNetwork(jnp.ones(1), jnp.array([[np.cos(0.6 + error), np.sin(0.6 + error)]])),
        LinearNetwork(jnp.ones(1), jnp.array([[np.cos(0.6), np.sin(0.6)]])),
        jnp.eye(2)[:, :1],
        jnp.eye(1),
    )


def test_bounds_on_lp_ft_are_infinite_without_their_premise():
    good, bad = tilted(1e-4), tilted(1.3)
    assert lp_ft_stays_close(good)
    length, error = float(probed_head_norm(good)), 2 * np.sin(5e-5)
    path = length - np.sqrt(length**2 - error)
    start = error * (1 + 1 / np.cos(0.6))
    expected = max(np.hypot(error, start), start + path)
    assert float(lp_ft_upper_bound(good)) == pytest.approx(expected, rel=CANCELLED)
    assert float(lp_ft_feature_movement_bound(good)) == pytest.approx(2 * path, rel=CANCELLED)
    assert not lp_ft_stays_close(bad)
    assert lp_ft_upper_bound(bad) == lp_ft_feature_movement_bound(bad) == np.inf


@jax.jit
def lp_ft_numbers(problem):
    return (
        lp_ft_stays_close(problem),
        lp_ft_upper_bound(problem),
        lp_ft_feature_movement_bound(problem),
        probed_head_norm(problem),
        condition_number(problem),
        feature_error(problem) * truth_norm(problem),
        on_subspace_cosine(problem.pretrained.features, problem.id_frame),
    )


@given(problems(Shape(8, 2, 4), margin=0.05, norms=scales(1.0), errors=st.sampled_from((0.0, 1e-12, 1e-6, 1e-4, 1e-2))))
def test_the_bounds_on_lp_ft_improve_on_the_direct_estimate(problem):
    # |dv/dt| <= 2 ||B|| sqrt(L) |r| alone gives 4 kappa eps W sqrt(1 + 2.25 V^2) / V^2 for the path of the head.
    holds, risk, movement, length, condition, error, visible = map(float, lp_ft_numbers(problem))
    growth, root = np.sqrt(1 + 2.25 * length**2), np.sqrt(condition)
    if 8 * condition * error * growth < length**3:
        assert holds
        assert risk <= (1 + ROUNDING) * error * (1 + root + root / visible + 4 * condition * growth / length**2)
        assert movement <= (1 + ROUNDING) * 6 * condition * error / length
    if holds:
        assert risk <= (1 + ROUNDING) * error * (1 + root * (1 + 1 / visible + 1 / length))
        assert movement <= (1 + ROUNDING) * 2 * root * error / length


def test_gradients_of_the_bounds_on_lp_ft_agree_with_finite_differences():
    def both(error):
        features = jnp.stack([jnp.cos(0.6 + error), jnp.sin(0.6 + error)])[None]
        problem = tilted(0.1)
        problem = Problem(LinearNetwork(jnp.ones(1), features), problem.pretrained, problem.id_frame, jnp.eye(1))
        return jnp.stack([lp_ft_upper_bound(problem), lp_ft_feature_movement_bound(problem)])

    exact, expected = jax.jit(jax.jacrev(both))(0.1), central_difference(jax.jit(both), 0.1, 1e-4)
    np.testing.assert_allclose(exact, expected, atol=DIFFERENCE * (1 + np.abs(expected).max()))
