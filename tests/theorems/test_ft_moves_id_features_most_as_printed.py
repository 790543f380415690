"""That fine-tuning moves ID features more than OOD ones is no theorem: the labels decide what moves."""

import numpy as np
import pytest

from tests.support.judging import judged
from tests.support.references import fine_tuned
from theory.statements.ft_moves_id_features_most_as_printed import ood_inputs_along_what_moves

NAME = "ft_moves_id_features_most_as_printed"


def test_the_counterexample_refutes_the_claim():
    judgement = judged(ood_inputs_along_what_moves())
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) == pytest.approx(-0.899, abs=1e-3)


def test_the_counterexample_by_the_definition():
    problem = ood_inputs_along_what_moves()
    assert problem.is_overparameterised()
    path = fine_tuned(problem, np.array([0.0, 100.0]))
    movement = path.features[-1] - path.features[0]
    inside, outside = np.asarray(problem.id_frame), np.asarray(problem.ood_covariance)
    moment = inside @ np.asarray(problem.id_covariance) @ inside.T
    seen = [np.sqrt(np.trace(movement @ of @ movement.T) / np.trace(of)) for of in (moment, outside)]
    assert seen[0] / seen[1] == pytest.approx(np.sqrt(0.01 * 1.03 / 1.01), rel=1e-6)
