"""Where the tests' time goes: a pytest plugin.

`python -m pytest -n 0 -p benchmarks.suite_times --times FILE [TESTS]` writes for every test, its fixtures included, the
seconds of the clock and of the processor, what JAX did in them (`benchmarks.stage_times`), and the processes that it
started; sums by file; and the ten longest. In one process, so that every second belongs to a test.
"""

import os
import subprocess
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from artifacts.files import write_json
from benchmarks.stage_times import listen, measured

LONGEST = 10
_tests: list[dict[str, Any]] = []
_started: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", type=Path, help="write where the tests' time goes to this JSON file")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--times") is None:
        return
    listen()
    begin = subprocess.Popen.__init__

    def counting(self: Any, *arguments: Any, **settings: Any) -> None:
        _started["processes"] += 1
        begin(self, *arguments, **settings)

    subprocess.Popen.__init__ = counting  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    before = _started["processes"]
    with measured(item.nodeid.partition("@")[0]) as stage:
        result = yield
    _tests.append({**stage.document(), "processes": _started["processes"] - before})
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = session.config.getoption("--times")
    if path is None:
        return
    files: dict[str, Counter[str]] = {}
    for test in _tests:
        sums = files.setdefault(test["name"].partition("::")[0], Counter())
        sums.update({key: value for key, value in test.items() if key != "name"})
        sums["tests"] += 1
    by_processor = sorted(_tests, key=lambda test: -test["processor"])
    document = {
        "load": os.getloadavg()[0],
        "total": _rounded(sum(files.values(), Counter())),
        "longest": by_processor[:LONGEST],
        "files": {name: _rounded(sums) for name, sums in sorted(files.items(), key=lambda item: -item[1]["processor"])},
    }
    write_json(path.absolute(), document)


def _rounded(sums: Counter[str]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in sums.items()}
