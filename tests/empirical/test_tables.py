"""Tables on made-up numbers: the paper's layout, ours beside published, and tidy data that can be read back."""

import csv
import io

import pytest

from empirical.recipes import published
from empirical.records import Estimate, PublishedAccuracy
from empirical.tables import collected_tables, latex, markdown, paper_tables, tidy_csv, write_tables
from empirical.tables.table import Table
from tests.support import made_up_benchmark as made_up


def cifar(*, miniature: bool = False, missing: bool = False):
    """A made-up benchmark under the name of CIFAR-10, with its two columns and the paper's numbers."""
    found = made_up.benchmark(("cifar10",))
    names = ("stl10", "cifar10_1")
    sets = list(found.rows[0].per_ood_set)[:1]
    dataset = found.datasets[0].model_copy(
        update={
            "family": "cifar10", "title": "CIFAR-10", "miniature": miniature, "columns": dict.fromkeys(names, sets),
            "titles": {"stl10": "STL", "cifar10_1": "CIFAR-10.1"},
        }
    )  # fmt: skip
    rows = [
        row.model_copy(
            update={
                "per_column": {
                    name: Estimate(mean=row.ood_accuracy, ci90=0.01, ci90_normal=0.005, per_seed=row.ood_per_seed)
                    for name in names
                }
            }
        )
        for row in found.rows
    ]
    update = {"datasets": [dataset], "rows": rows, "published": published(), "missing": ["one"] if missing else []}
    return found.model_copy(update=update)


def lines(table: Table) -> dict[str, tuple[str, ...]]:
    """The first group's lines and those of the others by their first cell, the last of a name winning."""
    return {row[0]: row[1:] for row in table.rows}


def test_table_2_has_ours_the_papers_and_the_difference():
    table = paper_tables(cifar())[1]
    assert table.header == ("", "STL", "CIFAR-10.1", "average")
    assert [row[0] for row in table.rows[:3]] == ["FT (train)", "FT, paper", "difference"]
    assert [row[0] for row in table.rows[3:5]] == ["LP (eval)", "LP, paper"]
    found = lines(table)
    assert found["FT (train)"][0] == "50.0 ± 1.0 (0.5)"  # Student's t, and the paper's formula
    assert found["FT, paper"] == ("82.4 ± 0.4", "92.3 ± 0.4", "-")
    assert table.rows[2][1:3] == ("−32.4", "−42.3")
    assert any("recollected" in note for note in table.notes)


def test_table_1_has_one_column_a_data_set():
    table = paper_tables(cifar())[0]
    assert table.header == ("", "CIFAR-10", "average")
    assert lines(table)["LP, paper"][0] == "91.8 ± 0.0"


def test_a_miniature_is_never_held_against_the_paper():
    table = paper_tables(cifar(miniature=True))[1]
    assert not any("paper" in row[0] for row in table.rows)
    assert any("say nothing about the data sets" in note for note in table.notes)


def test_missing_work_is_said():
    assert any("1 units of work are missing" in note for note in paper_tables(cifar(missing=True))[1].notes)


ALL = {
    "cifar10": ("stl10", "cifar10_1"), "entity30": ("entity30",), "living17": ("living17",),
    "domainnet": ("domainnet",), "fmow": ("fmow",),
    "imagenet": ("imagenet_v2", "imagenet_r", "imagenet_sketch", "imagenet_a"),
}  # fmt: skip


def whole(*, also: str = ""):
    """A made-up benchmark with all of the paper's columns, and those of another configuration of ImageNet."""
    families = {name: name for name in ALL} | ({also: "imagenet"} if also else {})
    parts = [made_up.benchmark((name,)) for name in families]
    datasets, rows = [], []
    for (name, family), part in zip(families.items(), parts, strict=True):
        sets = list(part.rows[0].per_ood_set)[:1]
        columns = dict.fromkeys(ALL[family], sets)
        update = {"family": family, "columns": columns, "titles": {one: one for one in columns}, "miniature": False}
        datasets.append(part.datasets[0].model_copy(update=update))
        for row in part.rows:
            accuracy = 0.9 if name == also else row.ood_accuracy
            estimate = Estimate(mean=accuracy, ci90=0.01, ci90_normal=0.005, per_seed=row.ood_per_seed)
            rows.append(row.model_copy(update={"per_column": dict.fromkeys(columns, estimate)}))
    return parts[0].model_copy(update={"datasets": datasets, "rows": rows, "published": published()})


