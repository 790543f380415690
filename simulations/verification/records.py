"""Verifications on disk: `results/theory/` holds what was found about every statement, published like any result."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from artifacts import Outcome, fingerprint, publish
from artifacts.files import write_json
from artifacts.imports import BOOKKEEPING, modules_in, reached_code
from artifacts.versions import reached_versions
from simulations.sweeps import Watch
from simulations.verification.checking import verify
from simulations.verification.findings import FILE, FILE_TYPE, FOLDER
from theory.statements import Statement

#: Modules that are reached and cannot change what is found, each with the reason.
WITHOUT: Mapping[str, str] = BOOKKEEPING


def publish_verification(
    results: Path,
    statements: Sequence[Statement],
    *,
    examples: int,
    seed: int = 0,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Make sure that a results folder holds the verification of these statements.

    What was found on each batch of problems lies in a hidden folder until all is: one that was cut off goes on.

    Args:
      examples: problems drawn in each setting of a statement.
      seed: decides which.
      force: verify again what is up to date.
      progress: called with problems done and problems in all.
    """
    inputs = {
        "statements": [statement.name for statement in statements],
        "examples": examples,
        "seed": seed,
        "code": reached_code(*code_modules(), without=WITHOUT),
    }

    versions = reached_versions(*code_modules(), without=WITHOUT)
    parts = results / f".{FOLDER}.unfinished"
    watch = Watch(progress=progress, unfinished=parts / fingerprint([inputs, versions]))

    def build(directory: Path) -> None:
        verifications = verify(statements, examples=examples, seed=seed, watch=watch)
        write_json(directory / FILE, FILE_TYPE.dump_python(verifications, mode="json"))

    outcome = publish(results / FOLDER, inputs=inputs, build=build, force=force, versions=versions)
    shutil.rmtree(parts, ignore_errors=True)
    return outcome


def code_modules() -> tuple[str, ...]:
    """The modules whose code, with all that they import, decides what is found; statements are discovered."""
    return ("simulations.verification.records", *modules_in("theory.statements"))
