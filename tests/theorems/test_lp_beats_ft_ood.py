"""The ratio of OOD risks, linear probing to fine-tuning at its best moment, vanishes with the feature error."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from simulations.strategies import certified_problems
from tests.support.judging import (
    FIXED,
    ONE_DIRECTION,
    ONE_UNIT,
    integrated_evidence,
    judged,
    judged_on,
    lowest_distance,
)
from theory import LinearNetwork, Problem
from theory.statements import closed_form_evidence
from theory.statements.linear_probing_upper_bound import probed_risk
from theory.statements.lp_beats_ft_ood import STATEMENT
from theory.statements.statement import TOLERANCE

NAME = "lp_beats_ft_ood"
#: Corrections are of the order of eps, up to 1e-2, times a few.
FIRST_ORDER = 0.05


def planar(feature_error: float, *, norm: float = 1.0, head: float = 2.0) -> Problem:
    """d = 2, k = 1: pretrained features at 0.8 to the ID direction, true ones further away."""

    def network(entry, at):
        return LinearNetwork(head=jnp.array([entry]), features=jnp.array([[np.cos(at), np.sin(at)]]))

    return Problem(
        truth=network(norm, 0.8 + 2 * np.arcsin(feature_error / 2)),
        pretrained=network(head, 0.8),
        id_frame=jnp.eye(2)[:, :1],
        training_covariance=jnp.eye(1),
    )


@pytest.mark.parametrize("shape", [ONE_DIRECTION, ONE_UNIT], ids=str)
def test_the_ratio_is_bounded_by_the_ratio_of_the_bounds(shape):
    @given(certified_problems(shape, isotropic=True))
    def check(problem):
        judgement = judged(problem)
        assert judgement.premise(NAME)
        assert judgement.slack(NAME) >= -TOLERANCE

    check()


@pytest.mark.parametrize("norm", [1.0, 1e-3])
def test_perfect_features_give_the_ratio_zero(norm):
    # Both sides are 0; what is left of the risk is rounding, and no violation at any scale of the truth.
    judgement = judged(planar(0.0, norm=norm, head=3 * norm))
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) >= -TOLERANCE


@pytest.mark.parametrize("name", ["good features", "perfect features"])
def test_an_integrated_network_agrees(name):
    judgement = judged_on(integrated_evidence(name))
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) >= -TOLERANCE


def test_both_sides_are_proportional_to_the_feature_error():
    errors = np.array([1e-2, 1e-4, 1e-6])
    evidence = [closed_form_evidence(planar(error)) for error in errors]
    for side in (STATEMENT.smaller, STATEMENT.larger):
        per_error = np.array([float(side(one)) for one in evidence]) / errors
        np.testing.assert_allclose(per_error, per_error[-1], rtol=FIRST_ORDER)


def test_large_feature_errors_let_fine_tuning_win():
    problem = planar(0.5, head=1.02)
    assert not judged(problem).premise(NAME)
    assert lowest_distance(problem) < float(probed_risk(closed_form_evidence(problem)))


def test_the_half_space_bound_brings_the_generic_fixed_problem_within_the_premises():
    judgement = judged_on(integrated_evidence("generic"))
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) >= -TOLERANCE
    assert set(FIXED) == {"generic", "good features", "perfect features"}
