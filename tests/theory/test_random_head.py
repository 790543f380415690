"""The expected OOD risk over random heads, against sampling and against a finer quadrature."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulations.sampling import Dimensions, sample_problem
from theory.fine_tuning import one_id_direction, random_head
from theory.reduction import reduce, squared_distance

#: Half a million draws: five standard errors.
DRAWS, STANDARD_ERRORS = 500_000, 5
#: What a finer quadrature may change.
QUADRATURE_RTOL = 1e-10


def _problem(k, m=1):
    dimensions = Dimensions(input_dim=8, feature_dim=k, id_dim=m)
    return sample_problem(
        dimensions, jnp.full(min(k, m), 0.7), jnp.ones(m), feature_error=0.3, truth_norm=1.4, key=jax.random.key(k)
    )


@jax.jit
def _risks(problem, heads):
    def risk(head):
        reduced = reduce(problem.with_head(head), compress=False)
        return squared_distance(one_id_direction.limit(reduced), reduced)

    return jax.lax.map(risk, heads, batch_size=10_000)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_agrees_with_sampling(k):
    problem, scale = _problem(k), 0.8
    drawn = np.asarray(_risks(problem, scale * jax.random.normal(jax.random.key(7), (DRAWS, k))))
    expected = float(random_head.expected_ood_risk(problem, jnp.asarray(scale)))
    assert abs(drawn.mean() - expected) < STANDARD_ERRORS * drawn.std() / np.sqrt(DRAWS)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("scale", [0.05, 1.0, 20.0])
def test_a_finer_quadrature_changes_nothing(k, scale, monkeypatch):
    problem = _problem(k)
    coarse = float(random_head.expected_ood_risk(problem, jnp.asarray(scale)))
    monkeypatch.setattr(random_head, "LEVELS", 22)
    monkeypatch.setattr(random_head, "NODES", 28)
    assert float(random_head.expected_ood_risk(problem, jnp.asarray(scale))) == pytest.approx(
        coarse, rel=QUADRATURE_RTOL
    )


def test_tends_to_the_risk_from_a_zero_head():
    problem = _problem(3)
    reduced = reduce(problem.with_head(jnp.zeros(3)))
    still = float(squared_distance(one_id_direction.limit(reduced), reduced))
    assert float(random_head.expected_ood_risk(problem, jnp.asarray(1e-7))) == pytest.approx(still, rel=1e-6)


def test_refuses_several_id_directions():
    with pytest.raises(ValueError, match="one ID direction"):
        random_head.expected_ood_risk(_problem(2, m=2), jnp.asarray(1.0))
