"""What a worker must have in common with the client: code, versions, precision, and the suite's folder."""

import hashlib
from importlib import metadata
from pathlib import Path
from typing import Any

from artifacts import code_version
from artifacts.fingerprint import difference
from empirical.benchmark.suite import SUITE_FILE

Identity = dict[str, Any]


def identity(folder: Path) -> Identity:
    """Of this process. Numbers depend on all of it; a worker to which the folder is another sees another suite."""
    import jax

    try:
        suite = hashlib.sha256((folder / SUITE_FILE).read_bytes()).hexdigest()[:16]
    except OSError as error:
        suite = f"unreadable ({error.strerror})"
    return {
        "code": code_version("artifacts", "empirical"),
        "jax": metadata.version("jax"),
        "double precision": bool(jax.config.read("jax_enable_x64")),
        "suite": suite,
    }


def disagreement(client: Identity, worker: Identity) -> str:
    """Why a worker must be refused; empty where it may work."""
    found = difference(client, worker)
    if client["double precision"] != worker["double precision"]:
        found += "; start workers with `distort bench worker` or `--preload empirical.executors.preload`"
    return found
