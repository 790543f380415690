"""What the benchmark's figures draw: the numbers of the records, one colour a method, the paper's norm modes."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from figures.benchmark import (
    accuracy_along_training,
    benchmark_accuracy,
    feature_movement_on_images,
    id_ood_scatter,
    learning_rates,
    norm_modes,
    selection_on_id_and_ood,
    weight_interpolation_on_images,
)
from figures.benchmark.id_ood_scatter import Tried
from figures.benchmark.reading import measured_datasets, paper_rows, spoken, title
from figures.catalogue import FIGURES, entry
from figures.look import style
from figures.missing import NothingToDraw

NAMES = [figure.name for figure in FIGURES if figure.section == "benchmark"]


def marks(axis, method: str, *, open: bool = False, size: float | None = None) -> list[tuple[float, float]]:
    """Positions of a method's single marks, in the order in which they were drawn."""
    face = "#FFFFFF" if open else style.COLOURS[method]
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axis.get_lines()
        if line.get_marker() == style.MARKERS[method]
        and to_hex(line.get_color()).upper() == style.COLOURS[method]
        and to_hex(line.get_markerfacecolor()).upper() == face
        and len(line.get_xdata()) == 1
        and (size is None or line.get_markersize() == size)
    ]


def line(axis, label: str):
    return next(one for one in axis.get_lines() if one.get_label() == label)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("folder", ["results", "many"])
@pytest.mark.parametrize("size", style.SIZES)
def test_every_figure_is_drawn_for_one_and_for_several_data_sets_at_every_size(name, folder, size, request):
    module = entry(name).load()
    data = module.collect(request.getfixturevalue(folder))
    with style.sized(size):
        figure = module.draw(data)
    assert figure.axes
    for axis in figure.axes:
        assert axis.has_data()
        assert all(np.isfinite((*axis.get_xlim(), *axis.get_ylim())))
    labelled = [bool(axis.get_xlabel()) for axis in figure.axes]
    assert any(labelled)
    wide = style.SIZES[size].wide
    assert figure.get_figwidth() <= max(wide, style.SIZES[size].narrow)
    assert figure.legends


def test_panels_stand_one_below_the_other_in_a_column(results):
    data = accuracy_along_training.collect(results)
    page = accuracy_along_training.draw(data)
    with style.sized("column"):
        column = accuracy_along_training.draw(data)
    assert len(page.axes) == len(column.axes) == 2
    assert column.get_figheight() == 2 * page.get_figheight()
    places = [axis.get_subplotspec().rowspan.start for axis in column.axes]
    assert places == [0, 1]


def test_paper_compares_batch_statistics_in_ft_with_frozen_ones_elsewhere(made_up):
    rows = paper_rows(made_up, "digits")
    assert [(row.method, row.norm_mode) for row in rows.values()] == [
        ("LP", "eval"),
        ("FT", "train"),
        ("LP-FT", "eval"),
    ]
    assert tuple(rows) == style.METHODS
    assert measured_datasets(made_up) == ("digits",)


def test_miniatures_are_called_what_they_are_and_have_no_published_numbers(made_up):
    small = made_up.datasets[0].model_copy(update={"miniature": True})
    found = made_up.model_copy(update={"datasets": [small]})
    assert title(found, "digits") == "The digits (miniature)"
    assert title(made_up, "digits") == "The digits"
    assert benchmark_accuracy._id_line(made_up, "digits").published
    assert not benchmark_accuracy._id_line(found, "digits").published


def test_accuracy_marks_every_method_in_every_line_and_published_numbers_open(results):
    data = benchmark_accuracy.collect(results)
    left, right = benchmark_accuracy.draw(data).axes
    assert [label.get_text() for label in right.get_yticklabels()] == [
        "Shifted",
        "· inverted",
        "· coloured",
        "near ID (control)",
    ]
    np.testing.assert_allclose([x for x, _ in marks(left, "fine_tuning")], [90.0])
    np.testing.assert_allclose([x for x, _ in marks(right, "lp_ft")], [65.0, 65.0, 65.0, 88.0])
    assert [y for _, y in marks(right, "lp_ft")] == pytest.approx([place + 0.24 for place in range(4)])
    np.testing.assert_allclose([x for x, _ in marks(left, "fine_tuning", open=True)], [95.0])
    np.testing.assert_allclose([x for x, _ in marks(right, "linear_probing", open=True)], [65.0])
    assert left.yaxis_inverted() == right.yaxis_inverted() == True  # noqa: E712
    assert left.get_xlim()[1] <= 100.5


def test_published_numbers_without_a_primary_source_are_pale(results):
    left = benchmark_accuracy.draw(benchmark_accuracy.collect(results)).axes[0]
    shades = {
        method: one.get_alpha()
        for method in style.METHODS
        for one in left.get_lines()
        if one.get_marker() == style.MARKERS[method] and to_hex(one.get_markerfacecolor()) == "#ffffff"
        if one.get_color() == style.COLOURS[method]
    }
    assert shades["linear_probing"] < shades["fine_tuning"] == shades["lp_ft"] == 1.0