def test_an_average_over_other_columns_than_the_papers_is_not_shown():
    for table in paper_tables(cifar()):
        assert all(row[-1] == "-" for row in table.rows)
        assert any("No average" in note for note in table.notes)
    benchmark = whole()
    part = benchmark.model_copy(update={"rows": [row for row in benchmark.rows if row.method != "LP"]})
    assert lines(paper_tables(part)[1])["LP (eval)"][-1] == "-"


@pytest.mark.parametrize("also", ["", "imagenet_augmented"])
def test_the_average_is_over_the_papers_columns_whatever_stands_beside_them(also):
    id_table, ood_table = paper_tables(whole(also=also))
    assert len(ood_table.header) == 2 + 10 + 4 * bool(also)
    found = lines(ood_table)
    assert found["FT (train)"][-1] == "50.0"
    assert found["FT, paper"][-1] == "59.3*"
    assert ood_table.rows[2][-1] == "−9.3"
    assert lines(id_table)["FT, paper"][-1] == "85.1*"
    assert any("paper's 10 columns alone" in note for note in ood_table.notes) == bool(also)


def test_every_table_is_written_in_every_spelling(tmp_path):
    benchmark = made_up.benchmark(("digits", "cifar10"))
    names = [table.name for table in collected_tables(benchmark)]
    assert names == [
        "table_id", "table_ood", "two_by_two", "differences", "mechanism", "ood_sets", "ood_selection", "distances",
        "series", "interpolations",
    ]  # fmt: skip
    written = write_tables(benchmark, tmp_path)
    assert all(path.stat().st_size > 0 for path in written)
    text = (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert text.count("## ") == len(names)
    tex = (tmp_path / "tables.tex").read_text(encoding="utf-8")
    assert tex.count(r"\begin{table}") == tex.count(r"\end{table}") == len(names)


def test_tidy_data_hold_every_number_once():
    benchmark = made_up.benchmark(("digits",))
    found = list(csv.DictReader(io.StringIO(tidy_csv(benchmark))))
    names = ("dataset", "condition", "method", "norm_mode", "selected_on", "set", "kind", "metric")
    keys = [tuple(line[name] for name in names) for line in found]
    assert len(set(keys)) == len(keys)
    row = benchmark.rows[0]
    line = next(r for r in found if (r["method"], r["norm_mode"], r["set"]) == (row.method, row.norm_mode, "id_test"))
    assert float(line["value"]) == row.id_accuracy
    assert [float(seed) for seed in line["per_seed"].split()] == row.id_per_seed


@pytest.mark.parametrize(("text", "spelled"), [("a_b & 50%", r"a\_b \& 50\%"), ("1.0 ± 0.1", r"1.0 $\pm$ 0.1")])
def test_latex_spells_what_means_something_else_there(text, spelled):
    assert spelled in latex(Table("t", "Title", ("", "x"), (("row", text),)))


def test_markdown_keeps_bars_inside_their_cell():
    assert r"a \| b" in markdown(Table("t", "Title", ("", "x"), (("row", "a | b"),)))


def test_published_numbers_of_other_tables_are_not_taken():
    numbers = [one for one in published() if one.column == "domainnet"]
    assert {one.table for one in numbers} == {"id", "ood"}
    assert all(isinstance(one, PublishedAccuracy) for one in numbers)


def test_the_mechanism_has_refitted_and_shared_heads_beside_the_tuned_one():
    table = next(table for table in collected_tables(made_up.benchmark()) if table.name == "mechanism")
    rows = {row[1:4]: row[4:] for row in table.rows}
    # A refitted head reads what LP reads; the shared head is at 90 %; OOD features follow half of the displacement.
    assert rows["FT", "train", "inverted"] == ("50.0 ± 3.0", "60.0 ± 0.0", "90.0", "−40.0", "0.50")
    assert rows["FT", "eval", "inverted"][1] == "-"
    assert rows["LP", "eval", "near_id"][3] == "−10.0"
    nothing = made_up.benchmark().model_copy(update={"refittings": []})
    assert "mechanism" not in {table.name for table in collected_tables(nothing)}
