"""Fine-tuning moves ID features at least as much as OOD ones, where ID inputs have more of their length in S."""

import jax
import numpy as np
import pytest
from hypothesis import given

from simulations.strategies import problems
from tests.support.judging import ONE_UNIT, TWO_FEATURES, exact_evidence, judged
from theory.statements.ft_moves_id_features_most import MOVED, movements
from theory.statements.ft_moves_id_features_most_as_printed import ood_inputs_along_what_moves
from theory.statements.statement import TOLERANCE

NAME = "ft_moves_id_features_most"
#: Movements of `MOVED` at least, between features that are known to 1e-13.
RTOL = 1e-6

compared = jax.jit(lambda problem: movements(exact_evidence(problem)))


@pytest.mark.parametrize("shape", [TWO_FEATURES, ONE_UNIT], ids=str)
def test_holds_with_a_constant_ratio_for_identity_moments(shape):
    @given(problems(shape, isotropic=True))
    def check(problem):
        judgement = judged(problem)
        assert judgement.premise(NAME)
        assert judgement.slack(NAME) >= -TOLERANCE
        outside, inside = map(float, compared(problem))
        if inside > MOVED:
            np.testing.assert_allclose(outside / inside, np.sqrt(shape.id_dim / shape.input_dim), rtol=RTOL)

    check()


@given(problems(ONE_UNIT, isotropic=True, with_covariances=True))
def test_holds_wherever_its_premise_does(problem):
    judgement = judged(problem)
    assert not judgement.premise(NAME) or judgement.slack(NAME) >= -TOLERANCE


def test_the_premise_matters():
    judgement = judged(ood_inputs_along_what_moves())
    assert not judgement.premise(NAME)
    assert judgement.slack(NAME) < -0.8
