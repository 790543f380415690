"""What is recorded of networks that training has broken."""

import json

import numpy as np
import pytest

from empirical.evaluation import Evaluation
from empirical.records import SetMetrics
from empirical.runs.judging import NotFinite, _check_finite, movements

BEFORE = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)


def evaluation(features):
    return Evaluation(sets={}, features={"id_test": features}, positions={})


def test_features_that_are_the_same_for_all_images_have_no_alignment():
    moved = movements(evaluation(BEFORE), evaluation(np.ones_like(BEFORE)))["id_test"]
    assert moved.cka is None
    assert moved.mean_squared == pytest.approx(np.mean((BEFORE - 1) ** 2))
    json.dumps(moved.model_dump(mode="json"), allow_nan=False)


def test_scores_that_are_not_finite_are_named():
    with pytest.raises(NotFinite, match="Scores on id_test must be finite, but their negative log likelihood is nan"):
        _check_finite("id_test", SetMetrics(count=6, accuracy=0.5, nll=float("nan"), ece=0.1))
