"""sqrt(OOD risk) of the linear-probing limit is at most `eps W (1 + sqrt(kappa) / c_S)`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from simulations.strategies import Shape, problems
from tests.support.judging import (
    FIXED,
    ONE_DIRECTION,
    ONE_UNIT,
    VISIBLE,
    exact_evidence,
    integrated_evidence,
    judged,
    judged_on,
)
from theory import LinearNetwork, Problem, linear_probing, ood_risk
from theory.bounds import linear_probing_upper_bound
from theory.reduction import network_at, reduce
from theory.statements.linear_probing_upper_bound import probed_risk
from theory.statements.statement import TOLERANCE

NAME = "linear_probing_upper_bound"
#: Condition numbers up to 1e4 and visible shares down to `VISIBLE` amplify 1e-16 by 1e7 at most.
AMPLIFIED = 1e-8
#: Angles of 1e-7 to 1e-9 as differences of two of order 1 keep seven digits at least.
CANCELLED = 1e-6


def planar(angle: float, true_angle: float, head: float = 0.0) -> Problem:
    """d = 2, k = 1, W = 1: pretrained and true features at angles to the ID direction e1."""

    def network(entry, at):
        return LinearNetwork(head=jnp.array([entry]), features=jnp.array([[np.cos(at), np.sin(at)]]))

    return Problem(
        truth=network(1.0, true_angle),
        pretrained=network(head, angle),
        id_frame=jnp.eye(2)[:, :1],
        training_covariance=jnp.eye(1),
    )


@jax.jit
def sides(problem):
    """sqrt(OOD risk) of the limit, its bound, and W + |v0|."""
    reduced = reduce(problem, compress=False)
    probed = network_at(linear_probing.limit(reduced), reduced, problem)
    size = jnp.linalg.norm(problem.truth.head) + jnp.linalg.norm(problem.pretrained.head)
    return jnp.sqrt(ood_risk(probed, problem)), linear_probing_upper_bound(problem), size


@pytest.mark.parametrize("shape", [ONE_DIRECTION, ONE_UNIT], ids=str)
def test_holds_wherever_features_are_visible(shape):
    @given(problems(shape, margin=VISIBLE, isotropic=True))
    def check(problem):
        judgement = judged(problem)
        assert judgement.premise(NAME)
        assert judgement.slack(NAME) >= -TOLERANCE

    check()


@given(problems(Shape(8, 2, 4), margin=VISIBLE, with_covariances=True))
def test_holds_for_every_training_covariance_and_ood_second_moment(problem):
    risk, bound, size = sides(problem)
    assert risk <= bound + AMPLIFIED * size


@given(problems(Shape(5, 2, 1), margin=VISIBLE))
def test_says_nothing_with_more_features_than_id_directions(problem):
    judgement = judged(problem)
    assert not judgement.premise(NAME)
    assert judgement.slack(NAME) == 1


@pytest.mark.parametrize("name", FIXED)
def test_least_squares_agree(name):
    judgement = judged_on(integrated_evidence(name))
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) >= -TOLERANCE


def test_is_attained_in_the_limit_of_invisible_features():
    # In the plane D_lp = W sin(a - b) / cos a, and its ratio to the bound tends to 1 as a - b -> 0 and then a -> pi/2.
    ratios = []
    for gap in (1e-1, 1e-2, 1e-3):
        angle = np.pi / 2 - gap
        problem = planar(angle, angle - 1e-6 * gap)
        risk = float(probed_risk(exact_evidence(problem)))
        assert risk == pytest.approx(np.sin(1e-6 * gap) / np.cos(angle), rel=CANCELLED)
        ratios.append(risk / float(linear_probing_upper_bound(problem)))
    assert 0.9 < ratios[0] < ratios[1] < ratios[2] < 1


def test_visibility_matters():
    # Perfect features that no ID input excites: the head stays where it was, and the risk is anything.
    problem = planar(np.pi / 2, np.pi / 2, head=7.0)
    invisible = problem.pretrained.features.at[0, 0].set(0.0)
    problem = Problem(
        truth=LinearNetwork(problem.truth.head, invisible),
        pretrained=LinearNetwork(problem.pretrained.head, invisible),
        id_frame=problem.id_frame,
        training_covariance=problem.training_covariance,
    )
    assert probed_risk(exact_evidence(problem)) == 6
    assert linear_probing_upper_bound(problem) == np.inf
