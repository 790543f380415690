"""The ID-subspace loss and the ID loss of Gaussian inputs bound each other."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given

from simulations.strategies import Shape, problems
from tests.support.judging import FIXED, ONE_UNIT, judged
from theory import LinearNetwork, Problem, id_risk, id_subspace_risk, ood_risk
from theory.statements import Evidence
from theory.statements.id_subspace_loss import STATEMENT
from theory.statements.statement import TOLERANCE, sides

NAME = "id_subspace_loss"
#: Sums of squares and eigenvalues, relative to their largest term.
RTOL = 1e-9
#: Means of 200,000 squares, within five standard errors.
EXAMPLES, SAMPLING = 200_000, 5 * np.sqrt(2 / 200_000)

losses = jax.jit(lambda problem: (id_risk(problem.pretrained, problem), id_subspace_risk(problem.pretrained, problem)))


@given(problems(ONE_UNIT, isotropic=True, with_covariances=True))
def test_holds_along_fine_tuning(problem):
    assert judged(problem).slack(NAME) >= -TOLERANCE


def test_sides_differ_where_the_moment_has_extremes():
    """An error of 1.5 along the axis on which inputs have variance 4, beside one with variance 1."""
    features, heads = jnp.eye(4)[1:2], jnp.array([[2.5], [2.5]])
    networks = jax.vmap(lambda head: LinearNetwork(head, features))(heads)
    problem = Problem(
        truth=LinearNetwork(jnp.array([1.0]), features),
        pretrained=LinearNetwork(jnp.array([2.5]), features),
        id_frame=jnp.eye(4)[:, :2],
        training_covariance=jnp.eye(2),
        id_covariance=jnp.diag(jnp.array([1.0, 4.0])),
    )
    evidence = Evidence(problem, fine_tuning=networks, linear_probing=networks, lp_ft=networks)
    np.testing.assert_allclose(sides(STATEMENT, evidence), (0.75, 1.5), rtol=RTOL)


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
