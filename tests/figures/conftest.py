"""Made-up results to draw, and a browser to look at the report with; no result of ours."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from artifacts.files import write_text
from empirical.records import Benchmark, SetAside, write_record
from figures.catalogue import BENCHMARK
from figures.report.claims import Claim, WitnessSummary
from figures.report.contents import AgreementSummary, DrawnFigure, Simulation, Summary
from figures.report.page import page
from tests.support import made_up_benchmark, made_up_simulations

EVIL = "<script>document.title='stolen'</script>"
SVG = (
    '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt" viewBox="0 0 72 36">'
    '<metadata>made somewhere</metadata><defs><path id="dot" d="M0 0"/></defs><use href="#dot"/>'
    '<image href="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw'
    'AAAABJRU5ErkJggg==" width="9" height="9"/></svg>'
)


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


@pytest.fixture(scope="session")
def summary(made_up: Benchmark) -> Summary:
    """A summary full of what must be escaped."""
    agreement = AgreementSummary(tau=-0.25, conditions=12, pairs=8, told_apart=3, alike=1)
    described = tuple(one.model_copy(update={"reason": EVIL}) for one in made_up.sets)
    return Summary(
        claims=(
            Claim(
                name="made_up",
                source=EVIL,
                status="proved here and verified",
                examples=3,
                violations=0,
                smallest_slack=0.25,
                claim=EVIL,
                latex=r"a \le b",
                premises="a < b & b > 0",
                proof=None,
                published=True,
                witnesses=(WitnessSummary(name="corner", shows=EVIL, slack=-0.5),),
            ),
        ),
        simulations=(Simulation(name="toy", title=EVIL, seconds=1.5, solved_by=("integrated",)),),
        benchmark=tuple(made_up.rows),
        datasets=tuple(one.model_copy(update={"backbone": {"command": EVIL}}) for one in made_up.datasets),
        sets=described,
        published=tuple(made_up.published),
        missing=("a unit",),
        set_aside=(SetAside(unit="another", error=EVIL),),
        backbone={"command": EVIL},
        figures=tuple(
            DrawnFigure(
                name=name,
                title=name,
                section=section,
                caption=f"First.\n\n{EVIL}",
                note="what the data say",
                agreement=agreement if section == "side by side" else None,
                sources=("toy",),
                files=(f"{name}.svg",),
            )
            for name, section in (("one", "side by side"), ("two", "theory"), ("three", "benchmark"))
        ),
        environment={
            "python": "3",
            "platform": "p",
            "devices": ["cpu"],
            "versions": {"jax": None},
            "git_revision": None,
            "git_dirty": None,
        },
        scale="quick",
        seconds=12.5,
    )


@pytest.fixture(scope="session")
def report(summary: Summary, tmp_path_factory) -> str:
    """The page of that summary."""
    folder = tmp_path_factory.mktemp("pictures")
    for figure in summary.figures:
        write_text(folder / f"{figure.name}.svg", SVG)
    return page(summary, folder)
