"""A part's own process: `python -m benchmarks.gpu.inside NAME MODULE SETTING.json`. The driver starts it."""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

from artifacts.runtime import prepare_jax
from benchmarks.gpu.report import Report
from benchmarks.gpu.setting import Setting, read_setting

prepare_jax()
# JAX would take most of the device's memory at its start, and PyTorch and other processes work beside it.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
# Results are held against the CPU's, so JAX must see it too.
if "cpu" not in os.environ.get("JAX_PLATFORMS", "cpu"):
    os.environ["JAX_PLATFORMS"] += ",cpu"


def header(name: str, setting: Setting) -> dict:
    """What a part's figures were measured with."""
    from artifacts import environment

    described = environment()
    if setting.revision is not None:
        described |= {"git_revision": setting.revision, "git_dirty": None}
    return {"part": name, "command": setting.command, "small": setting.small, "environment": described | _torch()}


def _torch() -> dict:
    """PyTorch's version and device; it is asked for them without being started."""
    from importlib import metadata

    try:
        return {"pytorch": metadata.version("torch")}
    except metadata.PackageNotFoundError:
        return {"pytorch": None}


def main(name: str, module: str, setting: Setting) -> int:
    """Measure; the exit status is 1 where something failed or was left out."""
    import jax

    setting = setting.sized(small=jax.devices()[0].platform == "cpu")
    options: Any = {"ends": setting.ends, "go_on": True, "only": setting.only}
    report = Report(setting.out / f"{name}.json", header(name, setting), **options)
    importlib.import_module(module).measure(report, setting)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], read_setting(Path(sys.argv[3]))))
