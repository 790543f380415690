"""Experiments survive the way to disk and back; nothing is computed twice, and damage is found."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from artifacts import DamagedArtifact, UserError
from simulations import sweeps
from simulations.catalogue import EXPERIMENTS
from simulations.experiments import bounds_against_parameters, toy_example
from simulations.records import load, run_experiment, ways_of_solving

SMALL = bounds_against_parameters.BoundsAgainstParameters(points=3, problems=8, features=(1, 2))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    assert run_experiment(toy_example.EXPERIMENT, folder, "quick").built
    return folder


def test_data_come_back_as_they_were(results):
    simulated, loaded = toy_example.simulate(toy_example.ToyExample()), load("toy_example", results)
    for before, after in zip(jax.tree.leaves(simulated), jax.tree.leaves(loaded), strict=True):
        assert np.array_equal(before, after)
    assert ways_of_solving(loaded) == ("exact: one ID direction",)


def test_a_second_run_computes_nothing(results):
    assert not run_experiment(toy_example.EXPERIMENT, results, "quick").built


def test_the_summary_names_time_and_way(results):
    summary = json.loads((results / "simulations/toy_example/summary.json").read_text())
    assert summary["name"] == "toy_example"
    assert summary["solved_by"] == ["exact: one ID direction"]
    assert summary["seconds"] > 0


def test_a_damaged_file_is_found_and_made_again(results):
    file = results / "simulations/toy_example/data.npz"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DamagedArtifact, match=r"data\.npz differs"):
        load("toy_example", results)
    assert run_experiment(toy_example.EXPERIMENT, results, "quick").built


def test_unknown_and_missing_experiments_are_refused(results):
    with pytest.raises(UserError, match="must be one of toy_example"):
        load("toy_exmaple", results)
    with pytest.raises(UserError, match="distort simulate phase_diagram"):
        load("phase_diagram", results)


def test_names_are_unique_and_every_scale_has_a_configuration():
    assert len({experiment.name for experiment in EXPERIMENTS}) == len(EXPERIMENTS)
    for experiment in EXPERIMENTS:
        for scale in ("quick", "default", "full"):
            assert experiment.config(scale).model_config["frozen"]


def test_an_experiment_that_was_cut_off_goes_on_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "CHUNKS_TOGETHER", 1)
    experiment = dataclasses.replace(bounds_against_parameters.EXPERIMENT, config=lambda scale: SMALL)
    seen = []

    def stop(done, total):
        seen.append((done, total))
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_experiment(experiment, tmp_path, "quick", progress=stop)
    unfinished = tmp_path / "simulations/.bounds_against_parameters.unfinished"
    assert len(list(unfinished.iterdir())) == 2
    again = []
    assert run_experiment(experiment, tmp_path, "quick", progress=lambda done, total: again.append(done)).built
    assert len(again) == 5  # five sweeps and two numbers of features, a chunk each, two of them kept
    assert not unfinished.exists()
    assert np.isfinite(load("bounds_against_parameters", tmp_path).comparison.methods.fine_tuning.lowest_ood).all()
