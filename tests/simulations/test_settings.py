"""Settings of the user's own: all can be set, results lie beside each other, figures take them."""

import dataclasses
import json
from typing import get_args

import numpy as np
import pytest

import bridge.catalogue
from artifacts import UserError
from artifacts.results_folder import of_setting
from distort.__main__ import main
from figures.catalogue import FIGURES, entry
from figures.publishing import INFORMATION, draw_figure
from simulations.catalogue import EXPERIMENTS
from simulations.experiment import Scale
from simulations.experiments import bounds_against_parameters, phase_diagram, toy_example
from simulations.experiments.families import ExactFamily
from simulations.records import load, run_experiment
from simulations.sampling import Dimensions
from simulations.settings import configured, label, merged, parsed, read

#: The toy example has two inputs and one feature by definition, the threshold is a function of several sizes, and
#: digits have as many pixels as they have.
OTHERWISE = ("toy_example", "certified_threshold", "last_layers_on_digits")
WITH_DIMENSIONS = [experiment for experiment in EXPERIMENTS if experiment.name not in OTHERWISE]


@pytest.mark.parametrize("experiment", WITH_DIMENSIONS, ids=lambda experiment: experiment.name)
def test_every_configuration_carries_its_dimensions_by_their_letters(experiment):
    config = configured(experiment, "quick", parsed(["dimensions.d=30"]))
    assert config.dimensions.input_dim == 30
    assert config == configured(experiment, "quick", {"dimensions": {"input_dim": 30}})
    assert label(experiment, "quick", config) == "dimensions.input_dim=30"
    assert label(experiment, "quick", experiment.config("quick")) == ""


def test_every_scale_of_every_experiment_is_in_range():
    """Those of the digits too, whose angles are in degrees."""
    for experiment in bridge.catalogue.EXPERIMENTS:
        for scale in get_args(Scale):
            assert experiment.config(scale)


@pytest.mark.parametrize(
    ("name", "assignment", "message"),
    [
        ("toy_example", "moments=2", "`moments` must be finite and at least 3, got 2"),
        ("toy_example", "heads=[]", "`heads` must have at least one value"),
        ("toy_example", "heads=[inf]", "`heads` must be finite, got inf"),
        ("id_ood_tradeoff", "angles=[1.0, 0.5]", "`angles` must ascend, got 1 and 0.5"),
        ("id_ood_tradeoff", "feature_errors=[0.0, 1.0]", "`feature_errors` must lie between 0 and"),
        ("l2_sp", "smallest=20.0", "`smallest` must be below `largest`, got 20 and 10"),
        ("finite_sample", "examples=[2, 0]", "`examples` must be finite and at least 1, got 0"),
        ("risk_along_flow", "first_time=0.0", "`first_time` must be finite and above 0, got 0"),
        ("certified_threshold", "example_share=1.5", "`example_share` must lie between 0 and 1, got 1.5"),
        ("toy_example", "dimensions.k=5", "no setting `dimensions`"),
    ],
)
def test_every_value_is_in_its_range(name, assignment, message):
    with pytest.raises(UserError, match=message):
        configured(named(name), "quick", parsed([assignment]))


def test_values_are_toml_and_words_need_no_quotes():
    changes = parsed(["dimensions.k=5", "angles=[0.1, 0.2]", "name=word", "dimensions.m = 2"])
    assert changes == {"dimensions": {"k": 5, "m": 2}, "angles": [0.1, 0.2], "name": "word"}
    assert merged({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}) == {"a": {"b": 3, "c": 2}}


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("dimensions.kk=5", "no setting `kk`"),
        ("angel=0.5", "the nearest is angle"),
        ("dimensions=5", "has parts"),
        ("problems=many", "valid integer"),
        ("dimensions.m=40", r"k \+ m <= d"),
        ("dimensions", "must be NAME=VALUE"),
        ("angle=2.0", "`angle` must lie between 0 and pi/2, got 2"),
        ("feature_errors=[0.1, 3.0]", r"`feature_errors` must lie between 0 and sqrt\(2\), got 3"),
        ("feature_errors=[]", "`feature_errors` must have at least one value"),
        ("truth_norm=-1.0", "`truth_norm` must be finite and at least 0, got -1"),
        ("head_scale=nan", "`head_scale` must be finite and at least 0, got nan"),
        ("condition=0.5", "`condition` must be finite and at least 1, got 0.5"),
        ("problems=0", "`problems` must be finite and at least 1, got 0"),
        ("seed=-1", "`seed` must be finite and at least 0, got -1"),
        ("angle=.5", "must be a TOML value or a word, got '.5' for angle"),
        ("angle=", "must be a TOML value or a word"),
    ],
)
def test_what_does_not_fit_is_one_line(assignment, message):
    experiment = named("along_training")
    with pytest.raises(UserError, match=message):
        configured(experiment, "quick", parsed([assignment]))


