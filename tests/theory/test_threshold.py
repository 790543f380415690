"""The threshold T against the certificate, its limits against sampled subspaces, and the law of phi against samples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.strategies import problems
from tests.support.judging import ONE_DIRECTION, ONE_UNIT
from theory import LinearNetwork, Problem, feature_error, head_alignment_error, truth_norm
from theory.bounds import best_lower_bound, implicit_lower_bound, linear_probing_upper_bound
from theory.bounds.fine_tuning import head_is_long, smallest_head_error
from theory.bounds.linear_probing import condition_number
from theory.bounds.threshold import (
    certified_threshold,
    limiting_condition,
    limiting_cosines,
    perfect_feature_bound,
)
from theory.head_law import likely_head_alignment_error, probability_of_smaller
from theory.subspaces import off_subspace_cosine, on_subspace_cosine

#: The certificate compares two numbers that are known to about 1e-12.
CLOSE = 1e-9
#: d = 600: the edges of a finite spectrum lie inside the limits by a few times d^(-2/3) = 0.014.
EDGES = 0.05
SAMPLES = 200_000


@jax.jit
def both(problem):
    """T, the two sides of the certificate, eps, the share of c x in T, and by how much of W it exceeds all of it."""
    features, frame = problem.pretrained.features, problem.id_frame
    lower = perfect_feature_bound(problem)
    threshold = certified_threshold(
        lower,
        norm=truth_norm(problem),
        on_cosine=on_subspace_cosine(features, frame),
        condition=condition_number(problem),
    )
    root = smallest_head_error(head_alignment_error(problem), truth_norm(problem), head_is_long(problem))
    implicit = off_subspace_cosine(features, frame) * root
    bounds = linear_probing_upper_bound(problem), best_lower_bound(problem), implicit_lower_bound(problem)
    excess = (implicit - lower) / truth_norm(problem)
    return threshold, *bounds, feature_error(problem), implicit / jnp.where(lower > 0, lower, 1.0), excess


@pytest.mark.parametrize("shape", [ONE_DIRECTION, ONE_UNIT], ids=str)
def test_below_the_threshold_the_certificate_holds(shape):
    """Above it the certificate of the implicit bound alone does not hold, where that bound makes T."""

    @given(problems(shape, margin=1e-3, norms=st.floats(0.1, 10.0)))
    def check(problem):
        threshold, upper, lower, implicit, error, share, excess = map(float, both(problem))
        assert excess <= CLOSE  # not of the share: with a head as long as the truth both are 0 up to rounding
        if error < threshold * (1 - CLOSE):
            assert upper < lower
        if share > 1 - CLOSE and error > threshold * (1 + CLOSE):
            assert upper >= implicit * (1 - CLOSE)

    check()


def test_the_threshold_is_that_of_the_half_space_bound_for_long_heads():
    """k = 10 at d : n = 2, the paper's proportions: twenty times what the implicit bound gives."""
    k, off = 10, np.sqrt(0.5)
    features = jnp.concatenate([off * jnp.eye(k), off * jnp.eye(k)], axis=1)
    problem = Problem(
        truth=LinearNetwork(jnp.eye(k)[0], features),
        pretrained=LinearNetwork(jnp.ones(k), features),
        id_frame=jnp.eye(2 * k)[:, :k],
        training_covariance=jnp.eye(k),
    )
    lower = float(perfect_feature_bound(problem))
    # A head of length sqrt(k) at a right angle to the truth but for one unit, every feature half seen.
    assert lower == pytest.approx(off * np.sqrt(k - 1), rel=0.05)
    assert lower > 20 * float(implicit_lower_bound(problem))


@pytest.mark.parametrize(("example_share", "feature_share"), [(0.5, 0.05), (0.3, 0.1), (0.7, 0.2)])
def test_limits_agree_with_large_samples(example_share, feature_share):
    d, draw = 600, np.random.default_rng(0)
    n, k = round(example_share * d), round(feature_share * d)
    rows = np.linalg.qr(draw.normal(size=(d, k)))[0].T
    sampled = [np.linalg.svd(part, compute_uv=False)[-1] for part in (rows[:, n:], rows[:, :n])]
    np.testing.assert_allclose(limiting_cosines(example_share, feature_share), sampled, atol=EDGES)
    spectrum = np.linalg.svd(draw.normal(size=(n, d)), compute_uv=False)
    np.testing.assert_allclose(
        np.sqrt(limiting_condition(example_share)), spectrum[0] / spectrum[-1], rtol=2 * EDGES / (1 - example_share)
    )


def test_limits_vanish_where_no_direction_can_be_seen():
    assert limiting_cosines(0.8, 0.2)[0] == pytest.approx(0.0, abs=1e-8)
    assert limiting_cosines(0.8, 0.5)[0] == 0
    assert limiting_cosines(0.2, 0.5)[1] == 0


@pytest.mark.parametrize(("norm", "head_scale"), [(1.0, 1.0), (0.1, 1.0), (3.0, 0.2)])
def test_the_law_of_phi(norm, head_scale):
    """Whatever the alignment: v0 . v* is normal, and phi is seldom small."""
    draw = np.random.default_rng(1)
    truth = norm * np.array([0.6, 0.0, -0.8])
    overlaps = head_scale * draw.normal(size=(SAMPLES, 3)) @ truth
    phi = np.sqrt(np.abs(overlaps**2 - norm**4))
    for failure in (0.5, 0.1, 0.01):
        bound = float(likely_head_alignment_error(norm, head_scale, failure))
        smaller = float(probability_of_smaller(bound, norm, head_scale))
        assert smaller <= failure
        assert np.mean(phi <= bound) == pytest.approx(smaller, abs=5 * np.sqrt(failure / SAMPLES))


def test_phi_is_never_likely_beyond_the_square_of_the_truth():
    assert float(likely_head_alignment_error(3.0, 1e4, 0.9)) == pytest.approx(9.0)


def test_the_bound_on_phi_is_sharp_for_wide_heads():
    bound = likely_head_alignment_error(1.0, jnp.array(1e4), 1e-4)
    assert float(probability_of_smaller(bound, 1.0, 1e4)) > 0.7 * 1e-4
