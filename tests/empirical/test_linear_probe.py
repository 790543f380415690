"""The probe's head, returned to raw feature space, is the probe."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from empirical.linear_probe import Features, Probe, ProbeHead, probe_path, selected_probe, standardisation

ATOL = 1e-4  # float32 heads against float64 scores of size 10
DRAW = np.random.default_rng(0)
CENTRES = 3 * DRAW.normal(size=(4, 6))


def sample(count: int, seed: int) -> Features:
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 4, count).astype(np.int32)
    features = 5 + 0.3 * (CENTRES[labels] + draw.normal(size=(count, 6)))
    return Features(features.astype(np.float32), labels)


@given(st.floats(0.1, 100), st.floats(-10, 10), st.integers(0, 1000))
def test_a_head_in_raw_space_gives_the_same_scores(deviation, mean, seed):
    draw = np.random.default_rng(seed)
    features = (mean + deviation * draw.normal(size=(20, 6))).astype(np.float32)
    weight, bias = draw.normal(size=(4, 6)), draw.normal(size=4)
    normalise = standardisation(features)
    head = normalise.raw_head(weight, bias)
    expected = normalise(features) @ weight.T + bias
    scale = 1 + abs(mean) / deviation
    np.testing.assert_allclose(features @ head.weight.T + head.bias, expected, atol=ATOL * scale)


def test_the_path_is_scikit_learns_solution_for_every_penalty():
    training, validation = sample(200, 1), sample(100, 2)
    normalise = standardisation(training.features)
    for probe in probe_path(training, classes=4, penalties=(1.0, 1e-3), tolerance=1e-6):
        fresh = LogisticRegression(C=probe.penalty, tol=1e-8, max_iter=5000)
        fresh.fit(normalise(training.features), training.labels)
        assert probe.head.accuracy(validation) == pytest.approx(
            fresh.score(normalise(validation.features), validation.labels), abs=0.011
        )
        scale = np.abs(fresh.coef_).max()
        np.testing.assert_allclose(probe.head.weight * normalise.deviation, fresh.coef_, atol=1e-4 * scale)


def test_ties_go_to_the_stronger_penalty():
    data = Features(np.array([[1.0], [2.0], [3.0], [4.0]], np.float32), np.array([0, 0, 1, 1]))
    # Thresholds 5, 2.5, 2.5 and 1.5: half, all, all and three quarters of the examples are right.
    path = [
        Probe(
            penalty,
            ProbeHead(np.array([[0.0], [1.0]], np.float32), np.array([threshold, 0], np.float32)),
            0,
            0,
            1,
            True,
        )
        for penalty, threshold in [(1e-3, 5), (1e-2, 2.5), (1e-1, 2.5), (1.0, 1.5)]
    ]
    assert selected_probe(path, data).penalty == 1e-2


@pytest.mark.parametrize("value", [2.0, np.nan])
def test_constant_features_are_refused(value):
    with pytest.raises(ValueError, match="not all equal"):
        standardisation(np.full((5, 3), value, np.float32))
