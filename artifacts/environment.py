"""What a result was made with: versions, devices, git revision."""

import json
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "feature-distortion",
    "jax",
    "jaxlib",
    "equinox",
    "diffrax",
    "optax",
    "optimistix",
    "numpy",
    "scipy",
    "scikit-learn",
    "matplotlib",
)

#: Beside this file in wheel and sdist, written by `setup.py`.
REVISION_FILE = "revision.json"


def environment() -> dict[str, Any]:
    """Python and package versions, devices and git revision, as plain JSON values; imports JAX.

    `git_revision` is that of the checkout, or of the checkout that an installed package was built from; None where it
    was built outside one. `git_dirty` says that this checkout held uncommitted changes.
    """
    import jax

    devices = [f"{device.platform}:{device.device_kind}" for device in jax.devices()]
    return {**software(), "devices": devices}


def software() -> dict[str, Any]:
    """The same without the devices, which only a started JAX can name."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "versions": {name: _version(name) for name in PACKAGES},
        **revision(),
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def revision() -> dict[str, Any]:
    """`git_revision` and `git_dirty`, of the checkout or as they were when the package was built."""
    here = Path(__file__).resolve().parent.parent
    built = Path(__file__).with_name(REVISION_FILE)
    if not (here / ".git").exists():
        if built.is_file():
            return json.loads(built.read_text(encoding="utf-8"))
        return {"git_revision": None, "git_dirty": None}

    def git(*arguments: str) -> str | None:
        try:
            result = subprocess.run(
                ["git", *arguments], cwd=here, capture_output=True, text=True, timeout=10, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return result.stdout.strip()

    head, changes = git("rev-parse", "HEAD"), git("status", "--porcelain")
    return {"git_revision": head, "git_dirty": None if changes is None else bool(changes)}
