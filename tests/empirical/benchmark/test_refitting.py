"""A head refitted on tuned features, and what OOD features followed, of one small training run."""

import numpy as np
import pytest

from artifacts import UserError
from empirical import Assignment, Suite
from empirical.benchmark.plan import plan
from empirical.benchmark.suite import open_suite
from empirical.benchmark.units import Unit
from empirical.distortion import followed_share
from empirical.methods import FT_EVAL
from empirical.recipes import Sweep
from empirical.records import RESULT_FILE, Refitting, RunResult, read_record
from empirical.runs import refitting, run_unit
from tests.support.small_suite import RECIPE, SETS, workspace

RATE = 3e-2
ONE_RUN = RECIPE.model_copy(
    update={
        "sweeps": (Sweep(method=FT_EVAL, learning_rates=(RATE,)),), "seeds": (0,), "epochs": 1, "interpolate": (),
        "refit": (FT_EVAL.label,), "conditions": (), "describe": False,
    }
)  # fmt: skip
TRAINING = Unit(kind="training", recipe="digits", method=FT_EVAL.label, learning_rate=RATE, epochs=1, seed=0)
REFITTING = TRAINING.model_copy(update={"kind": "refitting"})


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = workspace(tmp_path_factory.mktemp("suite"))
    open_suite(place.folder, Suite(name="embedded", recipes=(ONE_RUN,)))
    return place


def test_it_says_what_is_left_of_the_features(place):
    trained = read_record(run_unit(Assignment(TRAINING, place)).artifact.path / RESULT_FILE, RunResult)
    refitted = read_record(run_unit(Assignment(REFITTING, place)).artifact.path / RESULT_FILE, Refitting)
    assert refitted.end == trained.run
    assert set(refitted.accuracies) == set(refitted.followed) == {"id_test", *SETS}
    assert refitted.followed["id_test"] == pytest.approx(1.0)
    # Forty images with labels of the set itself: at least as good as a head that never saw it, but for a few images.
    assert refitted.accuracies["inverted"] >= trained.sets["inverted"].accuracy - 0.1
    assert not run_unit(Assignment(REFITTING, place)).built


def test_it_is_planned_once_its_learning_rate_is_known():
    suite = Suite(name="embedded", recipes=(ONE_RUN,))
    waiting = plan(suite, lambda unit: None)
    assert REFITTING not in waiting.units
    assert any("refitting of FT (eval) awaits" in words for words in waiting.undecided)


def test_features_that_stay_follow_nothing():
    draw = np.random.default_rng(0)
    moved = draw.normal(size=(5, 3)).astype(np.float32)
    assert followed_share(moved, moved) == pytest.approx(1.0)
    assert followed_share(moved, 0.25 * moved) == pytest.approx(0.25)
    assert followed_share(moved, np.zeros_like(moved)) == 0
    assert followed_share(np.zeros_like(moved), moved) is None


def test_a_data_set_without_training_images_in_ood_looks_is_refused(place, monkeypatch):
    ingredients = type("Ingredients", (), {"dataset": type("Dataset", (), {"counterparts": ()})()})()
    monkeypatch.setattr(refitting, "materials", lambda run: ingredients)
    with pytest.raises(UserError, match="leave `refit` out"):
        run_unit(Assignment(REFITTING, place))
