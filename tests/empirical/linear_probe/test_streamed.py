"""A set that is too large to be kept in double precision is solved as exactly as one that is kept."""

import numpy as np
import pytest

from empirical.linear_probe import TOLERANCE, Features, probe_path, selected_probe, standardisation, streamed
from empirical.linear_probe.problem import Solution, measure, problem
from empirical.linear_probe.streamed import coordinates, is_streamed, measure_streamed, streamed_problem
from tests.empirical.linear_probe.test_probe_path import CLASSES, FEW, gradient, sample, standardised

#: Both paths end within the solver's tolerance; seen through objectives that is its square.
OBJECTIVE_RTOL = 1e-7
ROUNDING = 1e-5  # float32 heads on features of size ten
ROWS = 16  # so that sixty examples are several blocks, the last of them smaller


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(streamed, "LARGEST_KEPT", 0)
    monkeypatch.setattr(streamed, "ROWS", ROWS)


def kept_in_memory(*arguments):
    raise AssertionError("a set that is too large to be kept was kept")


def far_from_zero() -> Features:
    """A mean a thousand times the deviation: what is subtracted is almost all of a feature."""
    training = sample(3)
    return Features((training.features + 1000).astype(np.float32), training.labels)


def without_a_class() -> Features:
    training = sample(4)
    return Features(training.features, np.where(training.labels == 2, 1, training.labels).astype(np.int32))


@pytest.mark.parametrize("training", [sample(1), far_from_zero(), without_a_class()], ids=["plain", "far", "unseen"])
@pytest.mark.parametrize("scale", ["scalar", "per_dimension"])
def test_the_streamed_path_is_the_kept_path(training, scale, monkeypatch):
    def path():
        return probe_path(training, classes=CLASSES, penalties=FEW, standardisation=scale)

    kept = path()
    monkeypatch.setattr(streamed, "LARGEST_KEPT", 0)
    monkeypatch.setattr(streamed, "ROWS", ROWS)
    monkeypatch.setattr("empirical.linear_probe.path.problem", kept_in_memory)
    found = path()
    for one, other in zip(found, kept, strict=True):
        assert one.converged
        assert abs(one.iterations - other.iterations) <= 1  # rounding may ask for one more
        assert one.objective == pytest.approx(other.objective, rel=OBJECTIVE_RTOL)
        size = np.linalg.norm(other.head.weight)
        assert np.linalg.norm(one.head.weight - other.head.weight) <= 2 * TOLERANCE * size + ROUNDING * size
    validation = sample(7)
    assert selected_probe(found, validation).penalty == selected_probe(kept, validation).penalty


@pytest.mark.usefixtures("small_blocks")
def test_the_gradient_vanishes_as_it_is_said_to():
    training = sample(5)
    for probe in probe_path(training, classes=CLASSES, penalties=FEW):
        weight, bias = standardised(probe, training)
        found = np.linalg.norm(gradient(training, weight, bias, probe.penalty))
        assert probe.gradient_norm <= TOLERANCE * np.linalg.norm(weight) * (1 + ROUNDING)
        assert found <= TOLERANCE * np.linalg.norm(weight) + ROUNDING * probe.penalty * len(training.labels)


@pytest.mark.usefixtures("small_blocks")
def test_principal_coordinates_are_uncorrelated_with_the_energies_that_are_said():
    training = far_from_zero()
    blocks = streamed_problem(training.features, training.labels, CLASSES, standardisation(training.features))
    rough = coordinates(blocks).rough
    moment = np.asarray(rough.inputs, np.float64).T @ np.asarray(rough.inputs, np.float64)
    np.testing.assert_allclose(moment, np.diag(rough.energies), atol=ROUNDING * len(training.labels))


@pytest.mark.usefixtures("small_blocks")
def test_the_yardstick_is_the_same():
    training = sample(6)
    scale = standardisation(training.features)
    whole = problem(scale(training.features), training.labels, CLASSES)
    blocks = streamed_problem(training.features, training.labels, CLASSES, scale)
    draw = np.random.default_rng(0)
    solution = Solution(draw.normal(size=(CLASSES, training.features.shape[1])), draw.normal(size=CLASSES), 0, True)
    np.testing.assert_allclose(measure_streamed(blocks, solution, 0.3), measure(whole, solution, 0.3), rtol=1e-12)


def test_what_is_streamed():
    width = 2048
    large = np.broadcast_to(np.float32(0), (streamed.LARGEST_KEPT // (8 * width) + 1, width))
    assert is_streamed(large)
    assert not is_streamed(large[:-1])
    wide = np.broadcast_to(np.float32(0), (8_000, 9_000))  # fewer examples than features: the problem shrinks to them
    assert not is_streamed(wide)
