"""`python -m benchmarks.gpu --out DIR [--data DIR] [--wheels DIR] [--part NAME ...]`; docs/gpu.md says what comes out.

The exit status is 0 where every part measured all that it has to, 1 where something failed, was left out or cut off.
"""

import argparse
import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.gpu import packages
from benchmarks.gpu.parts import PARTS
from benchmarks.gpu.setting import Setting

#: Nine minutes for everything.
SECONDS = 540.0


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    # Not tyro, which may be among the packages that are missing.
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description="Measure everything that needs a GPU."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the results, one file a part")
    parser.add_argument("--data", type=Path, help="folder with office_caltech/ and mobilenet_v2_imagenet.npz")
    parser.add_argument("--wheels", type=Path, help="folder of wheels for packages that are missing here")
    parser.add_argument(
        "--part", action="append", choices=[part.name for part in PARTS], help="this part alone; may be repeated"
    )
    parser.add_argument(
        "--only", action="append", default=[], help="measurements whose names hold this text alone; may be repeated"
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for all parts together")
    parser.add_argument(
        "--small", action="store_true", help="the least that runs everything; chosen by itself on a CPU"
    )
    parser.add_argument("--revision", help="of the code, where this is a copy without its history")
    return parser.parse_args(given)


def prepare(wheels: Path | None, scratch: Path) -> dict[str, str]:
    """Make the environment of the parts: wheels on the path, and one cache of compiled code; what is still missing."""
    if wheels is not None:
        target = scratch / "site"
        packages.install(wheels, target)
        sys.path.insert(0, str(target))
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(target), os.environ.get("PYTHONPATH"))))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "feature-distortion" / "gpu-benchmark"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.5")
    return packages.missing()


def _typed(given: Sequence[str]) -> str:
    """The command with folders by their names alone: results say nothing of the machine's other folders."""
    words = [Path(word).name if Path(word).is_absolute() else word for word in given]
    return shlex.join(["python", "-m", "benchmarks.gpu", *words])


def main(given: Sequence[str] | None = None) -> int:
    asked = arguments(given)
    out = asked.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gpu-benchmark-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        absent = prepare(asked.wheels, scratch)
        for name, why in absent.items():
            print(f"missing: {name}, {why}; give a folder of wheels with --wheels", flush=True)
        # Only now: it needs packages that the wheels may have brought.
        from benchmarks.gpu import driver

        setting = Setting(
            out=out, scratch=scratch, data=None if asked.data is None else asked.data.absolute(), small=asked.small,
            command=_typed(sys.argv[1:] if given is None else given),
            revision=asked.revision, only=tuple(asked.only),
        )  # fmt: skip
        parts = [part for part in PARTS if not asked.part or part.name in asked.part]
        summary = driver.run(parts, setting, seconds=asked.seconds, packages=absent)
    print(driver.text(summary))
    return 0 if driver.complete(summary) else 1


if __name__ == "__main__":
    sys.exit(main())
