"""What a result was made with: versions, devices, git revision."""

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


def environment() -> dict[str, Any]:
    """Python and package versions, devices and git revision, as plain JSON values; imports JAX.

    `git_revision` is None outside a checkout; `git_dirty` says that the checkout held uncommitted changes.
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
        **_git(),
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git() -> dict[str, Any]:
    here = Path(__file__).resolve().parent.parent
    if not (here / ".git").exists():
        return {"git_revision": None, "git_dirty": None}

    def git(*arguments: str) -> str | None:
        try:
            result = subprocess.run(
                ["git", *arguments], cwd=here, capture_output=True, text=True, timeout=10, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return result.stdout.strip()

    revision, changes = git("rev-parse", "HEAD"), git("status", "--porcelain")
    return {"git_revision": revision, "git_dirty": None if changes is None else bool(changes)}
