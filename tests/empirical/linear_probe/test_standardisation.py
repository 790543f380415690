"""Features on a common scale: NumPy's own means and deviations, whatever the blocks that they are read in."""

import numpy as np
import pytest

from empirical.linear_probe import standardisation, standardising

ROUNDING = 1e-12


def features() -> np.ndarray:
    draw = np.random.default_rng(0)
    return (100 + draw.normal(size=(50, 3)) * np.array([1.0, 10.0, 0.1])).astype(np.float32)


@pytest.mark.parametrize("rows", [1, 16, 50, 4096])
def test_scalar_mean_and_deviation_are_those_of_all_entries(rows, monkeypatch):
    monkeypatch.setattr(standardising, "ROWS", rows)
    scale, entries = standardisation(features()), features().astype(np.float64)
    np.testing.assert_allclose(scale.mean, np.full(3, entries.mean()), rtol=ROUNDING)
    np.testing.assert_allclose(scale.deviation, np.full(3, entries.std()), rtol=ROUNDING)


@pytest.mark.parametrize("rows", [1, 16, 50, 4096])
def test_each_coordinate_has_its_own_mean_and_deviation(rows, monkeypatch):
    monkeypatch.setattr(standardising, "ROWS", rows)
    scale, entries = standardisation(features(), "per_dimension"), features().astype(np.float64)
    np.testing.assert_allclose(scale.mean, entries.mean(0), rtol=ROUNDING)
    np.testing.assert_allclose(scale.deviation, entries.std(0), rtol=ROUNDING)
    np.testing.assert_allclose(scale(features()), (entries - entries.mean(0)) / entries.std(0), rtol=1e-9)


def test_a_constant_coordinate_keeps_its_deviation():
    """Equal numbers have not quite their mean: divided by its deviation, rounding would look like a feature."""
    constant = features()
    constant[:, 1] = np.float32(0.1)
    scale = standardisation(constant, "per_dimension")
    assert scale.deviation[1] == 1.0
    assert np.abs(scale(constant)[:, 1]).max() <= ROUNDING
