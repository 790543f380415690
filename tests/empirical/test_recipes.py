"""The paper's settings: complete, as docs/protocol.md has them, and frozen."""

import pytest
from pydantic import ValidationError

from empirical.benchmark.columns import columns
from empirical.datasets.catalogue import COLUMNS, FAMILIES, TRANSFORMS
from empirical.methods import FT, FT_EVAL, LP_FT, LP_FT_TRAIN
from empirical.recipes import (
    DIGITS,
    PAPER_RECIPES,
    Recipe,
    SolvedProbe,
    Sweep,
    TrainedProbe,
    clean,
    miniature,
    published,
)
from empirical.recipes.published import ID, ID_AVERAGE, OOD, OOD_AVERAGE
from empirical.records import OOD_COLUMNS
from empirical.selection import Criterion

#: Backbone, epochs, batch and classes; docs/protocol.md, section 1.
TABLE = {
    "living17": ("moco_v2_resnet50", 20, 64, 17),
    "entity30": ("moco_v2_resnet50", 20, 64, 30),
    "domainnet": ("clip_resnet50", 50, 64, 40),
    "cifar10": ("moco_v2_resnet50", 20, 64, 10),
    "fmow": ("mocotp_resnet50", 50, 64, 62),
    "imagenet": ("clip_vit_b16", 10, 128, 1000),
    "imagenet_augmented": ("clip_vit_b16", 10, 128, 1000),
}
#: Learning rates that the authors went on with; docs/protocol.md, section 4.3.
WINNERS = {
    "living17": (1e-3, 1e-4), "entity30": (1e-3, 3e-5), "cifar10": (1e-3, 1e-4), "domainnet": (1e-3, 3e-7),
    "fmow": (1e-2, 1e-4),
}  # fmt: skip
# The printed averages are rounded to a tenth.
HALF_A_TENTH = 0.0501


def test_every_family_has_a_recipe_and_every_column_is_yielded_once():
    assert {recipe.family for recipe in PAPER_RECIPES.values()} == {family.name for family in FAMILIES}
    families = {family.name: family for family in FAMILIES}
    main = [recipe for recipe in PAPER_RECIPES.values() if recipe.name == recipe.family]
    sources = [families[recipe.family] for recipe in main]
    ood = [[part.name for part in source.ood] for source in sources]
    yielded = [name for given in zip(main, sources, ood, strict=True) for name in columns(*given)]
    assert sorted(yielded) == sorted(column.name for column in COLUMNS)
    assert {*OOD_COLUMNS} <= {*yielded}


@pytest.mark.parametrize("name", TABLE)
def test_settings(name):
    recipe = PAPER_RECIPES[name]
    assert (recipe.backbone.name, recipe.epochs, recipe.batch_size, recipe.classes) == TABLE[name]
    assert recipe.pipelines == TRANSFORMS[name]
    assert recipe.protocol.name == "paper"
    assert recipe.source
    assert all(sweep.extensions == 0 for sweep in recipe.sweeps)


