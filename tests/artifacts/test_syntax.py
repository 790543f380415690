"""Source is read by several threads at once: two questions may reach a Dask worker in the same moment."""

import ast
import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from artifacts.syntax import syntax_tree
from tests.support import ROOT

FILES = [ROOT / "artifacts" / "imports.py", ROOT / "figures" / "catalogue.py"] * 30


@pytest.fixture
def threads_change_places_in_the_collector():
    """As where JAX is imported, only more often."""

    def change_places(phase: str, info: dict[str, int]) -> None:
        time.sleep(0)

    thresholds = gc.get_threshold()
    gc.set_threshold(200)
    gc.callbacks.append(change_places)
    yield
    gc.callbacks.remove(change_places)
    gc.set_threshold(*thresholds)


def test_threads_do_not_disturb_each_other(threads_change_places_in_the_collector):
    with ThreadPoolExecutor(4) as threads:
        trees = list(threads.map(syntax_tree, FILES))
    assert {ast.dump(tree) for tree in trees} == {ast.dump(syntax_tree(file)) for file in FILES[:2]}
