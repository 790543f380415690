"""What the benchmark's figures draw: the numbers of the table, one colour a method, the paper's norm modes."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from empirical.records import Benchmark, write_record
from figures import accuracy_along_training, benchmark_accuracy, feature_movement_on_images, style
from figures.benchmark import paper_rows, spoken


@pytest.fixture
def results(tmp_path, made_up_benchmark: Benchmark):
    (tmp_path / "benchmark").mkdir()
    write_record(tmp_path / "benchmark" / "benchmark.json", made_up_benchmark)
    return tmp_path


def marks(axis, method: str) -> list[tuple[float, float]]:
    """Positions of a method's main marks, in the order in which they were drawn."""
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axis.get_lines()
        if line.get_marker() == style.MARKERS[method] and to_hex(line.get_color()).upper() == style.COLOURS[method]
    ]


def test_paper_compares_batch_statistics_in_ft_with_frozen_ones_elsewhere(made_up_benchmark):
    rows = paper_rows(made_up_benchmark)
    assert [(row.method, row.norm_mode) for row in rows.values()] == [
        ("LP", "eval"),
        ("FT", "train"),
        ("LP-FT", "eval"),
    ]
    assert tuple(rows) == style.METHODS


def test_accuracy_marks_every_method_on_every_set(results):
    data = benchmark_accuracy.collect(results)
    axis = benchmark_accuracy.draw(data).axes[0]
    for method, row in data.rows.items():
        heights = [height for _, height in marks(axis, method)]
        np.testing.assert_allclose(heights, [100 * row.id_accuracy, *[100 * row.ood_accuracy] * 3])
    assert [label.get_text() for label in axis.get_xticklabels()] == ["ID", "inverted", "coloured", "near ID"]
    assert axis.get_ylim()[1] <= 100


def test_training_curves_are_means_over_seeds(results):
    data = accuracy_along_training.collect(results)
    assert set(data.curves) == {"fine_tuning", "lp_ft"}
    figure = accuracy_along_training.draw(data)
    line = next(line for line in figure.axes[0].get_lines() if line.get_label() == "FT")
    np.testing.assert_allclose(line.get_ydata(), [45.0, 65.0, 85.0])
    diamonds = [line for line in figure.axes[0].get_lines() if line.get_marker() == "D"]
    assert [int(mark.get_xdata()[0]) for mark in diamonds] == [1, 2, 1, 2]


def test_movement_compares_id_with_ood_and_leaves_out_linear_probing(results):
    data = feature_movement_on_images.collect(results)
    assert set(data.id_movement) == {"fine_tuning", "lp_ft"}
    axis = feature_movement_on_images.draw(data).axes[0]
    filled = next(line for line in axis.get_lines() if line.get_label() == "FT")
    np.testing.assert_allclose(filled.get_xydata(), [[1.0, 0.5]] * 2)
    assert axis.get_xlim() == axis.get_ylim()


def test_sets_are_written_as_they_are_spoken():
    assert spoken("near_id") == "near ID"
    assert spoken("textured_inverted") == "textured,\ninverted"
