"""Both halves show the same methods in the same colours; the agreement counts conditions; zeros are drawn as zeros."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex

from figures.benchmark.reading import load_benchmark
from figures.look import style
from figures.missing import NothingToDraw
from figures.side_by_side import (
    features,
    flagship,
    head_scale,
    heads,
    movement,
    risks,
    shift,
    training,
    truth_norm,
)

MODULES = (
    risks,
    training,
    movement,
    features,
    shift,
    heads,
    truth_norm,
    head_scale,
)


def heights(axis, method: str) -> list[float]:
    """Where the method's large marks are."""
    return [
        float(line.get_ydata()[0])
        for line in axis.get_lines()
        if line.get_marker() == style.MARKERS[method]
        and to_hex(line.get_color()).upper() == style.COLOURS[method]
        and len(line.get_ydata()) == 1
    ]


def line(axis, label: str):
    return next(one for one in axis.get_lines() if one.get_label() == label)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
@pytest.mark.parametrize("folder", ["results", "many"])
def test_every_figure_has_both_sides_and_says_how_far_they_agree(module, folder, request):
    data = module.collect(request.getfixturevalue(folder))
    figure = module.draw(data)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert any("theory" in title for title in titles)
    assert any("benchmark" in title for title in titles)
    remarks = [axis.get_title(loc="right") for axis in figure.axes if axis.get_title(loc="right")]
    assert remarks == [data.agreed.label]
    assert f"{data.agreed.conditions} conditions" in module.note(data)
    assert "τ" in module.note(data)
    assert -1 <= data.agreed.tau <= 1


def test_more_data_sets_are_more_conditions(results, many):
    for module in MODULES:
        assert module.collect(many).agreed.conditions == 5 * module.collect(results).agreed.conditions


def test_who_wins_agrees_where_the_benchmark_orders_as_theory_does(results):
    data = risks.collect(results)
    # ID: LP above FT and LP-FT (these two are equal in theory); OOD: FT above LP above LP-FT.
    assert (data.agreed.tau, data.agreed.pairs, data.agreed.conditions) == (1.0, 5, 6)
    theory, measured = risks.draw(data).axes
    for method in style.METHODS:
        assert len(heights(theory, method)) == 2
    np.testing.assert_allclose(heights(measured, "linear_probing"), [20.0, 40.0, 20.0])
    np.testing.assert_allclose(heights(measured, "fine_tuning"), [10.0, 50.0, 10.0])


def test_exact_fit_stands_on_the_line_named_zero(results):
    theory = risks.draw(risks.collect(results)).axes[0]
    zero = theory.get_yticks()[0]
    assert theory.get_yticklabels()[0].get_text() == "0"
    assert heights(theory, "fine_tuning")[0] == zero
    assert heights(theory, "lp_ft")[0] == zero
    # The median of the three problems with good features; the fourth, a million times worse, is left out.
    np.testing.assert_allclose(heights(theory, "linear_probing"), [1e-4, 1e-3])


def test_same_order_on_both_sides(results):
    orders = []
    for axis in risks.draw(risks.collect(results)).axes:
        first = {
            method: min(one.get_xdata()[0] for one in axis.get_lines() if one.get_marker() == style.MARKERS[method])
            for method in style.METHODS
        }
        orders.append(sorted(first, key=first.__getitem__))
    assert orders[0] == orders[1] == list(style.METHODS)


def test_training_shows_flow_and_epochs_and_matches_them_by_progress(results):
    data = training.collect(results)
    # Two epochs after the first, ID and OOD, three methods each.
    assert data.agreed.conditions == 12
    figure = training.draw(data)
    np.testing.assert_allclose(line(figure.axes[1], "FT").get_ydata(), [55.0, 35.0, 15.0])
    np.testing.assert_allclose(line(figure.axes[2], "FT").get_ydata(), np.sqrt([1.0, 0.6, 0.501]))
    assert figure.axes[2].get_yscale() == "log"


def test_movement_lies_below_the_diagonal_in_theory(results):
    data = movement.collect(results)
    for pair in data.theory.values():
        assert (pair[1] < pair[0]).all()
    assert data.agreed.tau == 1.0
    assert data.agreed.told_apart == data.agreed.alike == data.agreed.pairs
    assert "apart" in movement.note(data)


def test_better_features_lie_to_the_right_on_both_sides(results):
    data = features.collect(results)
    theory, measured = features.draw(data).axes
    assert theory.xaxis_inverted()
    assert not measured.xaxis_inverted()
    assert data.datasets[0].quality == (0.5, 0.7, 0.9)
    np.testing.assert_allclose(heights(measured, "linear_probing"), [60.0, 50.0, 40.0])
    assert "better" in theory.get_xlabel()


def test_sets_stand_at_their_measured_angle(results):
    data = shift.collect(results)
    assert data.datasets[0].sets == ("near_id", "coloured", "inverted")
    np.testing.assert_allclose(data.datasets[0].angles, np.degrees([0.3, 0.6, 0.9]))
    measured = shift.draw(data).axes[1]
    np.testing.assert_allclose(heights(measured, "fine_tuning"), [10.0, 50.0, 50.0])


