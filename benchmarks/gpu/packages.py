"""Which packages are missing, found before anything is imported that needs them, and a folder of wheels to add them."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: What the comparison with PyTorch needs beside the project's own requirements: import name and distribution.
BESIDE = {"torch": "torch", "transformers": "transformers", "clip": "clip-anytorch", "simplejpeg": "simplejpeg"}


def missing() -> dict[str, str]:
    """Distributions that are not there, or too old, with what asks for them; needs of needs included."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    lacking: dict[str, str] = {}
    waiting = [(requirement, "feature-distortion") for requirement in wanted]
    waiting += [(name, "the comparison with PyTorch, and JPEG stores") for name in BESIDE.values()]
    seen: set[str] = set()
    while waiting:
        requirement, asker = waiting.pop()
        name = re.match(r"[A-Za-z0-9._-]+", requirement)
        if name is None or name[0].lower() in seen:
            continue
        seen.add(name[0].lower())
        try:
            installed = metadata.distribution(name[0])
        except metadata.PackageNotFoundError:
            lacking[requirement] = f"needed by {asker}"
            continue
        if asker == "feature-distortion" and not _recent(installed.version, requirement):
            lacking[requirement] = f"needed by {asker}, got {installed.version}"
        # PyTorch is a reference: what it needs is its own affair, and clip's own needs are not used.
        if name[0] not in BESIDE.values():
            waiting += [(need, name[0]) for need in _needs(installed)]
    return lacking


def install(wheels: Path, target: Path) -> None:
    """Put every wheel of a folder into `target`, for `sys.path`; the system's packages stay as they are.

    Raises:
      SystemExit: pip could not.
    """
    files = sorted(map(str, wheels.glob("*.whl")))
    if not files:
        raise SystemExit(f"{wheels} must hold wheels, but there is none.")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile",
               "--no-cache-dir", "--upgrade", "--target", str(target), *files]  # fmt: skip
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(f"The wheels of {wheels} must install, but pip says: {answer.stderr.strip()[-500:]}")


def _needs(installed: metadata.Distribution) -> Iterator[str]:
    try:
        from packaging.requirements import Requirement
    except ImportError:  # it is a requirement itself, and is named as missing
        return
    for line in installed.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name


def _recent(version: str, requirement: str) -> bool:
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return True
    return Requirement(requirement).specifier.contains(version, prereleases=True)
