"""The dominance certificate's threshold in the feature error."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import LinearNetwork, Problem, feature_error
from theory.bounds import best_lower_bound, linear_probing_upper_bound, lp_beats_ft, lp_ft_beats_ft
from theory.bounds.certificate import largest_certified_error

#: How closely the threshold is bisected.
ACCURACY = 1e-3
#: The feature error of the family: an arcsine and an SVD.
RTOL = 1e-9
#: Bisected to 1e-9, with bounds that grow linearly there.
CROSSING = 1e-7


def family(error: float, *, head: float = 2.0) -> Problem:
    """d = 2, k = 1, W = 1, pretrained features at 0.8 to the ID direction, the true ones eps away."""

    def network(entry, at):
        return LinearNetwork(jnp.array([entry]), jnp.array([[jnp.cos(at), jnp.sin(at)]]))

    return Problem(
        truth=network(1.0, 0.8 + 2 * np.arcsin(error / 2)),
        pretrained=network(head, 0.8),
        id_frame=jnp.eye(2)[:, :1],
        training_covariance=jnp.eye(1),
    )


lp_certificate, lp_ft_certificate = jax.jit(lp_beats_ft), jax.jit(lp_ft_beats_ft)


@pytest.mark.parametrize("certificate", [lp_certificate, lp_ft_certificate], ids=["LP", "LP-FT"])
def test_it_holds_up_to_the_threshold_and_not_beyond(certificate):
    threshold = largest_certified_error(certificate, family, relative_accuracy=ACCURACY)
    assert feature_error(family(threshold)) == pytest.approx(threshold, rel=RTOL)
    assert certificate(family(threshold))
    assert not certificate(family(threshold * (1 + 2 * ACCURACY)))


def test_the_threshold_is_where_the_bounds_cross():
    threshold = largest_certified_error(lp_certificate, family, relative_accuracy=1e-9)
    crossing = family(threshold)
    lower = float(best_lower_bound(crossing))
    assert float(linear_probing_upper_bound(crossing)) == pytest.approx(lower, rel=CROSSING)


def test_without_a_certificate_the_threshold_is_zero():
    # A perfect head: phi = 0, and nothing is certified at any eps.
    assert largest_certified_error(lp_certificate, lambda error: family(error, head=1.0)) == 0


def test_a_certificate_that_never_fails_reaches_the_largest_error_asked_for():
    assert largest_certified_error(lp_certificate, family, largest=1e-6) == 1e-6


def test_unless_told_otherwise_it_looks_between_rounding_and_a_feature_error_of_one():
    asked: list[float] = []

    def recorded(error: float) -> Problem:
        asked.append(error)
        return family(error)

    assert largest_certified_error(lambda problem: jnp.asarray(True), recorded) == 1.0
    assert asked == [1e-12, 1.0]


def test_the_certificate_of_lp_ft_asks_for_more():
    thresholds = [largest_certified_error(one, family) for one in (lp_certificate, lp_ft_certificate)]
    assert 0 < thresholds[1] < thresholds[0] < 1
