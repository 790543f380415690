"""As printed, Proposition 3.1 is false: features may differ from w* where no ID input looks."""

import numpy as np

from tests.support.judging import judged
from tests.support.references import fine_tuned, probed_head
from theory.statements.ft_beats_lp_id_as_printed import differing_off_the_id_subspace

NAME = "ft_beats_lp_id_as_printed"
#: DOP853 at 1e-12 a step.
FITTED = 1e-10


def test_the_counterexample_meets_the_premises_and_refutes_the_claim():
    judgement = judged(differing_off_the_id_subspace())
    assert judgement.premise(NAME)
    assert judgement.slack(NAME) == -1  # equal sides, where the claim is strict
    assert not judgement.premise("ft_beats_lp_id")


def test_the_counterexample_by_the_definition():
    problem = differing_off_the_id_subspace()
    assert problem.is_overparameterised()
    weights, features = np.asarray(problem.truth.weights), np.asarray(problem.pretrained.features)
    assert np.linalg.matrix_rank(np.vstack([features, weights])) == 2  # w* is not in rowspace(B0)
    frame = np.asarray(problem.id_frame)
    probed = features.T @ probed_head(problem)
    assert np.linalg.norm(frame.T @ (probed - weights)) < FITTED
    path = fine_tuned(problem, np.array([0.0, 100.0]))
    tuned = path.features[-1].T @ path.heads[-1]
    assert np.linalg.norm(frame.T @ (tuned - weights)) < FITTED  # a global minimum, as the premise asks
