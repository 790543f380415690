"""W, eps and phi with the aligned truth: nothing depends on how the truth is represented."""

from fractions import Fraction

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.strategies import Shape, orthogonal_matrices, problems
from theory import LinearNetwork, aligned_truth, feature_error, head_alignment_error, ood_risk, truth_norm
from theory.bounds import (
    corrected_lower_bound,
    implicit_lower_bound,
    linear_probing_upper_bound,
    lp_ft_upper_bound,
    published_lower_bound,
)
from theory.statements.ft_ood_lower_bound import small_truth

#: Rotating the truth rounds it to 1e-16; W, phi, eps, bounds and risks differ by as much, relative to their scale.
RTOL = 1e-12
#: phi is a square root: near a perfect head it amplifies 1e-16 to 1e-8.
SQUARED = 1e-12
#: Bounds away from a perfect head: decompositions and a bisection, three decades above their rounding.
BOUNDS_RTOL = 1e-9
BOUNDS_ATOL = 1e-14  # the corrected bound is a difference of numbers of the truth's norm, here 1, and may be 0
#: phi^2 as a product of sum and difference, relative to itself and to W^4.
PHI_RTOL, PHI_ATOL = 1e-10, 1e-15


def rotated(problem, rotation):
    truth = LinearNetwork(rotation @ problem.truth.head, rotation @ problem.truth.features)
    return eqx.tree_at(lambda problem: problem.truth, problem, truth)


aligned = jax.jit(aligned_truth)
measured = jax.jit(
    lambda problem: (
        truth_norm(problem),
        feature_error(problem),
        head_alignment_error(problem) ** 2,
        ood_risk(problem.pretrained, problem),
    )
)


def numbers(problem) -> list[float]:
    """W, eps, phi^2 and the OOD risk of the pretrained network."""
    return [float(number) for number in measured(problem)]


bounds = jax.jit(
    lambda problem: jnp.stack(
        [
            corrected_lower_bound(problem),
            implicit_lower_bound(problem),
            published_lower_bound(problem),
            linear_probing_upper_bound(problem),
            lp_ft_upper_bound(problem),
        ]
    )
)


@given(problems(Shape(8, 2, 4), errors=st.floats(0.0, 1.3)), orthogonal_matrices(2))
def test_everything_is_invariant_under_rotations_of_the_truth(problem, rotation):
    other = rotated(problem, rotation)
    size = float(truth_norm(problem) + jnp.linalg.norm(problem.pretrained.head))
    norm, error, squared_phi, risk = numbers(problem)
    norm_too, error_too, squared_phi_too, risk_too = numbers(other)
    assert norm_too == pytest.approx(norm, rel=RTOL)
    assert error_too == pytest.approx(error, abs=RTOL)
    assert squared_phi_too == pytest.approx(squared_phi, abs=SQUARED * size**2 * (norm**2))
    assert risk_too == pytest.approx(risk, abs=RTOL * size**2)
    np.testing.assert_allclose(aligned(problem).features, aligned(other).features, atol=RTOL)
    np.testing.assert_allclose(aligned(problem).weights, problem.truth.weights, atol=RTOL * norm)


@given(problems(Shape(8, 2, 4), errors=st.floats(0.01, 1.3), margin=0.1, norms=st.just(1.0)), orthogonal_matrices(2))
def test_every_bound_is_invariant_too(problem, rotation):
    # Away from a perfect head, where phi and with it the bounds lose half their digits.
    problem = problem.with_head(3 * aligned(problem).head)
    np.testing.assert_allclose(bounds(problem), bounds(rotated(problem, rotation)), rtol=BOUNDS_RTOL, atol=BOUNDS_ATOL)


@given(problems(Shape(8, 2, 4)))
def test_alignment_brings_the_features_within_the_feature_error(problem):
    apart = np.linalg.norm(problem.pretrained.features - aligned(problem).features, ord=2)
    assert float(apart) == pytest.approx(numbers(problem)[1], abs=RTOL)


@given(st.floats(0.01, 100.0), st.floats(-100.0, 100.0))
def test_head_alignment_error_agrees_with_exact_arithmetic(norm, head):
    problem = small_truth(0.6, norm, head)
    squared = abs((Fraction(head) * Fraction(norm)) ** 2 - Fraction(norm) ** 4)
    assert float(head_alignment_error(problem)) ** 2 == pytest.approx(
        float(squared), rel=PHI_RTOL, abs=PHI_ATOL * norm**4
    )


def test_head_alignment_error_keeps_its_digits_near_a_perfect_head():
    # phi^2 = W^4 (2 delta + delta^2) for v0 = (1 + delta) v*, with a delta that is exact in binary.
    delta = 2.0**-40
    phi = head_alignment_error(small_truth(0.6, 1.0, 1.0 + delta))
    assert float(phi) ** 2 == pytest.approx(2 * delta + delta**2, rel=RTOL)


def test_head_alignment_error_has_a_finite_gradient_at_a_perfect_head():
    problem = small_truth(0.6, 0.5, 0.5)
    gradient = jax.grad(lambda head: head_alignment_error(problem.with_head(head)))(problem.pretrained.head)
    assert head_alignment_error(problem) == 0
    assert np.isfinite(gradient).all()
