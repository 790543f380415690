"""Fine-tuning conserves `v v^T - B B^T`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from simulations.strategies import Shape, problems
from tests.support.judging import FIXED, ONE_DIRECTION, ONE_UNIT, TWO_FEATURES, integrated_evidence, judged, judged_on
from theory import LinearNetwork
from theory.fine_tuning.flow import raw_vector_field
from theory.statements.balancedness import balance
from theory.statements.statement import TOLERANCE

NAME = "balancedness"
#: Two products of matrices that cancel, relative to either.
ROUNDING = 1e-13

velocity = jax.jit(raw_vector_field)


@jax.jit
def change(problem):
    """d/dt (v v^T - B B^T), and the length of the velocity times that of the network."""
    network, moving = problem.pretrained, raw_vector_field(problem.pretrained, problem)
    _, derivative = jax.jvp(balance, (network,), (moving,))
    sizes = [jnp.sqrt(jnp.sum(one.head**2) + jnp.sum(one.features**2)) for one in (network, moving)]
    return jnp.linalg.norm(derivative), sizes[0] * sizes[1]


@given(problems(Shape(8, 2, 4)))
def test_the_derivative_vanishes_for_every_network(problem):
    derivative, size = change(problem)
    assert derivative <= ROUNDING * size


@pytest.mark.parametrize("shape", [ONE_DIRECTION, TWO_FEATURES, ONE_UNIT], ids=str)
def test_holds_along_exact_paths_to_their_limit(shape):
    @given(problems(shape, isotropic=True))
    def check(problem):
        assert judged(problem).slack(NAME) >= -TOLERANCE

    check()


@pytest.mark.parametrize("name", FIXED)
def test_an_integrated_network_agrees(name):
    assert judged_on(integrated_evidence(name)).slack(NAME) >= -TOLERANCE


def test_the_two_terms_move_on_their_own():
    networks = integrated_evidence("generic").fine_tuning
    assert abs(np.sum(networks.head[-1] ** 2) - np.sum(networks.head[0] ** 2)) > 0.1


def test_a_finite_step_breaks_it():
    # It belongs to the flow: an Euler step changes it by step^2 (dv dv^T - dB dB^T).
    problem = FIXED["generic"]
    moving, step = velocity(problem.pretrained, problem), 0.1
    stepped = LinearNetwork(
        head=problem.pretrained.head + step * moving.head, features=problem.pretrained.features + step * moving.features
    )
    change = balance(stepped) - balance(problem.pretrained)
    np.testing.assert_allclose(change, step**2 * balance(moving), atol=ROUNDING)
    assert np.linalg.norm(change) > 1e-3
