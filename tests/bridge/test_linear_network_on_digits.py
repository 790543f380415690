"""The experiment at its smallest: the order of the methods, what follows exactly from the theory, and the bounds."""

import numpy as np
import pytest

from artifacts import UserError
from bridge.comparison import TUNING_TIMES
from bridge.experiments.linear_network_on_digits import (
    EXPERIMENT,
    random_head,
    task_of,
)
from simulations.records import load_as, run_experiment
from simulations.settings import configured

CONFIG = EXPERIMENT.config("quick")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    outcome = run_experiment(EXPERIMENT, folder, "quick")
    return outcome.artifact.path


@pytest.fixture(scope="module")
def data(results):
    return load_as(EXPERIMENT.data_type, results)


def test_fine_tuning_wins_in_red_ink_and_loses_in_blue(data):
    methods = data.compared.methods
    probing, tuning, both = (
        np.mean(methods[name].accuracy, axis=0) for name in ("linear_probing", "fine_tuning", "lp_ft")
    )
    assert tuning[0] > probing[0] + 0.05
    assert tuning[-1] < probing[-1] - 0.2
    assert both[0] > probing[0] + 0.05
    assert both[-1] > tuning[-1] + 0.1


def test_features_off_the_id_subspace_stay_and_a_refitted_head_reads_them(data):
    tuned = data.compared.methods.fine_tuning
    np.testing.assert_allclose(tuned.followed[:, 0], 1.0)
    assert abs(tuned.followed[:, -1]).max() < 0.1, "blue ink meets none of what was tuned but the mean"
    assert (tuned.refitted[:, -1] > tuned.accuracy[:, -1] + 0.2).all()
    assert (data.compared.methods.linear_probing.followed == 0).all()


def test_no_bound_is_violated(data):
    theorems, tuned = data.compared.theorems, data.compared.methods.fine_tuning
    assert (theorems.drift < 1e-6).all()
    for bound in (theorems.half_space, theorems.implicit):
        assert (bound > 0).all(), "a bound that says nothing cannot be violated"
        assert (bound <= tuned.lowest_distance).all()
    assert (theorems.movement <= theorems.movement_bound).all()
    assert (tuned.lowest_distance <= tuned.distance).all()


def test_training_stops_between_the_first_and_the_last_moment(data):
    for _, tuned in data.compared.methods.items():
        assert not tuned.at_edge.any()
    assert data.compared.methods.fine_tuning.stopped[0] in TUNING_TIMES


def test_draws_share_test_images_and_differ_in_training(data):
    first, second = (task_of(CONFIG, draw) for draw in (0, 1))
    assert np.array_equal(first.test_labels, second.test_labels)
    assert not np.array_equal(first.training_labels, second.training_labels)
    assert random_head(CONFIG, 0, first).shape == (CONFIG.features, 9)


def test_settings_of_ones_own():
    config = configured(EXPERIMENT, "quick", {"angles": [0.0, 90.0], "features": 9})
    assert config.angles == (0.0, 90.0)
    with pytest.raises(UserError, match="no setting `angle`"):
        configured(EXPERIMENT, "quick", {"angle": 3.0})
