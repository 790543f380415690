"""Commands that compute nothing come in under half a second: they import no library that computes."""

import json
import subprocess
import sys

import numpy as np
import pytest

from empirical.datasets.folders import write_class_folders
from tests.support import ROOT

#: Importing any of these costs a tenth of a second to several.
LIBRARIES = ("jax", "scipy", "matplotlib", "equinox", "sklearn", "diffrax", "optax")
#: What is read from files may be arrays; names, sizes and settings are none.
ARRAYS = ("numpy", "jaxtyping", "PIL")
#: The project's own, which no command needs to say what it takes.
PACKAGES = ("empirical", "simulations", "theory")
OFFICE = ROOT / "benchmarks" / "office.toml"
HELP = [
    [*command, "--help"]
    for command in (
        [], ["reproduce"], ["simulate"], ["advise"], ["figures"], ["report"], ["doctor"], ["bench"], ["theory"],
        *(["theory", name] for name in ("list", "show", "verify", "attack", "replay")),
        *(["bench", name] for name in ("init", "plan", "run", "worker", "status", "collect", "datasets", "verify",
                                       "download", "pack", "miniature", "checkpoints")),
    )
]  # fmt: skip
LISTS = [
    ["theory", "list"],
    ["theory", "show", "ft_ood_lower_bound_as_printed"],
    ["simulate", "list"],
    ["simulate", "no_such_experiment"],
    ["figures", "no_such_figure"],
    ["bench", "datasets"],
    ["bench", "datasets", "--root", "."],
    ["bench", "checkpoints"],
    ["bench", "checkpoints", "moco_v2_resnet50", "--root", "."],
    *(["bench", "plan", "--suite", suite] for suite in ("embedded", "miniature", "paper", OFFICE)),
    *(["bench", "plan", "--scale", scale] for scale in ("quick", "full")),
    ["bench", "plan", "--suite", "paper", "--protocol", "clean", "--only", "living17"],
    ["bench", "plan", "--suite", "no_such_suite"],
    ["bench", "status", "--from", "no_such_results"],
]  # fmt: skip
RUN_ALL = """
import json, sys
from distort.__main__ import main
commands, libraries = json.loads(sys.argv[1])
for arguments in commands:
    try:
        main(arguments)
    except SystemExit:
        pass
    heavy = [name for name in libraries if name in sys.modules]
    if heavy:
        sys.exit(f"distort {' '.join(arguments)} imports {heavy}")
"""


def imports_none_of(libraries, commands, folder) -> None:
    """One command after another in one fresh process, which ends with the first that imports a library."""
    given = json.dumps([[[str(word) for word in command] for command in commands], libraries])
    finished = subprocess.run(
        [sys.executable, "-c", RUN_ALL, given], capture_output=True, text=True, cwd=folder, timeout=120
    )
    assert finished.returncode == 0, finished.stderr[-1000:]


def test_help_and_doctor_import_nothing_of_the_project(tmp_path):
    imports_none_of((*LIBRARIES, *ARRAYS, *PACKAGES), [*HELP, ["doctor"]], tmp_path)


def test_lists_and_plans_import_nothing_that_computes(tmp_path):
    imports_none_of((*LIBRARIES, *ARRAYS), LISTS, tmp_path)


def test_results_are_counted_without_arrays(finished, tmp_path):
    asked = [["bench", "status", "--from", finished], ["theory", "list", "--from", finished]]
    imports_none_of((*LIBRARIES, *ARRAYS), asked, tmp_path)


def test_a_suite_is_written_without_what_trains_on_it(tmp_path):
    for name in ("photographs", "sketches"):
        write_class_folders(np.zeros((20, 8, 8, 3), np.uint8), np.arange(20) % 2, tmp_path / name)
    init = ["bench", "init", "--images", "photographs", "--ood", "sketches"]
    plan = ["bench", "plan", "--suite", "photographs.toml"]
    imports_none_of(LIBRARIES, [init, plan], tmp_path)
    assert (tmp_path / "photographs.toml").is_file()


def test_a_job_is_written_without_what_it_will_compute_with(tmp_path):
    imports_none_of(
        LIBRARIES, [["bench", "run", "--executor", "slurm", "--walltime", "1:00:00", "--dry-run"]], tmp_path
    )


def test_what_computes_is_seen(tmp_path):
    with pytest.raises(AssertionError, match="theory verify balancedness --examples 1 imports"):
        imports_none_of(LIBRARIES, [["theory", "verify", "balancedness", "--examples", "1"]], tmp_path)
