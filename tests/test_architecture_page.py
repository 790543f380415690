"""The page that describes the house names rooms that exist, and every room of `empirical` is on it."""

import re

from tests.support import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_path_on_the_page_exists():
    paths = re.findall(
        r"`((?:theory|simulations|empirical|bridge|figures|artifacts|distort|pages|benchmarks|examples|tests)/[a-z_/]+(?:\.pyi?)?)`",
        PAGE,
    )
    assert len(paths) > 30
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_folder_of_the_benchmark_is_described():
    folders = {path.parent.name for path in (ROOT / "empirical").glob("*/__init__.py")}
    assert {name for name in folders if f"`empirical/{name}`" not in PAGE} <= {"tables"}
