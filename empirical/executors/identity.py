"""What a worker must have in common with the client: code, versions, precision, and the suite's folder."""

from importlib import metadata
from pathlib import Path
from typing import Any

from artifacts import UserError, code_version
from artifacts.files import digest_of
from artifacts.fingerprint import difference
from artifacts.versions import accepts_other_versions
from empirical.benchmark.suite import SUITE_FILE, Suite, read_suite
from empirical.counted_code import ENTRIES, own_module, run_code, run_versions

Identity = dict[str, Any]


def identity(folder: Path) -> Identity:
    """Of this process. Numbers depend on all of it; a worker to which the folder is another sees another suite."""
    import jax

    shared: Identity = {
        "code": code_version("artifacts", "empirical", "theory"),
        "jax": metadata.version("jax"),
        "double precision": bool(jax.config.read("jax_enable_x64")),
        "keeps results of other versions": accepts_other_versions(),
    }
    try:
        content = digest_of(folder / SUITE_FILE)[:16]
        return shared | {"suite": content} | _of_suite(read_suite(folder))
    except (OSError, UserError) as error:
        return shared | {"suite": f"unreadable ({error.strerror if isinstance(error, OSError) else error})"}


def _of_suite(suite: Suite) -> Identity:
    """Own backbones by the code that they and what they import beside them consist of, and all versions that count."""
    own: dict[str, str] = {}
    versions: dict[str, str] = {}
    for recipe in suite.recipes:
        try:
            for module in own_module(recipe):
                own[f"own backbone {module}"] = run_code("training", recipe)
            for kind in ENTRIES:
                versions |= run_versions(kind, recipe)
        except UserError as error:  # it cannot be imported here
            own[f"own backbone of {recipe.name}"] = str(error)
    return {**own, "versions": versions}


def disagreement(client: Identity, worker: Identity) -> str:
    """Why a worker must be refused; empty where it may work."""
    why = difference(client, worker)
    if client["double precision"] != worker["double precision"]:
        why += "; start workers with `distort bench worker` or `--preload empirical.executors.preload`"
    return why
