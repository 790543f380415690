"""How the suite runs: double precision, Hypothesis profiles for two cores, what each process does, in which order."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from artifacts.runtime import (
    collect_garbage_rarely,
    compile_fully,
    compile_quickly,
    compute_in_one_thread,
    decompose_in_threads,
    keep_compiled,
    prepare_jax,
)

prepare_jax()
compile_quickly()  # what modules make when they are imported: everywhere in the same way
os.environ["COLUMNS"] = "120"  # answers are laid out as they are without a terminal, whatever terminal this is
# Both processes, the commands that tests start, and the next run compile the same programs, most of them small.
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
keep_compiled()
# Two processes share two cores, and tests solve many problems at once, which hangs in several threads.
compute_in_one_thread()
decompose_in_threads(1)

collect_garbage_rarely()

import jax  # noqa: E402  (after it is prepared)

# A first example compiles; later ones take milliseconds. Deadlines would measure the compiler.
settings.register_profile("default", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")

HERE = Path(__file__).parent
#: Folders whose files take longest go first, so that neither process is left alone with one of them at the end.
FIRST = ("distort", "empirical/benchmark", "benchmarks", "empirical/training", "empirical/datasets", "simulations")
#: Where programs are optimised: where networks are trained for long, which takes six times as long otherwise, or are
#: compared with other libraries to float32's last digits. Elsewhere compiling was four fifths of the time, each program
#: for a few small problems. The main job is compiled in the same two ways at its quick scale.
OPTIMISED = (
    "empirical/benchmark",
    "empirical/backbones/test_parity.py",
    "empirical/backbones/test_preprocessing.py",
    "empirical/datasets/test_augmentation.py",
)
#: Fixtures that need an extra. Their tests, and those marked so themselves, are what a bare installation skips.
EXTRAS = {"torch", "transformers", "openai"}
#: Files that share a session fixture of half a minute: one process runs them, and makes it once.
TOGETHER = {
    "tests/distort/test_reproduce.py": "the main job",
    "tests/distort/test_command_line.py": "the main job",
    "tests/distort/test_light_imports.py": "the main job",
    "tests/empirical/benchmark/test_engine.py": "the small suite",
    "tests/empirical/benchmark/test_bench_commands.py": "the small suite",
}


class Together(LoadFileScheduling):
    """Files are given to processes whole, in the order of the collection; some of them together."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return TOGETHER.get(file, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Groups by marker (`--dist=loadgroup`) have no effect in xdist 3.8 under pytest 9.2, which ignores new names."""
    return Together(config, log)


@pytest.hookimpl(tryfirst=True)  # before tests are selected by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folder after folder, the long ones first: each folder's programs are compiled once in each process."""
    places = {folder: place for place, folder in enumerate(FIRST)}

    def rank(item: pytest.Item) -> tuple[int, str]:
        inside = item.path.is_relative_to(HERE)
        folder = item.path.parent.relative_to(HERE).as_posix() if inside else item.path.parent.as_posix()
        return places.get(folder, len(places)), folder

    items.sort(key=rank)  # stable: files and tests stay in their order
    for item in items:
        if EXTRAS & set(getattr(item, "fixturenames", ())):
            item.add_marker("extra")


@pytest.hookimpl(tryfirst=True)  # before fixtures compile
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Compile as is right for the file."""
    inside = item.path.relative_to(HERE).as_posix() if item.path.is_relative_to(HERE) else ""
    quickly = not inside.startswith(OPTIMISED)
    (compile_quickly if quickly else compile_fully)()


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Forget what was compiled for a folder when it is done: folders share little, and it takes gigabytes."""
    if nextitem is not None and nextitem.path.parent != item.path.parent:
        jax.clear_caches()