def test_closed_forms_refuse_dimensions_for_which_there_is_none():
    with pytest.raises(UserError, match="one feature or one ID direction"):
        ExactFamily(Dimensions(input_dim=8, feature_dim=2, id_dim=3))


@pytest.mark.parametrize(
    ("name", "assignments", "message"),
    [
        ("risk_along_flow", ["dimensions.k=5"], r"`angles` must be min\(k, m\) = 5 numbers, got 3"),
        ("bounds_against_parameters", ["dimensions.k=2"], "must have one feature"),
        ("finite_steps", ["dimensions.k=2"], "must have one feature"),
        ("finite_steps", ["examples=3"], "at least `batch_size` and m"),
    ],
)
def test_an_experiment_names_its_own_premises(name, assignments, message):
    with pytest.raises(UserError, match=message):
        configured(named(name), "quick", parsed(assignments))


def test_dimensions_and_what_they_need_can_be_set_together():
    config = configured(named("risk_along_flow"), "quick", parsed(["dimensions.k=2", "angles=[0.5, 0.4]"]))
    assert config.angles == (0.5, 0.4)


def named(name):
    return next(experiment for experiment in EXPERIMENTS if experiment.name == name)


def test_long_labels_are_cut_and_told_apart():
    many = {"head_scale": 0.1, "angle": 0.11, "feature_error": 0.12, "truth_norm": 0.13}
    ranges = {"head_errors": (0.1, 2.0), "head_scales": (0.1, 3.0)}
    experiment = bounds_against_parameters.EXPERIMENT
    first = label(experiment, "quick", configured(experiment, "quick", many | ranges))
    second = label(experiment, "quick", configured(experiment, "quick", many | ranges | {"seed": 7}))
    assert first != second
    assert len(first) < 100


def test_dimensions_that_were_set_are_simulated_and_drawn():
    changes = {"cells": 4, "problems": 4, "dimensions": {"m": 2}}
    data = phase_diagram.simulate(configured(phase_diagram.EXPERIMENT, "quick", changes))
    assert data.wins.lp_ft.shape == (4, 4)
    assert len(entry("phase_diagram").load().draw(data).axes) == 5


def test_results_of_settings_lie_beside_each_other_and_are_drawn(tmp_path):
    for angle in (0.3, 0.6, 0.9):
        changes = {"moments": 20} | ({} if angle == 0.6 else {"angle": angle})
        assert run_experiment(toy_example.EXPERIMENT, tmp_path, "quick", changes=changes).built
        assert not run_experiment(toy_example.EXPERIMENT, tmp_path, "quick", changes=changes).built
    names = sorted(path.name for path in (tmp_path / "settings").iterdir())
    assert names == ["angle=0.3,moments=20", "angle=0.9,moments=20", "moments=20"]
    angles = [np.arcsin(load("toy_example", of_setting(tmp_path, name)).off_feature) for name in names]
    np.testing.assert_allclose(angles, [0.3, 0.9, 0.6])
    drawn = draw_figure(entry("toy_example"), of_setting(str(tmp_path), names[1])).artifact.path
    assert drawn == tmp_path / "settings" / names[1] / "figures" / "toy_example"
    assert names[1] in json.loads((drawn / INFORMATION).read_text(encoding="utf-8"))["note"]


def test_the_command_takes_them_from_flags_and_from_a_file(tmp_path, capsys):
    file, out = tmp_path / "mine.toml", tmp_path / "results"
    file.write_text("moments = 20\nheads = [0.5]\n", encoding="utf-8")
    command = ["simulate", "toy_example", "--settings", str(file), "--set", "moments=30", "--out", str(out)]
    assert main(command) == 0
    assert "with heads=0.5,moments=30" in capsys.readouterr().out
    (setting,) = (path.name for path in (out / "settings").iterdir())
    assert setting == "heads=0.5,moments=30"
    assert main(["figures", "toy_example", "--from", str(out), "--setting", setting]) == 0
    assert main(["figures", "toy_example", "--from", str(out), "--setting", "heads=0.6"]) == 2
    assert setting in capsys.readouterr().err
    assert read(file) == {"moments": 20, "heads": [0.5]}


def test_figures_of_a_setting_stand_beside_the_one_benchmark():
    from figures.catalogue import source_folder

    setting = of_setting("results", "angle=0.3")
    assert source_folder(setting, "benchmark").as_posix() == "results/benchmark"
    assert source_folder(setting, "simulations/toy_example") == setting / "simulations" / "toy_example"
    assert {figure.section for figure in FIGURES} == {"side by side", "theory", "benchmark"}


def test_an_experiment_is_compiled_quickly_up_to_the_scale_that_it_names():
    for count, largest in enumerate((None, *get_args(Scale))):
        experiment = dataclasses.replace(EXPERIMENTS[0], compiled_quickly_up_to=largest)
        assert [experiment.compiles_quickly(scale) for scale in get_args(Scale)] == [
            place < count for place in range(3)
        ]
