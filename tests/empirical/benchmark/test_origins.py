"""What is printed was checked: edited files are found, and runs of other data do not stand beside newer ones."""

import json
import os
from functools import partial

import pytest

from artifacts import UserError
from artifacts.directory import MANIFEST
from artifacts.results_folder import MARKER
from benchmarks.no_op_runs import no_op, no_op_suite
from distort.__main__ import main
from distort.bench_run import accuracy_table
from empirical import Ledger, Only, Unit, Workspace, collect, plan, run_suite
from empirical.benchmark.origins import Origin, mixed, notes
from empirical.benchmark.run import Assignment
from empirical.benchmark.suite import SUITE_FILE
from empirical.executors import InProcess
from empirical.records import BENCHMARK_FILE, read_benchmark, write_benchmark
from empirical.results.older import replace_benchmark, unclaimed
from empirical.runs.freshness import freshness
from empirical.runs.publishing import publish_run
from empirical.tables import paper_tables

SUITE = no_op_suite(1, rates=3, seeds=2)
DATA = {"data": {"id_training": "0" * 64, "shifted": "1" * 64}, "classes": "2" * 16, "weights": "3" * 64}


def made(assignment: Assignment):
    """A run that trains nothing, made from data with names."""
    import benchmarks.no_op_runs as runs

    original, runs.publish_run = runs.publish_run, partial(_publish, original=publish_run)
    try:
        return no_op(assignment)
    finally:
        runs.publish_run = original


def _publish(*arguments, original, inputs, **settings):
    return original(*arguments, inputs=DATA, **settings)


@pytest.fixture
def folder(tmp_path):
    outcome = run_suite(SUITE, Workspace(folder=tmp_path / "benchmark"), executor=InProcess(made))
    assert not outcome.set_aside
    assert len(outcome.benchmark.rows) == 5
    return tmp_path / "benchmark"


def collected(folder):
    ledger = Ledger(SUITE, Workspace(folder=folder))
    return collect(ledger), ledger


def folder_of(folder, unit: Unit):
    return Ledger(SUITE, Workspace(folder=folder)).run(unit).folder


def units_of(folder, method: str) -> list[Unit]:
    ledger = Ledger(SUITE, Workspace(folder=folder))
    return [unit for unit in plan(SUITE, ledger.training).units if unit.method == method]


def rewrite(folder, unit: Unit, change) -> None:
    """Change a manifest as if the run had been made from something else, long ago."""
    path = folder_of(folder, unit) / MANIFEST
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    os.utime(path, (1, 1))


def test_nothing_is_said_of_runs_of_one_origin(folder):
    benchmark, _ = collected(folder)
    assert benchmark.missing == []
    assert benchmark.notes == []


@pytest.mark.parametrize("name", ["result.json", "metrics.jsonl"])
def test_an_edited_file_is_not_believed(folder, name):
    victim = units_of(folder, "FT (train)")[0]
    path = folder_of(folder, victim) / name
    path.write_text(path.read_text().replace("0.", "0.0", 1))
    benchmark, ledger = collected(folder)
    assert [(row.method, row.norm_mode) for row in benchmark.rows] == [
        ("LP", "eval"), ("FT", "eval"), ("LP-FT", "eval"), ("LP-FT", "train"),
    ]  # fmt: skip
    assert benchmark.missing[:1] == [f"{victim} (damaged)"]
    assert "differs from what was written" in ledger.damaged[victim]
    assert freshness(Ledger(SUITE, Workspace(folder=folder)), [victim]).outdated == {victim: ledger.damaged[victim]}


def test_rows_of_other_data_are_refused_and_the_reason_names_the_set(folder):
    for unit in units_of(folder, "FT (train)"):
        rewrite(folder, unit, lambda content: content["inputs"]["data"].update(shifted="4" * 64))
    benchmark, ledger = collected(folder)
    assert ("FT", "train") not in [(row.method, row.norm_mode) for row in benchmark.rows]
    assert len(benchmark.rows) == 4
    assert set(ledger.refused.values()) == {"data of shifted differs from what newer runs were made from"}
    shown = accuracy_table(benchmark)
    assert "Left out: recipe000: FT (train)" in shown
    assert "data of shifted differs" in shown


def test_runs_of_other_code_or_versions_are_marked(folder):
    for unit in units_of(folder, "FT (train)"):
        rewrite(folder, unit, lambda content: content["inputs"].update(code="5" * 16))
    for unit in units_of(folder, "FT (eval)"):
        rewrite(folder, unit, lambda content: content["versions"].update(numpy="1.0"))
    benchmark, _ = collected(folder)
    assert len(benchmark.rows) == 5
    assert "training runs are of other code (FT (train))" in benchmark.notes[0]
    assert "training runs are of different versions: numpy was 1.0, is " in benchmark.notes[1]
    assert all(any("numpy was 1.0" in note for note in table.notes) for table in paper_tables(benchmark))


def unit(**changes) -> Unit:
    return Unit(**{"kind": "training", "recipe": "digits", "method": "FT", "seed": 0} | changes)


def made_from(data: str, weights: str = "w", *, at: float) -> Origin:
    return Origin({"data": {"shifted": data}, "weights": weights}, "code", {}, at)


def test_replicates_may_have_data_and_circumstances_weights_of_their_own():
    replicates = {unit(seed=0): made_from("a", at=1), unit(seed=1): made_from("b", at=2)}
    circumstances = {unit(): made_from("a", at=1), unit(condition="longer"): made_from("a", "other", at=2)}
    assert mixed(replicates) == mixed(circumstances) == {}
    assert notes(replicates) == []


