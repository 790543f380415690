"""LP-FT moves features by at most `2 (V - sqrt(V^2 - sqrt(kappa) eps W))`; fine-tuning by what does not vanish."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from simulations.strategies import certified_problems, problems
from tests.support.judging import ONE_DIRECTION, ONE_UNIT, VISIBLE, integrated_evidence, judged, judged_on
from theory import LinearNetwork, Problem
from theory.statements.id_features_move_more import lp_ft_feature_movement
from theory.statements.statement import TOLERANCE

NAME = "id_features_move_more"
#: The gradient lies in S to rounding, at every step of the integrator.
INSIDE = 1e-12


@pytest.mark.parametrize("shape", [ONE_DIRECTION, ONE_UNIT], ids=str)
def test_holds_for_good_features(shape):
    @given(certified_problems(shape, isotropic=True))
    def check(problem):
        judgement = judged(problem)
        assert judgement.premise(NAME)
        assert judgement.slack(NAME) >= -TOLERANCE

    check()


@pytest.mark.parametrize("shape", [ONE_DIRECTION, ONE_UNIT], ids=str)
def test_holds_wherever_its_premise_does(shape):
    @given(problems(shape, margin=VISIBLE, isotropic=True))
    def check(problem):
        judgement = judged(problem)
        assert not judgement.premise(NAME) or judgement.slack(NAME) >= -TOLERANCE

    check()


@pytest.mark.parametrize("name", ["good features", "perfect features"])
def test_an_integrated_network_agrees(name):
    judgement = judged_on(integrated_evidence(name))
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) >= -TOLERANCE


@pytest.mark.parametrize("error", [1e-2, 1e-4])
def test_the_bound_is_attained_where_true_features_tilt_within_the_id_subspace(error):
    # Linear probing can make nothing of the tilt, and LP-FT turns the features by just that: eps, against 2 p = eps.
    features = jnp.array([[0.6, 0.0, 0.8, 0.0]])
    truth = np.cos(error) * features + np.sin(error) * jnp.array([[0.0, 1.0, 0.0, 0.0]])
    problem = Problem(
        LinearNetwork(jnp.ones(1), truth), LinearNetwork(jnp.ones(1), features), jnp.eye(4)[:, :2], jnp.eye(2)
    )
    assert 0 <= judged(problem).slack(NAME) < error  # corrections of higher order in eps


def test_fine_tuning_moves_them_a_thousand_times_as_far():
    evidence = integrated_evidence("good features")
    movement = evidence.fine_tuning.features[-1] - evidence.problem.pretrained.features
    assert np.linalg.norm(movement) > 1e3 * lp_ft_feature_movement(evidence)


def test_features_of_ood_inputs_stay_under_either_method():
    evidence = integrated_evidence("generic")
    inside = evidence.problem.id_frame @ evidence.problem.id_frame.T
    for networks in (evidence.fine_tuning, evidence.lp_ft):
        movement = networks.features[-1] - evidence.problem.pretrained.features
        assert np.linalg.norm(movement @ inside) > 0.05
        np.testing.assert_allclose(movement @ inside, movement, atol=INSIDE)
