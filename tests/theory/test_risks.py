"""Risks and training loss against their definitions as sums and as worst cases."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given

from simulations.strategies import Shape, problems
from tests.support.references import example_inputs
from theory import id_risk, id_subspace_risk, ood_risk, training_loss
from theory.risks import ood_conditioning

SHAPE = Shape(8, 2, 4)
#: Sums of squares of a few terms, relative to the largest of them.
RTOL = 1e-11
#: Eigenvalues of matrices of condition up to 1e4.
EIGENVALUES = 1e-9

measured = jax.jit(
    lambda problem: (
        ood_risk(problem.pretrained, problem),
        id_risk(problem.pretrained, problem),
        id_subspace_risk(problem.pretrained, problem),
        training_loss(problem.pretrained, problem),
        ood_conditioning(problem),
    )
)


def risks(problem):
    return jax.tree.map(np.asarray, measured(problem))


def pieces(problem):
    """w - w* and the scale at which it is known, from the definition."""
    weights, truth = (
        np.asarray(network.features).T @ np.asarray(network.head) for network in (problem.pretrained, problem.truth)
    )
    return weights - truth, (np.linalg.norm(weights) + np.linalg.norm(truth)) ** 2


@given(problems(SHAPE, with_covariances=True))
def test_risks_are_second_moments_of_the_error(problem):
    error, size = pieces(problem)
    ood, identity, subspace, loss, conditioning = risks(problem)
    inside = np.asarray(problem.id_frame).T @ error
    sigma, sigma_id = np.asarray(problem.ood_covariance), np.asarray(problem.id_covariance)
    np.testing.assert_allclose(ood, error @ sigma @ error, atol=RTOL * size * conditioning[1])
    np.testing.assert_allclose(identity, inside @ sigma_id @ inside, atol=RTOL * size * np.abs(sigma_id).max())
    np.testing.assert_allclose(subspace, inside @ inside, atol=RTOL * size)
    residuals = example_inputs(problem) @ error
    np.testing.assert_allclose(
        loss, residuals @ residuals, atol=RTOL * size * np.abs(problem.training_covariance).max()
    )


@given(problems(SHAPE, with_covariances=True))
def test_ood_risk_lies_between_multiples_of_the_squared_distance(problem):
    error, size = pieces(problem)
    ood, *_, (smallest, largest) = risks(problem)
    slack = RTOL * size * largest
    assert smallest * (error @ error) - slack <= ood <= largest * (error @ error) + slack
    np.testing.assert_allclose(
        [smallest, largest], np.linalg.eigvalsh(problem.ood_covariance)[[0, -1]], rtol=EIGENVALUES
    )


@given(problems(SHAPE))
def test_without_second_moments_risks_are_worst_cases_over_unit_balls(problem):
    error, size = pieces(problem)
    ood, identity, subspace, _, conditioning = risks(problem)
    length = np.linalg.norm(error)
    worst_input = jnp.asarray(error / length if length else error)
    difference = problem.pretrained(worst_input) - problem.truth(worst_input)
    np.testing.assert_allclose(ood, difference**2, atol=RTOL * size)
    assert identity == subspace <= ood + RTOL * size
    np.testing.assert_array_equal(conditioning, [1, 1])


@given(problems(SHAPE, with_covariances=True))
def test_the_truth_has_none(problem):
    for risk in (ood_risk, id_risk, id_subspace_risk, training_loss):
        assert risk(problem.truth, problem) == 0
