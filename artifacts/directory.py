"""One result, one directory: written under a temporary name, flushed, renamed, and checked when read."""

import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from artifacts.errors import DamagedArtifact
from artifacts.files import PARTIAL, digest_of, remove_if_left
from artifacts.fingerprint import canonical_json, difference
from artifacts.reading import read_json, why_unreadable
from artifacts.versions import accepts_other_versions, version_difference

MANIFEST = "manifest.json"
#: The outcome's reason where nothing was to be done and nothing is to be said.
UP_TO_DATE = "up to date"
#: How its reason begins where a result of other versions was kept.
KEPT = "kept, made with other versions: "


@dataclass(frozen=True)
class Artifact:
    """A published directory that was found whole.

    `inputs` is what it was made from (configuration, code version, data); `files` maps file names to SHA-256;
    `versions` are those of the libraries that made it.
    """

    path: Path
    inputs: dict[str, Any]
    files: dict[str, str]
    versions: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What `publish` did: `built` is False where the directory was up to date; `reason` says why it was built.

    `other_versions`: where it was kept though other versions of libraries made it, which.
    """

    artifact: Artifact
    built: bool
    reason: str
    other_versions: str = ""


class Outdated(BaseException):
    """Raised by `publish` in place of making a result, inside of `only_checked`. No error: whoever asked catches it."""


_only_checked = False


@contextlib.contextmanager
def only_checked() -> Iterator[None]:
    """Where nothing is made: what is up to date is found so, and `publish` raises `Outdated` for anything else."""
    global _only_checked
    before, _only_checked = _only_checked, True
    try:
        yield
    finally:
        _only_checked = before


def is_only_checked() -> bool:
    """Whether this process is inside of `only_checked`."""
    return _only_checked


def published(path: Path, *, dispensable: str | None = None) -> Artifact:
    """The artifact at `path`, every file checked against its recorded SHA-256.

    Args:
      dispensable: ending of the names of files that may be missing, as large ones that were left behind when a folder
        was copied; those that are there are checked as all others are.
    Raises:
      FileNotFoundError: nothing has been published there.
      DamagedArtifact: a file is missing, was changed, or the manifest cannot be read.
    """
    artifact = _read_manifest(path)
    for name, expected in artifact.files.items():
        file = path / name
        try:
            digest = digest_of(file)
        except (FileNotFoundError, NotADirectoryError) as error:
            if dispensable is not None and name.endswith(dispensable):
                continue
            raise DamagedArtifact(f"{file} is missing; the result must be made again.") from error
        except OSError as error:
            raise DamagedArtifact(f"{file}: {error.strerror}; the result must be made again.") from error
        if digest != expected:
            raise DamagedArtifact(f"{file} differs from what was written; the result must be made again.")
    return artifact


def _read_manifest(path: Path) -> Artifact:
    manifest = path / MANIFEST
    try:
        content = read_json(manifest)
        inputs, files, versions = (_mapping(content, name) for name in ("inputs", "files", "versions"))
        for name in files:
            if not _inside(name):
                raise ValueError(f"{name!r} leads out of the directory")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(f"{path} must hold a published result ({MANIFEST}), but there is none.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = why_unreadable(error)
        raise DamagedArtifact(f"{manifest} cannot be read ({why}); the result must be made again.") from error
    return Artifact(path, inputs, files, versions)


def _mapping(content: Any, name: str) -> dict[str, Any]:
    table = content.get(name, {}) if name == "versions" else content[name]
    if not isinstance(table, dict):
        raise TypeError(f"`{name}` is no table")
    return table


def _inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and parts[0] != "/" and ".." not in parts and "\0" not in name


def publish(
    path: Path,
    *,
    inputs: Mapping[str, Any],
    build: Callable[[Path], None],
    force: bool = False,
    versions: Mapping[str, str] | None = None,
) -> Outcome:
    """Make sure that `path` holds the result of `build` for these `inputs`.

    `build` writes its files into the empty directory that it is given. Nothing is visible at `path` until all of
    them are on disk; a process that is killed leaves a `.partial-*` directory, which the next call removes. A
    directory made from other inputs, or damaged, is made again, and the outcome says why. Two processes on one
    path take turns.

    Args:
      inputs: JSON values that determine the result: configuration, seeds, `code_version`, data.
      force: build even where the directory is up to date.
      versions: of the libraries that can change the result. Where others made the directory it is made again, unless
        the user accepts other versions (`artifacts.versions.ACCEPT`); the outcome then says which.
    """
    from filelock import FileLock  # when it is used: help and lists come at once

    inputs, versions = json.loads(canonical_json(dict(inputs))), dict(versions or {})
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(_lock(path)):
        reason, other_versions = ("asked for", "") if force else _stale(path, inputs, versions)
        if other_versions and not accepts_other_versions():
            reason = f"{other_versions} (--accept-versions keeps it)"
        if not reason:
            kept = f"{KEPT}{other_versions}" if other_versions else UP_TO_DATE
            return Outcome(published(path), built=False, reason=kept, other_versions=other_versions)
        if _only_checked:
            raise Outdated(reason)
        partial, aside = _beside(path)
        for leftover in (partial, aside):
            _remove(leftover)  # of a process that was killed
        partial.mkdir()
        try:
            build(partial)
            _seal(partial, inputs, versions)
            _replace(partial, path)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        return Outcome(published(path), built=True, reason=reason)


def _stale(path: Path, inputs: Mapping[str, Any], versions: Mapping[str, str]) -> tuple[str, str]:
    """Why the directory must be made again, empty where it is up to date; and which versions differ if that is all."""
    try:
        artifact = published(path)
    except FileNotFoundError:
        return "not there yet", ""
    except DamagedArtifact as damage:
        return str(damage), ""
    if artifact.inputs == dict(inputs):
        return "", version_difference(artifact.versions, versions)
    return difference(artifact.inputs, inputs) or "an input that was null is absent, or the other way round", ""


def _lock(path: Path) -> Path:
    return path.parent / f".{path.name}.lock"


def _beside(path: Path) -> tuple[Path, Path]:
    """Where a result is made, and where the one before steps aside. Fixed names: who holds the lock is alone there."""
    return path.parent / f"{PARTIAL}{path.name}-new", path.parent / f"{PARTIAL}{path.name}-old"


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left half written anywhere below a folder; what is being written now stays."""
    from filelock import FileLock, Timeout

    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):  # another process replaced it since it was listed
        return
    for entry in entries:
        path = Path(entry.path)
        if not entry.name.startswith(PARTIAL):
            if entry.is_dir(follow_symlinks=False):
                remove_leftovers(path)
        elif not entry.is_dir(follow_symlinks=False):
            remove_if_left(path)
        else:
            name = re.sub(r"-(new|old|\d+)$", "", entry.name.removeprefix(PARTIAL))
            with contextlib.suppress(Timeout), FileLock(_lock(folder / name), timeout=0):
                shutil.rmtree(path, ignore_errors=True)


def _seal(directory: Path, inputs: Mapping[str, Any], versions: Mapping[str, str]) -> None:
    files = sorted(file for file in directory.rglob("*") if file.is_file())
    for file in files:
        _flush(file)
    hashes = {file.relative_to(directory).as_posix(): digest_of(file) for file in files}
    manifest = directory / MANIFEST
    content = {"inputs": dict(inputs), "versions": dict(versions), "files": hashes}
    manifest.write_text(json.dumps(content, indent=1), encoding="utf-8")
    _flush(manifest)


def _replace(partial: Path, path: Path) -> None:
    # A directory cannot replace a non-empty one in a single step: the old one steps aside first. A crash between
    # the two renames leaves no result at `path`, never a mixture.
    if os.path.lexists(path):
        aside = _beside(path)[1]
        os.replace(path, aside)
        os.replace(partial, path)
        _remove(aside)
    else:
        os.replace(partial, path)
    _flush(path.parent)


def _remove(path: Path) -> None:
    """Whatever is there, a link but not what it leads to; nothing where there is nothing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
