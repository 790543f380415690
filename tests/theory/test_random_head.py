"""The expected OOD risk over random heads, against sampling, SciPy's quadrature and a finer one."""

from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from simulations.sampling import Dimensions, sample_problem
from tests.support.references import central_difference
from theory.fine_tuning import one_id_direction, random_head
from theory.reduction import ood_risk, reduce

#: Fifty thousand draws: five standard errors.
DRAWS, STANDARD_ERRORS = 50_000, 5
#: What a finer quadrature may change.
QUADRATURE_RTOL = 1e-10
#: SciPy's own estimate of its error is below this.
SCIPY_RTOL = 1e-9
#: Central differences of fourth order with a step of 1e-3, relative to the derivative.
DIFFERENCE = 1e-7
#: A scale of 1e-7 leaves corrections of its own order.
FIRST_ORDER = 1e-6
#: Heads from far below the features to far above them; between them the saddle crosses the range of the heads.
SCALES = np.array([1e-3, 0.1, 0.8, 20.0, 1e3])


def _problem(k, m=1, *, weighted=False):
    dimensions = Dimensions(input_dim=8, feature_dim=k, id_dim=m)
    problem = sample_problem(
        dimensions, jnp.full(min(k, m), 0.7), jnp.ones(m), feature_error=0.3, truth_norm=1.4, key=jax.random.key(k)
    )
    if not weighted:
        return problem
    root = jax.random.normal(jax.random.key(3), (8, 8))
    covariance = root @ root.T + jnp.eye(8)
    return eqx.tree_at(lambda p: p.ood_covariance, problem, covariance, is_leaf=lambda leaf: leaf is None)


@jax.jit
def _risks(problem, heads):
    """OOD risk of the limit from each head."""
    reduced = reduce(problem, compress=False)

    def risk(head):
        return ood_risk(one_id_direction.limit(reduced.with_head(head)), reduced)

    return jax.vmap(jax.vmap(risk))(heads)


def _expected(problem):
    """The expectation at every scale, compiled anew, so that changed constants count."""
    return np.asarray(
        jax.jit(lambda: jax.lax.map(lambda scale: random_head.expected_ood_risk(problem, scale), SCALES))()
    )


@pytest.mark.parametrize(("k", "weighted"), [(1, False), (2, True), (4, False)])
def test_agrees_with_sampling_at_every_scale(k, weighted):
    problem = _problem(k, weighted=weighted)
    heads = SCALES[:, None, None] * jax.random.normal(jax.random.key(7), (DRAWS, k))
    drawn = np.asarray(_risks(problem, heads))
    errors = np.abs(drawn.mean(axis=1) - _expected(problem))
    np.testing.assert_array_less(errors, STANDARD_ERRORS * drawn.std(axis=1) / np.sqrt(DRAWS))


def test_agrees_with_adaptive_quadrature():
    # k = 1: one integral, cut at the saddle v0 = -a0.
    problem = _problem(1)
    feature = float((problem.pretrained.features @ problem.id_frame)[0, 0])
    target = float((problem.id_frame.T @ problem.truth.weights)[0])
    saddle = -np.sign(target) * feature
    for scale, expected in zip(SCALES[1:4], _expected(problem)[1:4], strict=True):

        def density(head, scale=scale):
            risk = float(_risks(problem, jnp.full((1, 1, 1), head))[0, 0])
            return risk * np.exp(-((head / scale) ** 2) / 2) / (scale * np.sqrt(2 * np.pi))

        ends = sorted({-9 * scale, 9 * scale, float(np.clip(saddle, -9 * scale, 9 * scale))})
        pieces = [quad(density, *piece, epsabs=0, epsrel=SCIPY_RTOL / 10, limit=200) for piece in pairwise(ends)]
        assert sum(error for _, error in pieces) < SCIPY_RTOL * expected
        assert sum(value for value, _ in pieces) == pytest.approx(expected, rel=SCIPY_RTOL)


@pytest.mark.parametrize("k", [1, 7])
def test_a_finer_and_wider_quadrature_changes_nothing(k, monkeypatch):
    problem = _problem(k)
    coarse = _expected(problem)
    monkeypatch.setattr(random_head, "LEVELS", 15)
    monkeypatch.setattr(random_head, "NODES", 22)
    monkeypatch.setattr(random_head, "REACH", 11.0)
    np.testing.assert_allclose(coarse, _expected(problem), rtol=QUADRATURE_RTOL)


def test_the_derivative_in_the_scale_agrees_with_finite_differences():
    # The discontinuity at the saddle moves with the scale, and the panels with it.
    problem = _problem(2)
    expected = jax.jit(lambda scale: random_head.expected_ood_risk(problem, scale))
    exact = float(jax.jit(jax.grad(expected))(0.5))
    assert exact == pytest.approx(float(central_difference(expected, 0.5, 1e-3)), rel=DIFFERENCE)


def test_tends_to_the_risk_from_a_zero_head():
    problem = _problem(3)
    still = float(_risks(problem, jnp.zeros((1, 1, 3)))[0, 0])
    expected = jax.jit(random_head.expected_ood_risk)(problem, jnp.asarray(1e-7))
    assert float(expected) == pytest.approx(still, rel=FIRST_ORDER)


def test_refuses_several_id_directions():
    with pytest.raises(ValueError, match="The expectation must have one ID direction"):
        random_head.expected_ood_risk(_problem(2, m=2), jnp.asarray(1.0))
