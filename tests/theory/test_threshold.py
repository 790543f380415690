"""The threshold T against the certificate, its limits against sampled subspaces, and the law of phi against samples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.strategies import problems
from tests.support.judging import TWO_FEATURES
from theory import feature_error, head_alignment_error, truth_norm
from theory.bounds import implicit_lower_bound, linear_probing_upper_bound
from theory.bounds.fine_tuning import head_is_long
from theory.bounds.linear_probing import condition_number
from theory.bounds.threshold import certified_threshold, limiting_condition, limiting_cosines
from theory.head_law import likely_head_alignment_error, probability_of_smaller
from theory.subspaces import off_subspace_cosine, on_subspace_cosine

#: The certificate compares two numbers that are known to about 1e-12.
CLOSE = 1e-9
#: d = 600: the edges of a finite spectrum lie inside the limits by a few times d^(-2/3) = 0.014.
EDGES = 0.05
SAMPLES = 200_000


@jax.jit
def both(problem):
    """T, and the two sides of the certificate."""
    features, frame = problem.pretrained.features, problem.id_frame
    threshold = certified_threshold(
        head_alignment_error(problem),
        head_is_long(problem),
        norm=truth_norm(problem),
        off_cosine=off_subspace_cosine(features, frame),
        on_cosine=on_subspace_cosine(features, frame),
        condition=condition_number(problem),
    )
    return threshold, linear_probing_upper_bound(problem), implicit_lower_bound(problem), feature_error(problem)


@given(problems(TWO_FEATURES._replace(feature_dim=1), margin=1e-3, norms=st.floats(0.1, 10.0)))
def test_below_the_threshold_the_certificate_holds_and_above_it_does_not(problem):
    threshold, upper, lower, error = map(float, both(problem))
    if error < threshold * (1 - CLOSE):
        assert upper < lower
    if error > threshold * (1 + CLOSE):
        assert upper >= lower * (1 - CLOSE)


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


def test_the_bound_on_phi_is_sharp_for_wide_heads():
    bound = likely_head_alignment_error(1.0, jnp.array(1e4), 1e-4)
    assert float(probability_of_smaller(bound, 1.0, 1e4)) > 0.7 * 1e-4
