"""What decides a run's numbers: every module whose code runs counts, or stands among those that cannot matter."""

from pathlib import Path

import pytest

from artifacts.imports import reached
from artifacts.versions import DECISIVE, IRRELEVANT
from bridge.catalogue import EXPERIMENTS
from empirical import Assignment, Suite, open_suite, run_unit
from empirical.benchmark.plan import plan
from empirical.counted_code import DRAWN, ENTRIES, NEVER, READERS, entries, run_code, run_versions, without
from empirical.datasets.families import digits
from empirical.executors.identity import disagreement, identity
from empirical.methods import FT_EVAL
from empirical.recipes import Sweep
from empirical.runs import publishers  # noqa: F401 (imported beforehand: bodies of classes run as functions do)
from figures.catalogue import FIGURES
from figures.publishing import WITHOUT as WITHOUT_FIGURES
from figures.publishing import code_modules as figure_modules
from simulations.records import WITHOUT as WITHOUT_SIMULATIONS
from simulations.records import code_modules as experiment_modules
from simulations.verification.records import WITHOUT as WITHOUT_VERIFICATION
from simulations.verification.records import code_modules as verification_modules
from tests.artifacts.test_imports import forget
from tests.support.executed import Executed
from tests.support.small_suite import RECIPE, workspace

#: Once each kind of run but pretraining, which takes minutes: its code is held to the list by its imports alone.
ONE_OF_EACH = RECIPE.model_copy(
    update={
        "sweeps": (Sweep(method=FT_EVAL, learning_rates=(1e-3,)),),
        "seeds": (0,),
        "epochs": 1,
        "evaluate": "selected",
        "watched": (0,),
        "interpolate": (FT_EVAL.label,),
        "refit": (FT_EVAL.label,),
        "conditions": (),
    }
)


def left_out(module: str, kind: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in without(kind))


def counted(kind: str) -> tuple[str, ...]:
    return reached(*entries(kind, RECIPE), without=tuple(sorted(without(kind)))).names


def test_every_module_whose_code_runs_counts_or_is_named_as_one_that_cannot_matter(tmp_path):
    suite = Suite(name="embedded", recipes=(ONE_OF_EACH,))
    open_suite(workspace(tmp_path).folder, suite)
    digits._drawn.cache_clear()  # what another test has drawn would not be drawn here
    seen = set()
    planned = plan(suite, lambda unit: None).units
    # Planned once the training run is finished, which is the last of the others.
    afterwards = (planned[-1].model_copy(update={"kind": kind}) for kind in ("curve", "interpolation", "refitting"))
    for unit in (*planned, *afterwards):
        with Executed() as executed:
            assert run_unit(Assignment(unit, workspace(tmp_path))).built
        missed = {name for name in executed.modules - {*counted(unit.kind)} if not left_out(name, unit.kind)}
        assert not missed, f"{unit.kind} runs code of {sorted(missed)}, whose changes would go unnoticed"
        assert ENTRIES[unit.kind] in executed.modules
        seen.add(unit.kind)
    assert seen == set(ENTRIES) - {"pretraining"}


ALL_ENTRIES = [
    *((entries(kind, RECIPE), without(kind)) for kind in ENTRIES),
    (verification_modules(), WITHOUT_VERIFICATION),
    *((experiment_modules(experiment), WITHOUT_SIMULATIONS) for experiment in EXPERIMENTS),
    *((figure_modules(figure), WITHOUT_FIGURES) for figure in FIGURES),
]


def test_nothing_is_left_out_that_is_not_reached():
    everything = {name for modules, _ in ALL_ENTRIES for name in reached(*modules).names}
    named = {*NEVER, *READERS, *DRAWN}.union(*(left for _, left in ALL_ENTRIES))
    assert named - everything == set()


def test_how_jax_computes_counts_for_simulations():
    for modules, left in ALL_ENTRIES:
        names = reached(*modules, without=tuple(sorted(left))).names
        assert ("artifacts.runtime" in names) == ("artifacts.runtime" in reached(*modules).names), modules


def test_every_library_is_known_to_decide_numbers_or_not_to():
    for modules, left in ALL_ENTRIES:
        libraries = reached(*modules, without=tuple(sorted(left))).libraries
        assert libraries <= DECISIVE.keys() | IRRELEVANT, modules


@pytest.mark.parametrize(
    ("kind", "module"),
    [
        ("description", "theory.bounds.fine_tuning"),
        ("description", "empirical.benchmark.columns"),
        ("description", "empirical.datasets.families.digits"),
        ("pretraining", "empirical.datasets.styles"),
        ("training", "empirical.datasets.image_sets"),
        ("training", "empirical.store.reading"),
        ("training", "empirical.store.mirror"),
        ("probe", "empirical.store.mirror"),
        ("training", "artifacts.runtime"),
        ("probe", "empirical.linear_probe.newton"),
        ("pretraining", "empirical.datasets.characters"),
    ],
)
def test_code_that_decides_numbers_counts(kind, module):
    assert module in counted(kind)


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    """A network of the user's own that imports what lies beside it."""
    (tmp_path / "own_net_here.py").write_text("from own_layers_here import WIDTH\n")
    (tmp_path / "own_layers_here.py").write_text("import no_such_library\nWIDTH = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()
    yield tmp_path
    forget()


def test_an_own_backbone_counts_with_what_it_imports_beside_it(own):
    backbone = RECIPE.backbone.model_copy(update={"name": "own_net_here:build"})
    recipe = RECIPE.model_copy(update={"backbone": backbone})
    open_suite(own / "suite", Suite(name="mine", recipes=(recipe,)))
    before, client = run_code("training", recipe), identity(own / "suite")
    assert before != run_code("training", RECIPE)
    assert run_versions("training", recipe)["no_such_library"] == "not installed"
    (own / "own_layers_here.py").write_text("WIDTH = 4\n")
    forget()
    assert run_code("training", recipe) != before
    refusal = disagreement(client, identity(own / "suite"))
    assert "own backbone own_net_here differs" in refusal
    assert "versions of no_such_library" in refusal
