"""The two halves show the same methods in the same order and colours; zeros are drawn as zeros."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from figures import side_by_side, style
from figures.side_by_side import Measured, SideBySide


@pytest.fixture
def data() -> SideBySide:
    medians = {"linear_probing": [1e-4, 1e-3], "fine_tuning": [0.0, 0.3], "lp_ft": [1e-30, 2e-3]}
    risks = {method: np.outer(pair, [1.0, 0.5, 2.0]) for method, pair in medians.items()}
    errors = {
        method: (Measured(0.1, 0.02, (0.09, 0.11)), Measured(0.4, None, (0.4,)), Measured(0.2, 0.01, (0.2,)))
        for method in risks
    }
    return SideBySide(risks, errors, ("near_id",))


def heights(axis, method: str) -> list[float]:
    return [
        float(line.get_ydata()[0])
        for line in axis.get_lines()
        if line.get_marker() == style.MARKERS[method] and to_hex(line.get_color()).upper() == style.COLOURS[method]
    ]


def test_both_halves_show_every_method(data):
    theory, measured = side_by_side.draw(data).axes
    for method in style.METHODS:
        assert len(heights(theory, method)) == 2
        np.testing.assert_allclose(heights(measured, method), [10.0, 40.0, 20.0])


def test_same_order_on_both_sides(data):
    orders = []
    for axis in side_by_side.draw(data).axes:
        first = {
            method: min(line.get_xdata()[0] for line in axis.get_lines() if line.get_marker() == style.MARKERS[method])
            for method in style.METHODS
        }
        orders.append(sorted(first, key=first.__getitem__))
    assert orders[0] == orders[1] == list(style.METHODS)


def test_exact_fit_stands_on_the_line_named_zero(data):
    theory = side_by_side.draw(data).axes[0]
    zero = theory.get_yticks()[0]
    assert theory.get_yticklabels()[0].get_text() == "0"
    assert heights(theory, "fine_tuning")[0] == zero
    assert heights(theory, "lp_ft")[0] == zero
    np.testing.assert_allclose(heights(theory, "linear_probing"), [1e-4, 1e-3])


def test_premises_are_named_under_the_groups(data):
    labels = [label.get_text() for label in side_by_side.draw(data).axes[1].get_xticklabels()]
    assert labels == ["ID", "OOD\n(premises hold)", "near ID\n(premises fail)"]