def test_training_curves_are_means_over_seeds(results):
    (data,) = accuracy_along_training.collect(results)
    assert set(data.curves) == {"fine_tuning", "lp_ft"}
    figure = accuracy_along_training.draw((data,))
    np.testing.assert_allclose(line(figure.axes[0], "FT").get_ydata(), [45.0, 65.0, 85.0])
    np.testing.assert_allclose(line(figure.axes[1], "LP").get_ydata(), [60.0, 60.0])
    diamonds = [one for one in figure.axes[0].get_lines() if one.get_marker() == "D"]
    assert [int(mark.get_xdata()[0]) for mark in diamonds] == [1, 2, 1, 2]


def test_front_holds_what_nothing_beats_at_both():
    grid = np.array([[0.9, 0.5], [0.8, 0.6], [0.85, 0.4]])
    tried = Tried(grid=grid, epochs=np.array([[0.7, 0.9], [0.6, 0.9]]), chosen=_chosen(0.8, 0.6))
    np.testing.assert_allclose(tried.front, [[0.7, 0.9], [0.8, 0.6], [0.9, 0.5]])


def _chosen(*means: float):
    from figures.benchmark.seed_estimate import SeedEstimate

    return tuple(SeedEstimate(mean, None, (mean,)) for mean in means)


def test_scatter_marks_what_selection_chose(results):
    (data,) = id_ood_scatter.collect(results)
    axis = id_ood_scatter.draw((data,)).axes[0]
    assert marks(axis, "fine_tuning", size=7.0) == [pytest.approx((90.0, 50.0))]
    assert len(data.methods["fine_tuning"].grid) == 3
    assert len(data.methods["fine_tuning"].epochs) == 4
    assert len(data.methods["linear_probing"].epochs) == 0


def test_selection_joins_both_choices_of_a_method(results):
    data = selection_on_id_and_ood.collect(results)
    left, right = selection_on_id_and_ood.draw(data).axes
    assert [x for x, _ in marks(left, "fine_tuning")] == pytest.approx([50.0])
    assert [x for x, _ in marks(left, "fine_tuning", open=True)] == pytest.approx([52.0])
    assert [x for x, _ in marks(right, "fine_tuning", open=True)] == pytest.approx([88.0])


def test_movement_compares_id_with_ood_and_leaves_out_linear_probing(results):
    data = feature_movement_on_images.collect(results)
    assert {one.method for one in data["cosine"]} == {"fine_tuning", "lp_ft"}
    axis = feature_movement_on_images.draw(data).axes[0]
    assert marks(axis, "fine_tuning") == [(1.0, 0.5)] * 2
    assert marks(axis, "fine_tuning", open=True) == [(1.0, 0.5)]
    assert axis.get_xlim() == axis.get_ylim()


def test_norm_modes_show_all_four_corners_the_papers_full(results):
    data = norm_modes.collect(results)
    left = norm_modes.draw(data).axes[0]
    assert [y for _, y in marks(left, "fine_tuning")] == pytest.approx([90.0])
    assert [y for _, y in marks(left, "fine_tuning", open=True)] == pytest.approx([85.0])
    assert [y for _, y in marks(left, "lp_ft", open=True)] == pytest.approx([83.0])
    assert marks(left, "fine_tuning")[0][0] < 0.5 < marks(left, "lp_ft")[0][0]


def test_learning_rates_show_extensions_choice_and_divergence(results):
    data = learning_rates.collect(results)
    left = learning_rates.draw(data).axes[0]
    assert left.get_xscale() == "log"
    assert [x for x, _ in marks(left, "fine_tuning")] == [0.001, 0.01]
    assert [x for x, _ in marks(left, "fine_tuning", open=True)] == [0.1]
    rings = [one.get_xdata()[0] for one in left.get_lines() if one.get_markersize() == 10]
    assert rings == [0.01, 0.01]
    assert [one.get_xdata()[0] for one in left.get_lines() if one.get_marker() == "x" and len(one.get_xdata())] == [
        1,
        1,
    ]
    np.testing.assert_allclose(line(left, "LP").get_ydata(), [80.0, 80.0])


def test_interpolation_runs_from_start_to_end(results):
    data = weight_interpolation_on_images.collect(results)
    axis = weight_interpolation_on_images.draw(data).axes[0]
    np.testing.assert_allclose(line(axis, "LP-FT").get_xydata(), [[80, 60], [85, 65], [90, 60]])
    assert marks(axis, "lp_ft", open=True) == [pytest.approx((80.0, 60.0))]
    assert marks(axis, "linear_probing") == [pytest.approx((80.0, 60.0))]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"benchmark_accuracy", "id_ood_scatter"}])
def test_benchmark_without_what_a_figure_shows_is_told_what_to_run(name, bare):
    with pytest.raises(NothingToDraw, match=r"must have .* in a .*(suite file|folder of its own)"):
        entry(name).load().collect(bare)


def test_sets_are_written_as_they_are_spoken():
    assert spoken("near_id") == "near ID"
    assert spoken("textured_inverted") == "textured inverted"
