"""A plan's images are those that its runs pass through the network, counted while they do."""

import json
from collections import Counter

import pytest

from distort.__main__ import main
from empirical import Ledger, Workspace, plan, run_suite
from empirical.benchmark import decoding
from empirical.benchmark.effort import efforts
from empirical.benchmark.set_sizes import set_sizes
from empirical.benchmark.suite import Suite, named_suite
from empirical.runs import judging, materials
from empirical.training.train import _Clock
from tests.support import ROOT
from tests.support.small_suite import RECIPE


@pytest.fixture
def counted(monkeypatch):
    """Images that pass with gradients and without while a suite runs in this process."""
    counts: Counter[str] = Counter()
    evaluate, extract, clock = judging.evaluate, materials.FeatureCache.__call__, _Clock.count

    def counting_evaluate(classifier, sets, **settings):
        counts["passed"] += sum(len(member.images) for member in sets.sets)
        return evaluate(classifier, sets, **settings)

    def counting_extract(self, backbone, images, extraction, **settings):
        features, outcome = extract(self, backbone, images, extraction, **settings)
        counts["passed"] += len(images) * outcome.built
        return features, outcome

    def counting_clock(self, sizes, seconds):
        counts["trained"] += sizes[0] * sizes[1]
        return clock(self, sizes, seconds)

    monkeypatch.setattr(judging, "evaluate", counting_evaluate)
    monkeypatch.setattr(materials.FeatureCache, "__call__", counting_extract)
    monkeypatch.setattr(_Clock, "count", counting_clock)
    monkeypatch.setattr(materials, "_kept", {})
    monkeypatch.setattr(materials, "_kept_group", [])
    return counts


def planned(suite: Suite, workspace: Workspace) -> Counter:
    """What the plan of a folder says of all that is missing."""
    ledger = Ledger(suite, workspace)
    sizes = {recipe.name: set_sizes(ledger, recipe) for recipe in suite.recipes}
    asked = efforts(ledger, plan(suite, ledger.training).units, sizes).values()
    trained = sum(effort.trained + effort.head_trained for effort in asked)
    return Counter(trained=trained, passed=sum(effort.passed for effort in asked))


def test_every_kind_of_work_under_both_evaluations(tmp_path, counted):
    """The rows are the same, whatever is evaluated; at last the second seed's selected runs are followed."""
    sweeps = tuple(sweep.model_copy(update={"learning_rates": (1e-3,), "extensions": 0}) for sweep in RECIPE.sweeps)
    rows = []
    for evaluate, watched in (("every_epoch", ()), ("selected", ()), ("selected", (1,))):
        changes = {"sweeps": sweeps, "epochs": 2, "seeds": (0, 1), "evaluate": evaluate, "watched": watched}
        suite = Suite(name="embedded", recipes=(RECIPE.model_copy(update=changes),))
        workspace = Workspace(folder=tmp_path / f"{evaluate}-{len(watched)}")
        counted.clear()
        benchmark = run_suite(suite, workspace).benchmark
        # Interpolations and conditions await the rate of their sweep; once it is known, all can be planned.
        units = plan(suite, Ledger(suite, workspace).training).units
        nothing_done = Ledger(suite, Workspace(folder=tmp_path / "nothing"))
        asked = efforts(nothing_done, units, {"digits": set_sizes(nothing_done, suite.recipes[0])}).values()
        assert counted["passed"] == sum(effort.passed for effort in asked)
        assert counted["trained"] == sum(effort.trained + effort.head_trained for effort in asked)
        assert {curve.seed for curve in benchmark.curves} == set(watched if evaluate == "selected" else (0, 1))
        assert {line.seed for line in benchmark.interpolations} == set(watched or (0, 1))
        for curve in benchmark.curves:
            row = next(row for row in benchmark.rows if (row.method, row.norm_mode) == (curve.method, curve.norm_mode))
            record = next(one for one in curve.epochs if one.epoch == row.selected_epochs[curve.seed])
            assert record.sets["id_test"].accuracy == row.id_per_seed[curve.seed]
            assert [set(one.sets) for one in curve.epochs] == [set(record.sets)] * 3
        assert benchmark.oracle_rows
        rows.append([(row.method, row.per_column, row.movement, row.selected_epochs) for row in benchmark.rows])
    assert rows[0] == rows[1] == rows[2]


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_a_miniature_with_two_ood_sets(miniature, tmp_path, counted, protocol):
    suite = named_suite("miniature", scale="quick", protocol=protocol)
    suite = suite.model_copy(update={"recipes": tuple(one for one in suite.recipes if one.name == "cifar10")})
    suite = Suite(
        name="miniature",
        recipes=tuple(
            recipe.model_copy(
                update={"sweeps": tuple(s.model_copy(update={"extensions": 0}) for s in recipe.sweeps), "seeds": (0, 1)}
            )
            for recipe in suite.recipes
        ),
    )
    workspace = Workspace(folder=tmp_path / "benchmark", root=miniature)
    expected = planned(suite, workspace)
    outcome = run_suite(suite, workspace)
    assert not outcome.set_aside
    assert counted == expected


def test_the_protocols_differ_and_a_plan_can_be_of_a_part(miniature, tmp_path, capsys):
    def work(*arguments: str) -> dict[tuple[str, str], dict]:
        status = main(["bench", "plan", "--suite", "miniature", "--root", str(miniature), "--json",
                       "--out", str(tmp_path / "r"), *arguments])  # fmt: skip
        assert status == 0
        return {(one["recipe"], one["work"]): one for one in json.loads(capsys.readouterr().out)["work"]}

    paper, clean = work("--only", "cifar10"), work("--only", "cifar10", "--protocol", "clean")
    assert {recipe for recipe, _ in paper} == {"cifar10"}
    assert paper["cifar10", "FT (train)"]["images_trained"] > clean["cifar10", "FT (train)"]["images_trained"]
    assert paper["cifar10", "FT (train)"]["extension_runs"] == 0 < clean["cifar10", "FT (train)"]["extension_runs"]
    assert all(one["images_evaluated"] > 0 and one["probe_gigabytes"] > 0 for key, one in paper.items()
               if key[1] == "probe")  # fmt: skip


def test_a_root_that_is_not_there_is_refused(capsys, tmp_path):
    status = main(["bench", "plan", "--suite", "paper", "--root", str(tmp_path / "nowhere")])
    assert status == 1
    assert "The data root must be a folder" in capsys.readouterr().err


def test_a_plan_of_miniatures_that_are_not_written_yet_has_no_published_sizes(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("DISTORT_DATA", raising=False)
    assert main(["bench", "plan", "--suite", "miniature", "--out", str(tmp_path / "r"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    lines = [line for line in document["work"] if line["work"] == "FT (train)"]
    assert lines
    assert {line["images_trained"] for line in lines} == {None}
    (why,) = document["not_compared"]
    assert why.startswith("living17, entity30, ")
    assert main(["bench", "plan", "--suite", "miniature", "--out", str(tmp_path / "r")]) == 0
    assert "0.0 hours" not in capsys.readouterr().out


def test_rates_of_decoding_are_those_that_were_measured():
    results = ROOT / "benchmarks" / "results"
    fed, loaded = (json.loads((results / f"{name}.json").read_text()) for name in ("feeding", "data_loading"))
    measured = (fed["rows"]["files, threads"], fed["rows"]["store, threads"], loaded["packing"]["jpeg_native"])
    assert [round(row["cpu"]) for row in measured] == [decoding.FROM_FILES, decoding.FROM_STORE, decoding.PACKING]
