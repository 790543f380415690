"""The ID-subspace loss and the ID loss of Gaussian inputs bound each other."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given

from simulations.strategies import Shape, problems
from tests.support.judging import FIXED, ONE_UNIT, judged
from theory import id_risk, id_subspace_risk, ood_risk
from theory.statements.statement import TOLERANCE

NAME = "id_subspace_loss"
#: Sums of squares and eigenvalues, relative to their largest term.
RTOL = 1e-9
#: Means of 200,000 squares, within five standard errors.
EXAMPLES, SAMPLING = 200_000, 5 * np.sqrt(2 / 200_000)

losses = jax.jit(lambda problem: (id_risk(problem.pretrained, problem), id_subspace_risk(problem.pretrained, problem)))


@given(problems(ONE_UNIT, isotropic=True, with_covariances=True))
def test_holds_along_fine_tuning(problem):
    assert judged(problem).slack(NAME) >= -TOLERANCE


@given(problems(Shape(8, 2, 4), with_covariances=True))
def test_either_loss_is_bounded_by_the_other(problem):
    gaussian, subspace = map(float, losses(problem))
    smallest, largest = np.linalg.eigvalsh(problem.id_covariance)[[0, -1]]
    scale = largest * (np.linalg.norm(problem.pretrained.head) + np.linalg.norm(problem.truth.head)) ** 2
    assert smallest * subspace <= gaussian + RTOL * scale
    assert gaussian <= largest * subspace + RTOL * scale


def test_gaussian_inputs_on_the_subspace_and_on_all_of_space():
    """On the subspace their loss is the ID-subspace loss; on R^d, where section 3.3 draws them, it is the OOD loss."""
    problem, draw = FIXED["generic"], np.random.default_rng(0)
    frame = np.asarray(problem.id_frame)
    on_subspace = draw.normal(size=(EXAMPLES, frame.shape[1])) @ frame.T
    everywhere = draw.normal(size=(EXAMPLES, frame.shape[0]))
    error = jnp.asarray(problem.pretrained.weights - problem.truth.weights)
    for inputs, risk in ((on_subspace, id_subspace_risk), (everywhere, ood_risk)):
        expected = float(risk(problem.pretrained, problem))
        np.testing.assert_allclose(np.mean((inputs @ error) ** 2), expected, rtol=SAMPLING)