@pytest.mark.parametrize("name", WINNERS)
def test_grids_and_winners(name):
    recipe = PAPER_RECIPES[name]
    grids = {sweep.method: sweep.learning_rates for sweep in recipe.sweeps}
    assert grids == {
        FT: (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
        FT_EVAL: (3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3),
        LP_FT: (3e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4),
        LP_FT_TRAIN: (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
    }
    assert (recipe.sweep(FT.label).published, recipe.sweep(LP_FT.label).published) == WINNERS[name]
    assert all(sweep.published in (None, *sweep.learning_rates) for sweep in recipe.sweeps)
    assert recipe.seeds == (0, 1, 2)


def test_the_probes_path_is_the_papers():
    probe = PAPER_RECIPES["living17"].probe
    assert isinstance(probe, SolvedProbe)
    assert (len(probe.penalties), probe.penalties[0], probe.penalties[-1]) == (50, 1e-7, 1e2)
    assert (probe.solver, probe.view, probe.standardisation) == ("faithful", "training", "scalar")


def test_imagenet_probes_by_sgd_and_shares_one_checkpoint():
    recipe = PAPER_RECIPES["imagenet"]
    assert isinstance(recipe.probe, TrainedProbe)
    assert (recipe.probe.learning_rate, recipe.probe.epochs, recipe.probe.seed) == (0.1, 5, 0)
    assert {sweep.label: sweep.learning_rates for sweep in recipe.sweeps} == {
        "LP (eval)": (1e-2, 3e-2, 1e-1),
        "FT (train)": (1e-4, 3e-4, 1e-3),
        "LP-FT (eval)": (1e-5, 3e-5, 1e-4),
    }


def test_published_averages_recompute_from_their_cells():
    for cells, averages in ((ID, ID_AVERAGE), (OOD, OOD_AVERAGE)):
        for method, row in cells.items():
            assert sum(accuracy for accuracy, _ in row) / len(row) == pytest.approx(averages[method], abs=HALF_A_TENTH)


def test_published_numbers_say_how_far_they_are_to_be_trusted():
    numbers = published()
    assert len(numbers) == 3 * (6 + 1) + 3 * (10 + 1)
    assert {one.status for one in numbers if one.column.startswith("imagenet")} == {"recollected"}
    cell = next(one for one in numbers if (one.table, one.column, one.method) == ("ood", "domainnet", "FT"))
    assert (cell.accuracy, cell.ci90, cell.status, cell.norm_mode) == (0.555, 0.022, "confirmed", "train")


def test_clean_has_no_leak():
    for recipe in PAPER_RECIPES.values():
        found = clean(recipe)
        assert found.protocol.held_out == 0.1
        assert found.pipelines.training.deviation in (None, (0.229, 0.224, 0.225))
        assert all(sweep.extensions > 0 for sweep in found.sweeps)
        assert (found.epochs, found.batch_size, found.seeds) == (recipe.epochs, recipe.batch_size, recipe.seeds)


def test_the_embedded_scales_keep_what_they_promise():
    for scale, recipe in DIGITS.items():
        assert len(recipe.seeds) >= 3
        labels = {sweep.label for sweep in recipe.sweeps}
        assert {FT.label, LP_FT.label} <= labels
        if scale != "quick":
            assert len(labels) == 4
            assert {condition.kind for condition in recipe.conditions} >= {"pretraining", "head_start"}
            assert len(recipe.seeds) == 5
            assert recipe.interpolate
    full = DIGITS["full"]
    assert {condition.kind for condition in full.conditions} >= {"feature_norm", "head_scale"}
    matched = set.intersection(*(set(sweep.learning_rates) for sweep in full.sweeps))
    assert {3e-2, 1e-1} <= matched, "norm modes and head starts are told apart at equal rates"


def test_miniatures_keep_everything_but_size():
    for recipe in PAPER_RECIPES.values():
        small = miniature(recipe)
        assert (small.family, small.protocol, small.classes) == (recipe.family, recipe.protocol, recipe.classes)
        assert small.pipelines.training.crop == recipe.pipelines.training.crop
        assert isinstance(small.probe, type(recipe.probe))
        assert {(sweep.method.name, sweep.method.norm_mode) for sweep in small.sweeps} >= {
            ("FT", "train"), ("FT", "eval"), ("LP-FT", "eval"), ("LP-FT", "train"),
        }  # fmt: skip
        assert all(len(sweep.learning_rates) == 3 for sweep in small.sweeps)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sweeps": (Sweep(method=FT, learning_rates=(1e-3,)),) * 2}, "swept once"),
        ({"seeds": (0, 0)}, "must differ"),
        ({"probe": None}, "must have a `probe`"),
        ({"probe": None, "sweeps": ()}, "got neither"),
        ({"interpolate": ("FT (sideways)",)}, "must name sweeps"),
        ({"criterion": Criterion(name="real", sets=("real",))}, "selection must be on id_validation"),
        ({"name": "../up"}, "name"),
        ({"epochs": 0}, "epochs"),
    ],
)
def test_contradictions_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate({**dict(PAPER_RECIPES["cifar10"]), **changes})


@pytest.mark.parametrize("grid", [(), (1e-3, 1e-4), (1e-3, 1e-3), (0.0, 1e-3), (float("nan"),)])
def test_grids_that_are_none_are_refused(grid):
    with pytest.raises(ValidationError):
        Sweep(method=FT, learning_rates=grid)
