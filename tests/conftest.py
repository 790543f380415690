"""How the suite runs: double precision, Hypothesis profiles for two cores, what each process does, in which order."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from artifacts.runtime import keep_compiled, prepare_jax

prepare_jax()
keep_compiled()  # both processes, and the commands that tests start, compile the same programs

import jax  # noqa: E402  (after it is prepared)

# A first example compiles; later ones take milliseconds. Deadlines would measure the compiler.
settings.register_profile("default", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")

HERE = Path(__file__).parent
#: Folders whose files take longest go first, so that neither process is left alone with one of them at the end.
FIRST = ("distort", "empirical/benchmark", "benchmarks", "empirical/training", "empirical/datasets", "simulations")
#: Session fixtures that take half a minute: tests of a folder that share one run in one process, which makes it once.
DEAR = ("finished",)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folder after folder, the long ones first; what belongs together in one process, else file by file."""
    places = {folder: place for place, folder in enumerate(FIRST)}

    def rank(item: pytest.Item) -> tuple[int, str]:
        folder = _inside(item.path.parent)
        return places.get(folder, len(places)), folder

    items.sort(key=rank)  # stable: files and tests stay in their order
    for item in items:
        dear = [name for name in DEAR if name in getattr(item, "fixturenames", ())]
        group = f"{_inside(item.path.parent)}/{dear[0]}" if dear else _inside(item.path)
        item.add_marker(pytest.mark.xdist_group(group.replace("/", ".")))


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Forget what was compiled for a folder when it is done: folders share little, and it takes gigabytes."""
    if nextitem is not None and nextitem.path.parent != item.path.parent:
        jax.clear_caches()


def _inside(path: Path) -> str:
    return path.relative_to(HERE).with_suffix("").as_posix() if path.is_relative_to(HERE) else path.as_posix()
