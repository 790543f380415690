"""The paper's benchmark end to end on the miniatures: every data set, every recipe, the code that runs on a GPU."""

import pytest

from empirical.datasets.catalogue import COLUMNS
from empirical.suite import Places, named_suite, run_suite
from empirical.tables import paper_tables


@pytest.fixture(scope="module")
def benchmark(miniature, tmp_path_factory):
    suite = named_suite("miniature", scale="quick")
    outcome = run_suite(suite, Places(folder=tmp_path_factory.mktemp("suite") / "benchmark", root=miniature))
    assert not outcome.set_aside
    return outcome.benchmark


def test_every_recipe_has_every_row_and_every_column(benchmark):
    assert not benchmark.missing
    for dataset in benchmark.datasets:
        rows = [row for row in benchmark.rows if row.dataset == dataset.name]
        assert [(row.method, row.norm_mode) for row in rows] == [("LP", "eval"), ("FT", "train"), ("LP-FT", "eval")]
        assert all(set(row.per_column) == set(dataset.columns) for row in rows)
        assert dataset.miniature
    yielded = [name for dataset in benchmark.datasets for name in dataset.columns]
    assert sorted(yielded) == sorted(column.name for column in COLUMNS)


def test_restricted_classes_are_judged_both_ways(benchmark):
    for row in (row for row in benchmark.rows if row.dataset == "imagenet"):
        for name in ("imagenet_r", "imagenet_a"):
            found = row.per_ood_set[name]
            assert found.unmasked_accuracy <= found.accuracy  # fewer classes to confuse it with
        assert row.per_ood_set["imagenet_v2"].unmasked_accuracy is None


def test_imagenets_lp_ft_starts_where_its_probe_ended(benchmark):
    starts = [
        curve.epochs[0].sets["id_test"].accuracy
        for curve in benchmark.curves
        if (curve.dataset, curve.method) == ("imagenet", "LP-FT")
    ]
    assert len(set(starts)) == 1  # one checkpoint for all seeds
    assert starts[0] > 0


def test_probes_learn_what_chance_does_not(benchmark):
    # All but ImageNet and FMoW, whose thousand and sixty-two classes are too many for a network of printed letters.
    for row in benchmark.rows:
        if row.method == "LP" and row.dataset in ("living17", "entity30", "domainnet", "cifar10"):
            assert row.id_accuracy > 2 / benchmark.dataset(row.dataset).classes


def test_tables_have_the_papers_layout_and_keep_miniatures_apart(benchmark):
    ids, oods = paper_tables(benchmark)
    assert (len(ids.header), len(oods.header)) == (1 + 6 + 1, 1 + 10 + 1)
    assert len(oods.rows) == 3
    assert all(cell != "-" for row in oods.rows for cell in row)
