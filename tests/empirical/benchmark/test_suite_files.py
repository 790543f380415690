"""A suite of the user's own: what a TOML file may say, and how every mistake is answered."""

import numpy as np
import pytest

from artifacts import UserError
from empirical import Workspace, read_suite_file, run_suite
from empirical.benchmark.suite import Suite
from empirical.datasets.folders import write_class_folders
from empirical.methods import FT, LP_FT
from empirical.recipes import PAPER_RECIPES, SolvedProbe

DATA = """
[datasets.shapes]
training = { folder = "id" }
[datasets.shapes.ood]
dark = { folder = "dark" }
"""
RECIPE = """
[recipes.shapes]
classes = 2
backbone = "small_resnet"
transforms.training = { crop = "resize", side = 32 }
transforms.evaluation = { crop = "resize", side = 32 }
epochs = 1
batch_size = 8
seeds = [0]
probe = { penalties = [0.01, 1.0] }
[[recipes.shapes.methods]]
method = "LP"
[[recipes.shapes.methods]]
method = "FT"
learning_rates = [1e-3]
[[recipes.shapes.methods]]
method = { like = "LP-FT", name = "LP-FT, head alone", trains = ["head"] }
learning_rates = [1e-2]
"""


def written(folder, text):
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Bars, upright or lying, bright in distribution and dark out of it."""
    folder = tmp_path_factory.mktemp("shapes")
    generator, labels = np.random.default_rng(0), np.arange(40) % 2
    upright = np.zeros((32, 32), bool)
    upright[4:28, 13:19] = True
    bars = np.where(labels[:, None, None] == 0, upright, upright.T)
    for name, level in (("id", 200), ("dark", 60)):
        noise = generator.integers(0, 40, (40, 32, 32))
        write_class_folders((level * bars + noise).clip(0, 255).astype(np.uint8), labels, folder / name)
    return folder


def test_a_users_own_data_backbone_and_methods_run(pictures, tmp_path):
    path = written(pictures, DATA + RECIPE)
    suite = read_suite_file(path)
    assert suite.name == "mine"
    outcome = run_suite(suite, Workspace(folder=tmp_path / "benchmark", configuration=path))
    assert not outcome.set_aside
    rows = {row.method: row for row in outcome.benchmark.rows}
    assert set(rows) == {"LP", "FT", "LP-FT, head alone"}
    assert list(rows["LP"].per_column) == ["shapes"]
    assert rows["LP"].per_ood_set["dark"].premises == "unknown"
    assert rows["LP"].id_ci90 is None  # one seed
    assert rows["LP-FT, head alone"].id_feature_movement == 0
    described = outcome.benchmark.dataset("shapes")
    assert (described.classes, described.sizes["dark"]) == (2, 40)


def test_a_recipe_of_the_paper_with_one_change(tmp_path):
    path = written(tmp_path, '[recipes.again]\nlike = "living17"\nbatch_size = 32\nprotocol = "clean"\n')
    recipe = read_suite_file(path).recipes[0]
    paper = PAPER_RECIPES["living17"]
    assert (recipe.family, recipe.batch_size, recipe.epochs) == ("living17", 32, paper.epochs)
    assert recipe.protocol.name == "clean"
    assert recipe.probe == SolvedProbe(solver="exact")
    assert [sweep.label for sweep in recipe.sweeps] == [sweep.label for sweep in paper.sweeps]


def test_sides_and_grids_are_taken_over(tmp_path):
    text = """
    name = "small"
    [recipes.cifar10]
    like = "cifar10"
    side = 96
    held_out = 0.2
    metric = "nll"
    probe = { solver = "exact" }
    [[recipes.cifar10.methods]]
    method = "FT"
    learning_rates = [1e-3, 1e-2]
    extensions = 2
    """
    recipe = read_suite_file(written(tmp_path, text)).recipes[0]
    assert recipe.pipelines.training.side == 96
    assert recipe.protocol.held_out == 0.2
    assert recipe.criterion.metric == "nll"
    assert [(sweep.method, sweep.extensions) for sweep in recipe.sweeps] == [(FT, 2)]


FOUR_LINES = """
name = "mine"
datasets.mine.training = "id"
datasets.mine.ood.dark = "dark"
recipes.mine.backbone = "small_resnet"
"""


def test_four_lines_are_a_suite_and_its_defaults_are_those_of_the_documentation(pictures):
    recipe = read_suite_file(written(pictures, FOUR_LINES)).recipes[0]
    assert (recipe.epochs, recipe.batch_size, recipe.seeds) == (20, 64, (0, 1, 2))
    assert recipe.protocol.name == "clean"
    assert recipe.probe == SolvedProbe()
    assert [(sweep.method, sweep.learning_rates, sweep.extensions) for sweep in recipe.sweeps] == [
        (FT, (1e-4, 1e-3, 1e-2), 2),
        (LP_FT, (1e-5, 1e-4, 1e-3), 2),
    ]
    assert recipe.pipelines.evaluation.side == 32


@pytest.mark.parametrize(("backbone", "deviates"), [("supervised_resnet50", True), ("clip_vit_b16", False)])
def test_default_transforms_are_as_the_backbone_takes_images(pictures, backbone, deviates):
    text = FOUR_LINES.replace("small_resnet", backbone)
    pipelines = read_suite_file(written(pictures, text)).recipes[0].pipelines
    assert (pipelines.training.deviation is not None) == (pipelines.evaluation.deviation is not None) == deviates


def test_probing_alone_takes_one_line_more(pictures, tmp_path):
    path = written(pictures, FOUR_LINES + 'recipes.mine.methods = ["LP"]')
    outcome = run_suite(read_suite_file(path), Workspace(folder=tmp_path / "benchmark", configuration=path))
    assert not outcome.set_aside
    assert [row.method for row in outcome.benchmark.rows] == ["LP"]


def test_methods_are_named_alone_or_with_a_grid(pictures):
    text = FOUR_LINES + 'recipes.mine.methods = ["LP-FT", { method = "FT", learning_rates = [1e-2, 1e-1] }]'
    sweeps = read_suite_file(written(pictures, text)).recipes[0].sweeps
    assert [(sweep.learning_rates, sweep.extensions) for sweep in sweeps] == [
        ((1e-5, 1e-4, 1e-3), 2),
        ((1e-2, 1e-1), 0),
    ]


MINIMAL = '[recipes.cifar10]\nlike = "cifar10"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one recipe"),
        ("recipes = 3", "recipes"),
        ("[recipes.cifar10", "TOML"),
        ('[recipes.cifar10]\nlike = "cifar11"', "`like` must be one of"),
        ('[recipes.elsewhere]\nlike = "cifar10"\ndataset = "nowhere"', "data set must be one of"),
        ("[recipes.cifar10]\nepochs = 3", "`backbone` must be given"),
        (MINIMAL + "learning_rate = 0.1", "learning_rate: there is no such key"),
        (MINIMAL + "epoch = 3", "the nearest is epochs"),
        ('nam = "mine"\n' + MINIMAL, "the nearest is name"),
        (MINIMAL + '[datasets.mine]\ntrainin = "photos"\nood.drawn = "drawn"', "the nearest is training"),
        (MINIMAL + "probe = { penalty = [1.0] }", "the nearest is penalties"),
        (MINIMAL + '[[recipes.cifar10.methods]]\nmethod = "FT"\nlearning_rate = 0.1', "the nearest is learning_rates"),
        (MINIMAL + 'transforms.training = { crop = "resize", flips = true }', "the nearest is flip"),
        (MINIMAL + 'protocol = "honest"', "protocol"),
        (MINIMAL + 'protocol = "paper"\nheld_out = 0.1', "`held_out` contradicts"),
        (MINIMAL + "seeds = [0, 0]", "must differ"),
        (MINIMAL + "epochs = 0", "epochs"),
        (MINIMAL + "probe = false", "must have a `probe`"),
        (MINIMAL + "split = { training = 10 }", "has its own"),
        (MINIMAL + 'evaluate = "never"', "evaluate"),
        (MINIMAL + "probe = { penalties = [1.0, 0.1] }", "ascend"),
        (MINIMAL + 'metric = "real"', "metric"),
        (MINIMAL + '[[recipes.cifar10.methods]]\nmethod = "FTT"\nlearning_rates = [1e-3]', "did you mean"),
        (MINIMAL + '[[recipes.cifar10.methods]]\nmethod = "FT"\nlearning_rates = [-1.0]', "positive"),
        (MINIMAL + '[[recipes.cifar10.methods]]\nmethod = "LP"\nlearning_rates = [1.0]', "LP is solved"),
        (MINIMAL + 2 * '[[recipes.cifar10.methods]]\nmethod = "FT"\nlearning_rates = [1e-3]\n', "swept once"),
        (MINIMAL + '[[recipes.cifar10.methods]]\nmethod = { name = "mine" }', "head_start"),
        (MINIMAL + '[recipes.cifar10.backbone]\nname = "r"\nlayers = 3', "layers"),
    ],
)
def test_contradictions_are_named_in_one_line(tmp_path, text, message):
    with pytest.raises(UserError, match=message) as caught:
        read_suite_file(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(UserError, match=r"none\.toml"):
        read_suite_file(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": 3}, "is for 3 classes, but its data have 2"),
        ({"ood": ("bright",)}, "must name sets of shapes"),
        ({"ood": ()}, "must have an OOD set"),
    ],
)
def test_data_that_contradict_the_recipe_set_its_units_aside(pictures, tmp_path, change, message):
    path = written(pictures, DATA + RECIPE)
    found = read_suite_file(path)
    recipe = found.recipes[0].model_copy(update=change)
    workspace = Workspace(folder=tmp_path / "benchmark", configuration=path)
    outcome = run_suite(Suite(name="mine", recipes=(recipe,)), workspace)
    assert outcome.benchmark.rows == []
    assert any(message in one.error for one in outcome.set_aside)
    assert not list(workspace.folder.glob("runs/*/result.json"))


def test_the_committed_suites_are_read():
    from pathlib import Path

    folder = Path(__file__).parents[3] / "benchmarks"
    office, digits = (read_suite_file(folder / name) for name in ("office.toml", "mnist_to_usps.toml"))
    assert office.recipes[0].seeds == (0, 1, 2)
    assert {sweep.method for sweep in digits.recipes[0].sweeps} >= {FT, LP_FT}
