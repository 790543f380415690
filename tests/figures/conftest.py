"""Made-up results to draw, and a browser to look at the report with; no result of ours."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import made_up_benchmark
import made_up_simulations
import pytest

from empirical.records import Benchmark, write_record
from figures.catalogue import BENCHMARK


@pytest.fixture(scope="session")
def made_up() -> Benchmark:
    """One data set, with everything that a suite can collect."""
    return made_up_benchmark.benchmark()


@pytest.fixture(scope="session")
def results(tmp_path_factory, made_up: Benchmark) -> Path:
    """A results folder with that benchmark, and made-up simulations beside it."""
    return written(tmp_path_factory.mktemp("one"), made_up)


@pytest.fixture(scope="session")
def many(tmp_path_factory) -> Path:
    """The same with five data sets."""
    return written(tmp_path_factory.mktemp("many"), made_up_benchmark.benchmark("abcde"))


@pytest.fixture
def bare(tmp_path, made_up: Benchmark) -> Path:
    """A benchmark of LP alone: nothing was trained, varied, interpolated or described."""
    probed = [row for row in made_up.rows if row.method == "LP"]
    lean = made_up.model_copy(
        update={"rows": probed, "oracle_rows": [], "curves": [], "interpolations": [], "conditions": [], "sets": []}
    )
    return written(tmp_path, lean)


def written(folder: Path, benchmark: Benchmark) -> Path:
    (folder / BENCHMARK).mkdir()
    write_record(folder / BENCHMARK / "benchmark.json", benchmark)
    made_up_simulations.write(folder)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """A real Chromium; tests that need it are skipped where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra [test]")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()
