"""Plans without training: what is named, in which order, how grids extend, what waits for what."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from artifacts import UserError
from empirical import Only, Run, Suite, Unit, Workspace, named_suite, plan
from empirical.backbones.catalogue import BackboneChoice
from empirical.benchmark.plan import grid
from empirical.methods import FT, LP_FT, WISE_FT
from empirical.recipes import DIGITS, PAPER_RECIPES, Condition, PretrainedFor, Sweep
from empirical.records import RunResult, SetMetrics
from tests.support.small_suite import RECIPE, SUITE


def finished(unit: Unit, accuracy: float, *, diverged: bool = False) -> RunResult:
    """A training run that came to an ID validation accuracy."""
    metrics = SetMetrics(count=10, accuracy=accuracy, nll=1.0, ece=0.0)
    return RunResult(
        run=f"runs/{unit.learning_rate}-{unit.seed}", dataset=unit.recipe, method="FT", norm_mode="train",
        learning_rate=unit.learning_rate or 0, seed=unit.seed or 0, status="diverged" if diverged else "finished",
        reason=None, selected_epoch=None if diverged else 1, sets={} if diverged else {"id_validation": metrics},
        movement={}, seconds=1.0, images_per_second=None,
    )  # fmt: skip


def results(scores: Mapping[float, float | None]):
    """Runs at these learning rates are finished; None: diverged."""

    def of(unit: Unit) -> RunResult | None:
        rate = unit.learning_rate
        if rate not in scores:
            return None
        return finished(unit, scores[rate] or 0.0, diverged=scores[rate] is None)

    return of


def run_of(unit: Unit, suite: Suite) -> Run:
    return Run(unit, suite, Workspace(folder=Path("none")))


def needed_by(unit: Unit, suite: Suite) -> tuple[Unit, ...]:
    return tuple(run.unit for run in run_of(unit, suite).dependencies)


def selected(words: tuple[str, ...], suite: Suite) -> list[Unit]:
    runs = [run_of(unit, suite) for unit in plan(suite, results({})).units]
    return [run.unit for run in Only(words).select(runs, suite)]


SWEEP = Sweep(method=FT, learning_rates=(1e-3, 3e-3, 1e-2), extensions=2)


def test_a_grid_waits_for_all_its_runs():
    found = grid(RECIPE, SWEEP, results({1e-3: 0.5, 3e-3: 0.6}))
    assert not found.settled
    assert found.values == (1e-3, 3e-3, 1e-2)


def test_an_interior_optimum_settles_it():
    found = grid(RECIPE, SWEEP, results({1e-3: 0.5, 3e-3: 0.6, 1e-2: 0.5}))
    assert (found.settled, found.selected.best.value, found.added) == (True, 3e-3, ())


def test_an_optimum_on_the_edge_asks_for_one_more_at_a_time():
    found = grid(RECIPE, SWEEP, results({1e-3: 0.5, 3e-3: 0.6, 1e-2: 0.7}))
    assert (found.settled, found.added) == (False, (3e-2,))


def test_extension_ends_at_its_limit_and_says_so():
    found = grid(RECIPE, SWEEP, results({1e-3: 0.5, 3e-3: 0.6, 1e-2: 0.7, 3e-2: 0.8, 1e-1: 0.9}))
    assert (found.settled, found.limit, found.added, found.selected.edge) == (True, True, (3e-2, 1e-1), "high")


def test_a_rate_that_diverged_is_an_end_that_needs_no_extension():
    found = grid(RECIPE, SWEEP, results({1e-3: 0.5, 3e-3: 0.6, 1e-2: 0.7, 3e-2: None}))
    assert (found.settled, found.limit, found.selected.best.value, found.selected.edge) == (True, False, 1e-2, None)


def test_below_as_well_as_above():
    found = grid(RECIPE, SWEEP, results({1e-3: 0.7, 3e-3: 0.6, 1e-2: 0.5}))
    assert found.added == (3e-4,)


def test_a_grid_in_which_everything_diverged_is_settled_without_a_choice():
    found = grid(RECIPE, SWEEP, results({1e-3: None, 3e-3: None, 1e-2: None}))
    assert (found.settled, found.selected) == (True, None)


@given(st.dictionaries(st.sampled_from([3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1]), st.floats(0, 1) | st.none()))
def test_a_plan_only_grows_and_names_dependencies_first(scores):
    suite = Suite(name="embedded", recipes=(RECIPE.model_copy(update={"sweeps": (SWEEP, *RECIPE.sweeps)}),))
    before, after = plan(suite, results({})).units, plan(suite, results(scores)).units
    assert set(before) <= set(after)
    assert len(set(after)) == len(after)
    for place, unit in enumerate(after):
        assert set(needed_by(unit, suite)) <= set(after[:place])


def test_every_unit_has_a_place_of_its_own():
    for suite in (named_suite("paper"), named_suite("miniature"), named_suite("embedded")):
        units = plan(suite, results({})).units
        assert len({run_of(unit, suite).id for unit in units}) == len(units)


def test_units_of_the_paper():
    suite = named_suite("paper")
    units = plan(suite, results({})).units
    for recipe in ("living17", "entity30", "domainnet", "cifar10", "fmow"):
        of_ft = [unit for unit in units if (unit.recipe, unit.method) == (recipe, "FT (train)")]
        assert len(of_ft) == 18  # six learning rates, three seeds
        drawn = suite.recipe(recipe).pipelines.training.draws  # else all three would be the same
        assert len([unit for unit in units if (unit.recipe, unit.kind) == (recipe, "probe")]) == (3 if drawn else 1)
    probe = Unit(kind="training", recipe="imagenet", method="LP (eval)", learning_rate=0.1, epochs=5, seed=0)
    heads = [needed_by(unit, suite) for unit in units if (unit.recipe, unit.method) == ("imagenet", LP_FT.label)]
    assert len(heads) == 3
    assert set(heads) == {(probe,)}  # one checkpoint for all runs of phase 2


def test_replicate_i_starts_from_probe_i():
    suite = named_suite("paper")
    for unit in plan(suite, results({})).units:
        if (unit.recipe, unit.method) == ("cifar10", LP_FT.label):
            assert needed_by(unit, suite) == (Unit(kind="probe", recipe="cifar10", seed=0),)  # no augmentation
        if (unit.recipe, unit.method) == ("living17", LP_FT.label):
            assert needed_by(unit, suite) == (Unit(kind="probe", recipe="living17", seed=unit.seed),)


def test_what_a_run_is_does_not_depend_on_the_rest_of_its_recipe():
    unit = Unit(kind="training", recipe="digits", method=LP_FT.label, learning_rate=1e-9, epochs=2, seed=0)
    fewer = SUITE.model_copy(update={"recipes": (RECIPE.model_copy(update={"seeds": (0,), "conditions": ()}),)})
    assert run_of(unit, SUITE).configuration == run_of(unit, fewer).configuration
    other = SUITE.model_copy(update={"recipes": (RECIPE.model_copy(update={"batch_size": 10}),)})
    assert run_of(unit, SUITE).configuration != run_of(unit, other).configuration


def test_interpolating_changes_no_training():
    with_line = RECIPE.model_copy(update={"sweeps": (Sweep(method=WISE_FT, learning_rates=(1e-3,)),), "interpolate": (),
                                          "conditions": ()})  # fmt: skip
    unit = Unit(kind="training", recipe="digits", method=WISE_FT.label, learning_rate=1e-3, epochs=2, seed=0)
    assert run_of(unit, Suite(name="a", recipes=(with_line,))).configuration["method"]["interpolation"] is None


def test_conditions_take_the_rate_that_was_selected():
    recipe = DIGITS["default"]
    suite = Suite(name="embedded", recipes=(recipe,))
    scores = {rate: 1 - abs(rate - 0.1) for rate in (3e-3, 1e-2, 3e-2, 1e-1, 3e-1)}
    units = plan(suite, results(scores)).units
    rates = {unit.condition: unit.learning_rate for unit in units if unit.kind == "training" and unit.condition}
    assert rates["partly probed"] == 1e-1
    assert rates["larger head rate"] == pytest.approx(1e-2)  # whose head keeps the selected rate
    waiting = plan(suite, results({})).undecided
    assert any("partly probed" in one for one in waiting)


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        # A row is printed beside what its data set is.
        (("LP",), {"probe", "description"}),
        (("FT (train)",), {"training", "probe", "description"}),
        (("LP-FT", "cifar10"), {"probe", "training", "description"}),
        (("description",), {"probe", "description"}),
    ],
)
def test_parts_of_a_suite(words, kinds):
    suite = named_suite("paper")
    assert {unit.kind for unit in selected(words, suite) if unit.recipe == "cifar10"} == kinds


def test_words_that_no_run_has_together_are_said_to_select_nothing():
    with pytest.raises(UserError, match="none has those of --only 'probe' --only 'FT' together"):
        selected(("probe", "FT"), named_suite("miniature"))


def test_an_unknown_part_is_refused():
    suite = named_suite("paper")
    with pytest.raises(UserError, match="--only must name a part of the suite"):
        selected(("livin17",), suite)


def test_no_published_recipe_is_left_out():
    assert set(PAPER_RECIPES) == {recipe.name for recipe in named_suite("paper").recipes}


LONGER = Condition(
    name="features of length 3", kind="feature_norm", label="3", value=3, like=(LP_FT.label,), feature_norm=3.0,
    learning_rates=(1e-2, 3e-2), seeds=(1,),
)  # fmt: skip


def test_a_condition_with_rates_of_its_own_waits_for_nobody_and_some_seeds_are_enough():
    suite = Suite(name="embedded", recipes=(RECIPE.model_copy(update={"conditions": (LONGER,)}),))
    planned = plan(suite, results({}))
    own = [unit for unit in planned.units if unit.condition]
    trained = [(unit.learning_rate, unit.seed) for unit in own if unit.kind == "training"]
    assert trained == [(1e-2, 1), (3e-2, 1)]
    # Features of another length have a probe and a description of their own, and so has training that starts from it.
    assert [unit.kind for unit in own if unit.kind != "training"] == ["probe", "description"]
    assert needed_by(own[-1], suite) == (Unit(kind="probe", recipe="digits", condition=LONGER.name, seed=1),)
    assert not any(LONGER.name in one for one in planned.undecided)
    main, longer = (run_of(Unit(kind="probe", recipe="digits", condition=name, seed=1), suite) for name in
                    ("", LONGER.name))  # fmt: skip
    assert (main.backbone.feature_norm, longer.backbone.feature_norm) == (None, 3.0)
    assert main.id != longer.id


def test_each_seed_may_have_a_network_of_its_own_that_its_conditions_share():
    pretraining = PretrainedFor(steps=5, seed=100, each_seed=True)
    changes = {"pretraining": pretraining, "conditions": (LONGER,)}
    suite = Suite(name="embedded", recipes=(RECIPE.model_copy(update=changes),))
    networks = [unit for unit in plan(suite, results({})).units if unit.kind == "pretraining"]
    assert [unit.seed for unit in networks] == [0, 1]
    assert [run_of(unit, suite).pretrained_for.seed for unit in networks] == [100, 101]
    for condition in ("", LONGER.name):
        probe = Unit(kind="probe", recipe="digits", condition=condition, seed=1)
        assert needed_by(probe, suite) == (networks[1],)
    assert len({run_of(unit, suite).id for unit in networks}) == 2
    shipped = run_of(networks[0], Suite(name="embedded", recipes=(RECIPE.model_copy(update={
        "pretraining": pretraining.model_copy(update={"shipped": True})}),)))  # fmt: skip
    assert shipped.id != run_of(networks[0], suite).id


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conditions": (LONGER.model_copy(update={"seeds": (7,)}),)}, "must be among"),
        ({"watched": (7,), "evaluate": "selected"}, "`watched` must be among the seeds"),
        ({"watched": (0,), "evaluate": "every_epoch"}, "`watched` seeds must be left out"),
        (
            {"pretraining": PretrainedFor(steps=5), "backbone": BackboneChoice(name="clip_vit_b16")},
            "makes small_resnet",
        ),
    ],
)
def test_contradictions_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        type(RECIPE).model_validate({**dict(RECIPE), **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feature_norm": None}, "`feature_norm`, as its kind says"),
        ({"rate_factor": 0.1}, "`rate_factor` scales rates that are taken over"),
        ({"learning_rates": (1e-2, 1e-3)}, "must be positive and ascend"),
    ],
)
def test_contradictory_conditions_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        Condition.model_validate({**dict(LONGER), **changes})
