"""A whole suite in small: real digits, the shipped network, every kind of work; resumed, damaged, changed."""

import shutil

import numpy as np
import pytest

from empirical import Assignment, Ledger, Only, Run, Suite, Unit, collect, plan, run_suite, run_unit
from empirical.methods import FT_EVAL, LP_FT
from empirical.recipes import Sweep
from empirical.records import BENCHMARK_FILE, EpochRecord, read_benchmark, read_lines
from empirical.runs.materials import materials
from empirical.runs.training import SELECTED_FILE, head_source, start_of
from tests.support.small_suite import BEYOND_FLOAT32, RECIPE, SPOILING, SUITE

#: Two probes, a description, 4 + 6 training runs, 2 interpolations, 2 runs from a partly probed head.
UNITS = 17
NOTHING_MOVED = 1e-6


def changed(**changes) -> Suite:
    return SUITE.model_copy(update={"recipes": (RECIPE.model_copy(update=changes),)})


def document(workspace):
    return read_benchmark(workspace.folder)


def test_rows_are_the_probe_and_the_sweeps(finished):
    _, outcome = finished
    assert not outcome.set_aside
    assert [(row.method, row.norm_mode) for row in outcome.benchmark.rows] == [
        ("LP", "eval"),
        ("FT", "eval"),
        ("LP-FT", "eval"),
    ]
    for row in outcome.benchmark.rows:
        assert row.seeds == [0, 1]
        assert row.selected_on == "id_validation"
        met = [one.accuracy for one in row.per_ood_set.values() if one.premises == "met"]
        assert row.ood_accuracy == pytest.approx(np.mean(met))
        assert len(met) == len(row.per_ood_set) - 1 == 4
        assert len(row.id_feature_movement_per_seed) == 2
        assert np.mean(row.id_feature_movement_per_seed) == pytest.approx(row.movement["id_test"].mean_squared)
        assert np.mean(row.ood_feature_movement_per_seed) == pytest.approx(row.ood_feature_movement)
        assert all((finished[0].folder / run / "result.json").is_file() for run in row.runs)
    assert outcome.benchmark.rows[0].id_feature_movement == 0 < outcome.benchmark.rows[1].id_feature_movement


def test_a_diverged_learning_rate_is_recorded_and_the_sweep_goes_on(finished):
    _, outcome = finished
    row = outcome.benchmark.rows[1]
    assert row.diverged_learning_rates == [BEYOND_FLOAT32]
    assert [point.diverged for point in row.grid] == [False, True]
    assert row.grid_edge == "low"


def test_a_grid_extends_itself_while_its_end_is_better_and_says_so(finished):
    row = finished[1].benchmark.rows[2]
    assert [point.value for point in row.grid if not point.extension] == [1e-9, SPOILING]
    (added,) = (point.value for point in row.grid if point.extension)  # a second one would be as good
    assert row.grid_extended == [added]
    assert (row.learning_rate, row.grid_edge, row.grid_limit) == (added, "low", False)


def test_what_is_read_is_what_was_returned(finished):
    workspace, outcome = finished
    assert document(workspace) == outcome.benchmark
    assert [len(curve.epochs) for curve in outcome.benchmark.curves] == [3] * 4  # before training and two epochs
    assert not outcome.benchmark.missing
    assert outcome.benchmark.dataset("digits").columns["digits"] == [
        one.name for one in outcome.benchmark.sets if one.premises == "met"
    ]


def test_oracle_rows_are_at_least_as_good_on_what_chose_them_and_stand_apart(finished):
    benchmark = finished[1].benchmark
    honest = {row.method: row for row in benchmark.rows}
    assert {row.selected_on for row in benchmark.oracle_rows} == {"digits"}
    for row in benchmark.oracle_rows:
        assert row.ood_accuracy >= honest[row.method].ood_accuracy - 1e-12


def test_head_starts_are_a_complete_series_with_the_theory_beside(finished):
    series = [one for one in finished[1].benchmark.conditions if one.kind == "head_start"]
    assert [one.label for one in series] == ["random", "partly", "linear probe"]
    errors = [one.quantities.relative_head_alignment_error for one in series]
    assert errors[0] == pytest.approx(1, abs=0.2)  # a small random head is about as far off as a head of zero
    assert series[2].head_accuracy > series[0].head_accuracy


def test_the_network_with_the_probes_head_is_the_probe(finished):
    workspace, _ = finished
    probe = Unit(kind="probe", recipe="digits", seed=1)
    unit = Unit(kind="training", recipe="digits", method=LP_FT.label, learning_rate=1e-9, epochs=2, seed=1)
    run = Run(unit, SUITE, workspace)
    ingredients = materials(run)
    head = head_source(run, ingredients)
    judged = ingredients.judge(start_of(run, ingredients, head[0])).sets
    wanted = Ledger(SUITE, workspace).penalties(probe)
    assert {name: one.accuracy for name, one in judged.items()} in [step.accuracy for step in wanted]


