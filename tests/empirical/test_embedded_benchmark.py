"""The whole benchmark in miniature: real digits, the shipped network, every stage, resumed and damaged."""

import shutil

import numpy as np
import pytest

from empirical.datasets.digits import DigitsSplit
from empirical.embedded import run_recipe
from empirical.evaluation import evaluate
from empirical.materials import Ledger, Materials
from empirical.methods import FINE_TUNING, FT, FT_EVAL, LP_FT, LP_FT_TRAIN
from empirical.recipes import RECIPES, Recipe, Sweep
from empirical.records import BENCHMARK_FILE, ProbeResult, RunResult, read_benchmark, read_record
from empirical.sweep import Replicate

BEYOND_FLOAT32 = 1e39
TINY = Recipe(
    split=DigitsSplit(training=60, validation=30, test=40),
    seeds=(0, 1),
    penalties=(1e-3, 1e-2),
    sweeps=(
        Sweep(method=FT_EVAL, learning_rates=(1e-3, BEYOND_FLOAT32)),
        Sweep(method=LP_FT_TRAIN, learning_rates=(1e-4, 1e-3)),
    ),
    epochs=2,
    batch_size=20,
)
RUNS = 8


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmark")
    return folder, run_recipe(folder, TINY)


@pytest.fixture
def copy(finished, tmp_path):
    return shutil.copytree(finished[0], tmp_path / "copy")


def test_rows_are_the_recipes_methods_after_the_probe(finished):
    _, outcome = finished
    assert [(row.method, row.norm_mode) for row in outcome.rows] == [("LP", "eval"), ("FT", "eval"), ("LP-FT", "train")]
    for row in outcome.rows:
        assert row.seeds == [0, 1]
        assert 0 <= row.id_accuracy <= 1
        met = [one.accuracy for one in row.per_ood_set.values() if one.premises == "met"]
        assert row.ood_accuracy == pytest.approx(np.mean(met))
        assert len(met) == len(row.per_ood_set) - 1 == 4
    assert outcome.rows[0].id_feature_movement == 0 < outcome.rows[1].id_feature_movement


def test_a_diverged_learning_rate_is_recorded_and_the_sweep_goes_on(finished):
    folder, outcome = finished
    assert outcome.rows[1].diverged_learning_rates == [BEYOND_FLOAT32]
    results = [read_record(path, RunResult) for path in (folder / "runs").glob("*/result.json")]
    assert len(results) == RUNS
    diverged = [result for result in results if result.status == "diverged"]
    assert [result.learning_rate for result in diverged] == [BEYOND_FLOAT32] * 2
    assert all("epoch 1" in str(result.reason) for result in diverged)


def test_what_is_read_is_what_was_returned(finished):
    folder, outcome = finished
    benchmark = read_benchmark(folder)
    assert benchmark.rows == outcome.rows
    assert [len(curve.epochs) for curve in benchmark.curves] == [3] * 4  # before training and two epochs
    assert {one.name for one in benchmark.sets} == set(outcome.rows[0].per_ood_set)
    assert benchmark.backbone["command"].startswith("python -m empirical.pretraining")


def test_the_network_with_the_probes_head_is_the_probe(finished):
    folder, _ = finished
    materials = Materials(folder, TINY, Ledger(), lambda message, fraction: None)
    replicate = Replicate(materials, 1)
    network = evaluate(replicate.start(LP_FT_TRAIN), replicate.sets).accuracy
    path = materials.probe_artifact(1).artifact.path / "result.json"
    assert network == pytest.approx(read_record(path, ProbeResult).accuracy, abs=1e-12)


def test_a_second_call_makes_nothing(finished, copy):
    outcome = run_recipe(copy, TINY)
    assert outcome.built == {}
    assert outcome.up_to_date == RUNS + 6  # pictures, weights, features, set descriptions, two probes
    assert (copy / BENCHMARK_FILE).read_bytes() == (finished[0] / BENCHMARK_FILE).read_bytes()


def test_cut_off_and_started_again_the_numbers_are_the_same(finished, copy):
    shutil.rmtree(copy / "runs")
    (copy / BENCHMARK_FILE).unlink()
    calls = []

    def cut_off(message: str, fraction: float) -> None:
        calls.append(message)
        if fraction > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_recipe(copy, TINY, progress=cut_off)
    done = len(list((copy / "runs").glob("*/result.json")))
    assert 0 < done < RUNS
    outcome = run_recipe(copy, TINY)
    assert len(outcome.built) == RUNS - done
    assert (copy / BENCHMARK_FILE).read_bytes() == (finished[0] / BENCHMARK_FILE).read_bytes()


@pytest.mark.parametrize("name", ["metrics.jsonl", "result.json", "selected.safetensors"])
def test_a_damaged_file_is_named_and_its_run_alone_is_made_again(finished, copy, name):
    victim = sorted((copy / "runs").glob(f"*/{name}"))[0]
    victim.write_bytes(victim.read_bytes()[:-3] + b"xyz")
    outcome = run_recipe(copy, TINY)
    assert len(outcome.built) == 1
    assert str(victim) in next(iter(outcome.built.values()))
    assert (copy / BENCHMARK_FILE).read_bytes() == (finished[0] / BENCHMARK_FILE).read_bytes()


def test_other_settings_make_other_runs_and_keep_the_rest(copy):
    longer = TINY.model_copy(update={"sweeps": (Sweep(method=LP_FT_TRAIN, learning_rates=(1e-4, 1e-3, 1e-5)),)})
    outcome = run_recipe(copy, longer)
    assert sorted(outcome.built) == [f"LP-FT (train), learning rate 1e-05, seed {seed}" for seed in (0, 1)]


def test_every_scale_has_three_seeds_and_the_papers_own_two_methods():
    for recipe in RECIPES.values():
        assert len(recipe.seeds) >= 3
        assert {FT, LP_FT} <= {sweep.method for sweep in recipe.sweeps}


def test_the_published_scales_keep_the_two_by_two_over_a_grid():
    for scale in ("default", "full"):
        assert {sweep.method for sweep in RECIPES[scale].sweeps} == set(FINE_TUNING)
        assert all(len(sweep.learning_rates) >= 4 for sweep in RECIPES[scale].sweeps)
    assert RECIPES["full"].pretraining is not None
