"""Results folders that were edited, damaged, or belong to somebody else."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from artifacts import publish
from artifacts.files import write_text
from artifacts.results_folder import MARKER
from empirical.benchmark.suite import open_suite
from empirical.records import BENCHMARK_FILE
from empirical.records.benchmark import SEAL_FILE
from figures.catalogue import FIGURES
from figures.publishing import INFORMATION
from simulations.catalogue import EXPERIMENTS
from simulations.records import SUMMARY, folder
from simulations.verification.records import FILE, FOLDER
from tests.support.bad_inputs.case import BadInput, command
from tests.support.cluster_work import SUITE

DEEP = "[" * 100_000
RESULTS = Path("results")
Make = Callable[[Path], object]


def _text(text: str) -> Make:
    return lambda file: file.write_text(text)


#: What may lie in the place of a file.
CONTENTS: dict[str, Make] = {
    "empty": _text(""),
    "null": _text("null"),
    "a list": _text("[]"),
    "a number": _text("3"),
    "an empty table": _text("{}"),
    "other fields": _text('{"nonsense": 3}'),
    "nested 100,000 deep": _text(DEEP),
    "cut off": _text('{"name": "x'),
    "not UTF-8": lambda file: file.write_bytes(b"\xff\xfe\x00"),
    "a folder": lambda file: file.mkdir(),
    "a pipe": os.mkfifo,
    "a device": lambda file: file.symlink_to("/dev/zero"),
    "a link to itself": lambda file: file.symlink_to(file.absolute()),
}


def _results() -> None:
    RESULTS.mkdir()
    write_text(RESULTS / MARKER, json.dumps({"made_by": "distort", "layout": 1}))


def _put(file: Path, make: Make) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    make(file)


def _placed(file: Path, make: Make, arguments: str, here: Path) -> int:
    """A file of a results folder that is ours otherwise."""
    _results()
    _put(RESULTS / file, make)
    return command(*arguments.split())


def _sealed(directory: Path, name: str, make: Make, arguments: str, here: Path) -> int:
    """A published directory that is whole, and whose content is this."""
    _results()
    publish(RESULTS / directory, inputs={}, build=lambda inside: make(inside / name))
    return command(*arguments.split())


def _suite(file: str, make: Make, arguments: str, here: Path) -> int:
    """A file of a suite's folder."""
    _results()
    open_suite(RESULTS / "benchmark", SUITE)
    (RESULTS / "benchmark" / file).unlink(missing_ok=True)
    _put(RESULTS / "benchmark" / file, make)
    return command(*arguments.split())


def _benchmark(make: Make, here: Path) -> int:
    _results()
    _put(RESULTS / "benchmark" / BENCHMARK_FILE, _text("{}"))
    _put(RESULTS / "benchmark" / SEAL_FILE, make)
    return command("report", "--from", "results")


def _collected(to: str, here: Path) -> int:
    _results()
    open_suite(RESULTS / "benchmark", SUITE)
    return command("bench", "collect", "--from", "results", "--to", to)


def _foreign(arguments: str, here: Path) -> int:
    RESULTS.mkdir()
    (RESULTS / "thesis.tex").touch()
    return command(*arguments.split())


def _newer(arguments: str, here: Path) -> int:
    RESULTS.mkdir()
    write_text(RESULTS / MARKER, json.dumps({"made_by": "distort", "layout": 99}))
    return command(*arguments.split())


REPORT = "report --from results"
STATUS = "bench status --from results"
MANIFEST = Path(FOLDER) / "manifest.json"
PLAIN = [name for name in CONTENTS if name not in ("a folder", "a pipe", "a device", "a link to itself")]

CASES = (
    *(BadInput("results: a manifest", what, partial(_placed, MANIFEST, CONTENTS[what], REPORT)) for what in CONTENTS),
    *(
        BadInput("results: a verification", what, partial(_sealed, Path(FOLDER), FILE, CONTENTS[what], REPORT))
        for what in PLAIN
        if what != "a list"  # nothing was verified
    ),
    *(
        BadInput("results: a simulation's summary", what,
                 partial(_sealed, folder(EXPERIMENTS[0].name, ""), SUMMARY, CONTENTS[what], REPORT))
        for what in PLAIN
    ),
    *(
        BadInput("results: a figure's description", what,
                 partial(_sealed, Path("figures") / FIGURES[0].name, INFORMATION, CONTENTS[what], REPORT))
        for what in PLAIN
    ),
    *(
        BadInput("results: benchmark.json", what,
                 partial(_placed, Path("benchmark") / BENCHMARK_FILE, CONTENTS[what], REPORT))
        for what in CONTENTS
        if what != "a link to itself"  # it counts as absent
    ),
    *(BadInput("results: the benchmark's hash", what, partial(_benchmark, _text(what))) for what in ("", "0" * 64)),
    *(BadInput("results: a suite", what, partial(_suite, "suite.json", CONTENTS[what], STATUS)) for what in CONTENTS),
    *(
        BadInput("results: what was set aside", what, partial(_suite, "set_aside.json", CONTENTS[what], STATUS))
        for what in CONTENTS
        if what not in ("a list", "an empty table")  # nothing was
    ),
    *(
        BadInput("results: a folder for tables", f"`bench collect --to {to}`", partial(_collected, to))
        for to in ("/proc/nowhere", "/dev/null")
    ),
    *(
        BadInput("results: a folder of somebody else's", f"`{name}`", partial(_foreign, line))
        for name, line in {
            "reproduce": "reproduce --out results",
            "simulate": "simulate toy_example --out results",
            "bench run": "bench run --out results",
            "theory attack": "theory attack balancedness --budget 40000 --out results",
            "report": REPORT,
            "bench collect": "bench collect --from results",
        }.items()
    ),
    *(
        BadInput("results: a folder of a newer version", f"`{line.split(' --')[0]}`", partial(_newer, line))
        for line in ("reproduce --out results", "bench run --out results", REPORT, STATUS)
    ),
)  # fmt: skip