def test_interpolation_begins_at_the_probe_and_ends_at_the_run(finished):
    benchmark = finished[1].benchmark
    assert len(benchmark.interpolations) == 2
    for curve in benchmark.interpolations:
        assert [point.alpha for point in curve.points] == pytest.approx(np.linspace(0, 1, 11))
        history = read_lines(finished[0].folder / curve.end / "metrics.jsonl", EpochRecord)
        assert curve.points[0].sets["id_test"].accuracy == history[0].accuracy["id_test"]
        assert curve.points[-1].sets["id_test"].accuracy in [one.accuracy["id_test"] for one in history]


def test_a_second_call_makes_nothing(finished, copy):
    outcome = run_suite(SUITE, copy)
    assert outcome.built == {}
    assert outcome.up_to_date == UNITS
    assert (copy.folder / BENCHMARK_FILE).read_bytes() == (finished[0].folder / BENCHMARK_FILE).read_bytes()


def test_cut_off_and_started_again_the_numbers_are_the_same(finished, copy):
    shutil.rmtree(copy.folder / "runs")
    calls = []

    def cut_off(message: str, fraction: float) -> None:
        calls.append(message)
        if "LP-FT" in message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_suite(SUITE, copy, progress=cut_off)
    done = len(list((copy.folder / "runs").glob("*/result.json")))
    outcome = run_suite(SUITE, copy)
    assert 0 < done < len(outcome.built) + done == 12
    assert numbers(outcome.benchmark) == numbers(finished[1].benchmark)


def numbers(benchmark):
    """Everything but how long it took."""
    return benchmark.model_dump(mode="json")


@pytest.mark.parametrize("name", ["metrics.jsonl", "result.json", SELECTED_FILE, "config.json"])
def test_a_damaged_file_is_named_and_its_run_made_again(finished, copy, name):
    victim = sorted((copy.folder / "runs").glob(f"*/{name}"))[0]
    victim.write_bytes(victim.read_bytes()[:-3] + b"xyz")
    outcome = run_suite(SUITE, copy)
    assert str(victim) in " ".join(outcome.built.values())
    assert len(outcome.built) <= 2  # the run, and the interpolation that ends at it
    assert numbers(outcome.benchmark) == numbers(finished[1].benchmark)


def test_other_settings_make_other_runs_and_keep_the_rest(copy):
    more = changed(
        sweeps=(Sweep(method=FT_EVAL, learning_rates=(1e-4, 1e-3)), RECIPE.sweeps[1]), conditions=(), interpolate=()
    )
    outcome = run_suite(more, copy)
    assert sorted(outcome.built) == [f"digits: FT (eval), learning rate 0.0001, seed {seed}" for seed in (0, 1)]
    assert set(outcome.built.values()) == {"not there yet"}


def test_a_part_of_a_suite_brings_what_it_depends_on(tmp_path):
    from tests.support.small_suite import workspace

    found = workspace(tmp_path)
    outcome = run_suite(SUITE, found, only=Only(("FT",)), limit=1)
    assert outcome.stopped
    assert list(outcome.built) == ["digits: FT (eval), learning rate 0.001, seed 0"]
    assert outcome.benchmark.rows == []  # nothing is complete, so nothing is shown
    assert len(outcome.benchmark.missing) > UNITS - 8
    ledger = Ledger(SUITE, found)
    chosen = Only(("LP-FT",)).select(ledger.runs(plan(SUITE, ledger.training).units), SUITE)
    assert {run.unit.kind for run in chosen} == {"probe", "training", "description"}
    assert chosen[-1].unit.kind == "description"  # for the row alone


def test_a_failed_unit_is_set_aside_and_what_depends_on_it_too(copy):
    shutil.rmtree(copy.folder / "probes")
    shutil.rmtree(copy.folder / "runs")
    broken = changed(probe=RECIPE.probe.model_copy(update={"penalties": (1e-320,)}))
    outcome = run_suite(broken, copy, only=Only(("LP-FT",)))
    failed = {one.unit: one.error for one in outcome.set_aside}
    if failed:  # a denormal penalty may be refused or solved, but must never end the call
        assert all(error for error in failed.values())
    assert not any("Traceback" in error for error in failed.values())


def test_a_unit_can_be_given_out_twice(copy):
    unit = Unit(kind="probe", recipe="digits", seed=0)
    first, again = run_unit(Assignment(unit, copy)), run_unit(Assignment(unit, copy))
    assert not first.built
    assert not again.built
    assert run_unit(Assignment(unit, copy, force=True)).reason == "asked for"


def test_what_cannot_be_read_is_named_and_not_counted(copy):
    victim = next((copy.folder / "probes").glob("*/result.json"))
    victim.write_text("{}", encoding="utf-8")
    benchmark = collect(Ledger(SUITE, copy))
    assert any("linear probe" in one and "(damaged)" in one for one in benchmark.missing)
    assert "LP" not in {row.method for row in benchmark.rows}


def test_a_collected_part_names_what_is_missing(copy):
    shutil.rmtree(next((copy.folder / "runs").glob("[0-9a-f]*")))
    benchmark = collect(Ledger(SUITE, copy))
    assert benchmark.missing
    assert len(benchmark.rows) < 3 or len(benchmark.conditions) < 3