def test_seeds_may_have_networks_of_their_own_where_each_is_pretrained_for_it():
    networks = {unit(seed=0): made_from("a", "w", at=1), unit(seed=1): made_from("b", "v", at=2)}
    assert list(mixed(networks)) == [unit(seed=0)]
    assert mixed(networks, own_network=lambda unit: True) == {}


def test_the_newest_decides():
    older, newer = unit(method="FT"), unit(method="LP-FT")
    assert list(mixed({older: made_from("a", at=1), newer: made_from("b", at=2)})) == [older]


def test_an_edited_document_is_not_believed(folder):
    assert read_benchmark(folder).suite == SUITE.name
    path = folder / BENCHMARK_FILE
    path.write_text(path.read_text().replace("0.", "0.9", 1))
    with pytest.raises(UserError, match=r"differs from what was written; `distort bench collect --from"):
        read_benchmark(folder)
    write_benchmark(folder, collected(folder)[0])
    assert read_benchmark(folder).suite == SUITE.name


def test_a_document_of_another_version_says_how_it_is_written_anew(folder):
    path = folder / BENCHMARK_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {"of a later version": 1}))
    (folder / "benchmark.json.sha256").unlink()
    with pytest.raises(UserError, match=r"must hold a Benchmark .*`distort bench collect --from .*` writes it anew"):
        read_benchmark(folder)


def of_older_code(folder, method: str) -> None:
    """Runs as code with another configuration filed them: under a name that no unit has now."""
    for unit in units_of(folder, method):
        path = folder_of(folder, unit)
        path.rename(path.with_name("0" * 8 + path.name[8:]))


@pytest.fixture
def say(capsys, caplog):
    """What a command says, warnings included, and its exit status."""

    def said(*arguments) -> tuple[int, str]:
        caplog.clear()
        status = main(["bench", *map(str, arguments)])
        found = capsys.readouterr()
        return status, found.out + found.err + caplog.text

    return said


@pytest.fixture
def results(folder):
    """The results folder around it."""
    (folder.parent / MARKER).write_text(json.dumps({"made_by": "distort", "layout": 1}))
    return folder.parent


def test_collecting_runs_of_older_code_leaves_the_document_as_it_is(folder, results, say):
    before = (folder / BENCHMARK_FILE).read_bytes()
    of_older_code(folder, "FT (train)")
    status, said = say("collect", "--from", results)
    assert (status, len(said.splitlines())) == (1, 1)
    assert "must not lose recipe000: FT (train), but 6 finished runs here are of older code or other settings" in said
    assert (folder / BENCHMARK_FILE).read_bytes() == before
    assert len(read_benchmark(folder).rows) == 5
    status, said = say("status", "--from", results)
    assert (status, "6 finished runs here are of older code" in said) == (0, True)
    status, said = say("collect", "--from", results, "--to", results / "tables")
    assert (status, "LP-FT" in said) == (0, True)
    assert (folder / BENCHMARK_FILE).read_bytes() == before


def test_a_document_is_kept_when_running_replaces_it_by_one_that_says_less(folder, caplog):
    before = (folder / BENCHMARK_FILE).read_bytes()
    of_older_code(folder, "FT (train)")
    of_older_code(folder, "FT (eval)")
    run_suite(SUITE, Workspace(folder=folder), executor=InProcess(made), only=Only(("FT (eval)",)))
    assert "has no recipe000: FT (train) any more; the document before is kept as benchmark.older.json" in caplog.text
    assert (folder / "benchmark.older.json").read_bytes() == before
    assert len(read_benchmark(folder).rows) == 4
    of_older_code(folder, "LP-FT (train)")
    replace_benchmark(folder, collected(folder)[0])
    assert (folder / "benchmark.older-2.json").is_file()
    assert (folder / "benchmark.older.json").read_bytes() == before


def test_a_document_of_another_version_is_kept_too(folder, results, say):
    """Its fields are other ones; what it shows is named in the same way."""
    document = json.loads((folder / BENCHMARK_FILE).read_text()) | {"of a later version": 1}
    (folder / BENCHMARK_FILE).write_text(json.dumps(document))
    suite = json.loads((folder / SUITE_FILE).read_text())
    suite["recipes"][0]["batch_size"] = 2  # every run has another configuration now
    (folder / SUITE_FILE).write_text(json.dumps(suite))
    status, said = say("collect", "--from", results)
    assert (status, "FT (train), recipe000: FT (eval), recipe000: LP-FT (eval)" in said) == (1, True), said
    assert json.loads((folder / BENCHMARK_FILE).read_text()) == document


def test_a_damaged_run_costs_its_row_and_the_document_before_is_kept(folder, results, say):
    before = (folder / BENCHMARK_FILE).read_bytes()
    path = folder_of(folder, units_of(folder, "FT (train)")[0]) / "result.json"
    path.write_text(path.read_text().replace("0.", "0.0", 1))
    status, said = say("collect", "--from", results)
    assert (status, "the document before is kept as benchmark.older.json" in said) == (0, True), said
    assert (folder / "benchmark.older.json").read_bytes() == before


def test_nothing_is_kept_where_nothing_is_lost(folder):
    replace_benchmark(folder, collected(folder)[0])
    assert not list(folder.glob("benchmark.older*"))
    assert unclaimed(Ledger(SUITE, Workspace(folder=folder))) == 0