def test_heads_go_from_worst_to_best(results):
    data = heads.collect(results)
    assert data.datasets[0].labels == ("random", "partly probed", "linear probe")
    assert (np.diff(data.phi) < 0).all()
    assert data.agreed.tau == 1.0
    theory, measured = heads.draw(data).axes
    assert theory.xaxis_inverted()
    np.testing.assert_allclose(heights(measured, "fine_tuning"), [55.0, 50.0, 25.0])


@pytest.mark.parametrize("module", MODULES[1:], ids=lambda module: module.__name__)
def test_benchmark_without_what_a_figure_shows_is_told_what_to_run(module, bare):
    with pytest.raises(NothingToDraw, match=r"must have .* in a .*(suite file|folder of its own)"):
        module.collect(bare)


def test_premises_that_are_not_met_are_counted_apart(results):
    data = shift.collect(results)
    # Of three sets two lie far; every method and the gap compare them, and each of them with the one near ID.
    assert (data.agreed.conditions, data.agreed.unmet.conditions) == (8, 4)
    assert data.agreed.pairs <= 4
    assert "promises no order" in shift.note(data)
    assert data.agreed.label.endswith("n = 8")


def test_names_of_sets_that_lie_close_stand_apart():
    figure, axes = style.panels(2, height=2.9)
    axis = axes.flat[1]
    axis.set_xlim(0, 25)
    places = shift._apart(figure, axis, (5.0, 19.0, 19.1, 19.2, 23.0))
    names = [axis.text(x, 0.5, "a name", rotation=90, ha="center", fontsize=style.small()) for x in places]
    boxes = [name.get_window_extent() for name in names]
    assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))
    assert (places[0], places[-1]) == (5.0, 23.0)
    assert places[1:4].mean() == pytest.approx(19.1)


def test_the_flagship_shows_theory_bridge_and_digits_and_where_premises_end(results):
    data = flagship.collect(results)
    assert [group.name for group in data.groups] == ["ID", "large shift", "near ID", "bad features"]
    # As in the pair of risks: five pairs that the theory orders, all of them as measured.
    assert (data.agreed.tau, data.agreed.pairs, data.agreed.conditions) == (1.0, 5, 6)
    assert data.agreed.unmet.conditions == 6
    figure = flagship.draw(data)
    theory, bridge, measured = figure.axes
    assert heights(measured, "fine_tuning")[:2] == pytest.approx([10, 50])
    refitted = [one for one in measured.get_lines() if one.get_label() == "FT, head refitted"]
    assert [float(one.get_ydata()[0]) for one in refitted] == pytest.approx([40, 40])
    assert line(bridge, "LP-FT").get_ydata()[-1] == pytest.approx(50)
    assert "τ = +1.00" in flagship.note(data)
    assert theory.get_ylabel().startswith("risk")


def test_lp_ft_at_its_careful_rate_stands_beside_its_best_where_the_two_differ(results):
    benchmark = load_benchmark(results)
    dataset = benchmark.datasets[0].name
    best = next(row for row in benchmark.rows if (row.method, row.norm_mode) == ("LP-FT", "eval"))
    per_set = {name: one.model_copy(update={"per_seed": [0.9] * 3}) for name, one in best.per_ood_set.items()}
    lower = best.model_copy(update={"learning_rate": best.learning_rate / 10, "per_ood_set": per_set})
    for careful, errors in ((lower, [0.1, 0.1]), (best, [None, None])):
        groups = flagship._groups(benchmark.model_copy(update={"careful_rows": [careful]}), dataset)
        shown = [group.careful for group in groups if group.name in ("large shift", "near ID")]
        assert [None if one is None else one.mean for one in shown] == [
            None if error is None else pytest.approx(error) for error in errors
        ]


def test_shorter_features_are_a_larger_truth(results):
    data = truth_norm.collect(results)
    (measured,) = data.datasets
    assert measured.lengths == (10.0, 1.0, 0.1)
    assert [error.mean for error in measured.errors["fine_tuning"]] == pytest.approx([0.5, 0.6, 0.7])
    assert [error.mean for error in measured.errors["linear_probing"]] == pytest.approx([0.4, 0.4, 0.4])
    assert set(measured.other) == {"fine_tuning", "lp_ft"}


def test_a_larger_random_head_loses_more(results):
    data = head_scale.collect(results)
    (measured,) = data.datasets
    assert measured.scales == (0.1, 1.0, 10.0)
    assert [error.mean for error in measured.errors] == pytest.approx([0.55, 0.65, 0.75])  # FT in eval mode
    assert measured.probe.mean == pytest.approx(0.4)
    np.testing.assert_allclose(heights(head_scale.draw(data).axes[1], "fine_tuning"), [55.0, 65.0, 75.0])
