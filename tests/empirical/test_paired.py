"""Differences between methods: seed by seed, in groups that were measured beforehand."""

import pytest

from empirical.records import ConditionRecord, Estimate
from empirical.results.paired import GOOD, differences
from tests.support import made_up_rows as made_up
from tests.support.made_up_benchmark import described

DATASET = "digits"
ROWS = [made_up.row(DATASET, *method) for method in made_up.METHODS]
SETS = [described(DATASET, name) for name in made_up.SETS]
MET = [name for name, premises in made_up.SETS.items() if premises == "met"]


def one(found, **wanted):
    (chosen,) = (item for item in found if all(getattr(item, name) == value for name, value in wanted.items()))
    return chosen


def test_the_papers_comparisons_are_made_in_and_out_of_distribution():
    found = differences(ROWS, [], SETS, MET, [])
    gain = one(found, name="ft_minus_lp", group="ID")
    assert gain.difference.mean == pytest.approx(made_up.ID["FT"] - made_up.ID["LP"])
    assert gain.difference.ci90 == pytest.approx(0, abs=1e-12)  # both methods' seeds lie alike about their means
    assert gain.sets == ["id_test"]
    loss = one(found, name="ft_minus_lp", group="large shift")
    assert loss.sets == MET
    assert loss.difference.mean == pytest.approx(made_up.OOD["FT"] - made_up.OOD["LP"])
    start = one(found, name="head_start_eval", group="ID")
    assert start.difference.mean == pytest.approx(made_up.ID["LP-FT"] - made_up.ID["FT"] + made_up.OTHER_MODE)
    assert all(item.good_features and item.rule == "best" for item in found)


def test_groups_are_what_was_measured_not_what_was_meant():
    closer = [SETS[0].model_copy(update={"shift": "small"}), *SETS[1:]]
    found = differences(ROWS, [], closer, MET, [])
    assert one(found, name="ft_minus_lp", group="small shift").sets == [SETS[0].name]
    assert one(found, name="ft_minus_lp", group="near ID").sets == ["near_id"]
    unknown = [SETS[0].model_copy(update={"premises": "unknown"}), *SETS[1:]]
    assert one(differences(ROWS, [], unknown, MET, []), name="ft_minus_lp", group="large shift").sets == MET[1:]
    assert one(differences(ROWS, [], unknown, MET, []), name="ft_minus_lp", group="OOD").sets == [SETS[0].name]
    assert differences(ROWS, [], [], MET, []) == []


def test_an_own_suite_of_which_nothing_was_measured_has_its_differences_too():
    bare = [item.model_copy(update={"premises": "unknown", "shared_head_accuracy": None}) for item in SETS]
    found = differences(ROWS, [], bare, MET, [])
    loss = one(found, name="ft_minus_lp", group="OOD")
    assert loss.sets == [item.name for item in SETS]
    assert loss.good_features is None


def test_rows_of_the_other_rule_are_held_against_the_same_probe():
    careful = [row.model_copy(update={"rule": "one standard error"}) for row in ROWS if row.method != "LP"]
    found = differences(ROWS, careful, SETS, MET, [])
    assert len(found) == 2 * len([item for item in found if item.rule == "best"])
    assert one(found, name="ft_minus_lp", group="ID", rule="one standard error").subtrahend == "LP (eval)"


def test_conditions_with_bad_features_are_told_apart():
    bad = [item.model_copy(update={"shared_head_accuracy": GOOD - 0.1}) for item in SETS]
    condition = ConditionRecord(
        dataset=DATASET, kind="pretraining", name="random features", label="random", value=0, backbone_accuracy=0.02,
        head_accuracy=None, quantities=None, sets=bad,
        rows=[row.model_copy(update={"condition": "random features"}) for row in ROWS],
    )  # fmt: skip
    found = differences(ROWS, [], SETS, MET, [condition])
    control = one(found, name="ft_minus_lp", group="large shift", condition="random features")
    assert control.good_features is False
    assert control.sets == MET
    assert isinstance(control.difference, Estimate)
