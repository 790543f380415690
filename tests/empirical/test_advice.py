"""The rule: regimes by premises, the record of how often it was right, and what short training decides."""

import numpy as np
import pytest

from empirical.advice.confirming import confirmation, shortened
from empirical.advice.premises import SetPremises, shared_accuracy
from empirical.advice.rule import FIRST, advise
from empirical.advice.track_record import COMPARED, MARGIN, TrackRecord, cases, kept_record
from empirical.linear_probe import Features
from empirical.recipes import EMBEDDED_RECIPES
from tests.support.made_up_benchmark import benchmark

DIGITS = EMBEDDED_RECIPES["default"][0]


def premises(probe, shared, outside=0.2):
    return SetPremises(
        name="drawn", images=100, probe_accuracy=probe, shared_accuracy=shared, energy_outside=outside,
        id_energy_outside=0.05,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "regime"),
    [
        (premises(0.88, 0.92), "head carries over"),
        (premises(0.88, 0.92, outside=0.06), "near ID"),
        (premises(0.6, 0.9), "head fails"),
        (premises(0.5, 0.6), "features fail"),
    ],
)
def test_regimes(found, regime):
    advice = advise("mine", found, id_accuracy=0.95)
    assert (advice.regime, advice.first) == (regime, FIRST[regime])


def test_a_shared_head_reads_what_the_id_head_cannot():
    """OOD features lie along an axis of their own, which ID images never show."""
    draw = np.random.default_rng(0)
    labels = (np.arange(80) % 2).astype(np.int32)
    signs = (2.0 * labels - 1)[:, None]
    noise = draw.normal(scale=0.1, size=(2, 80, 4)).astype(np.float32)
    along, across = (np.eye(4, dtype=np.float32)[place] for place in (0, 1))
    training = Features((noise[0] + signs * along).astype(np.float32), labels)
    ood = Features((noise[1] + signs * across).astype(np.float32), labels)
    assert shared_accuracy(training, ood, classes=2, penalty=1.0) > 0.95


def test_cases_are_the_sets_with_all_three_methods_and_a_shared_head():
    found = list(cases("made up", benchmark()))
    assert found
    for case in found:
        assert set(case.accuracies) == set(COMPARED)
        assert case.regret == pytest.approx(max(case.accuracies.values()) - case.accuracies[case.first])
        assert case.hit == (case.regret <= MARGIN)
    record = TrackRecord(cases=found)
    assert record.hits == sum(case.hit for case in found)
    # LP-FT is best in the made-up benchmark, but on the set near ID, where FT is.
    assert record.always("LP-FT (eval)") == len(found) - 1


def test_the_record_that_comes_with_the_project_says_what_the_documentation_says():
    record = kept_record()
    assert (record.hits, len(record.cases)) == (8, 9)
    assert (record.always("LP (eval)"), record.always("FT (train)"), record.always("LP-FT (eval)")) == (9, 0, 8)
    carried = record.among("head carries over")
    assert (carried.hits, len(carried.cases)) == (6, 6)


def test_a_short_run_keeps_the_recipe_but_for_its_length():
    short = shortened(DIGITS, [0])
    assert [sweep.label for sweep in short.sweeps] == ["FT (train)", "LP-FT (eval)"]
    assert (short.epochs, short.seeds) == (min(DIGITS.epochs, 5), (0,))
    assert all(sweep.extensions == 0 for sweep in short.sweeps)
    assert (short.backbone, short.pipelines, short.protocol) == (DIGITS.backbone, DIGITS.pipelines, DIGITS.protocol)


def test_what_short_training_decides():
    found = confirmation(benchmark(), shortened(DIGITS, [0, 1]).model_copy(update={"name": "digits"}))
    assert (found.best, found.second) == ("LP-FT (eval)", "LP (eval)")
    assert found.ahead == pytest.approx(0.05)
    assert found.decided == (found.ahead > found.half_width)
