"""All miniatures below one root, written whole or not at all."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from artifacts import ArgumentError, UserError
from artifacts.progress import Progress, silent
from empirical.miniature.cifar import write_cifar10
from empirical.miniature.domainnet import write_domainnet
from empirical.miniature.fmow import write_fmow
from empirical.miniature.imagenet import write_imagenet

#: Each writes its folders below a root from a seed; ImageNet's serves Living-17 and Entity-30 as well.
MINIATURES: dict[str, Callable[[Path, int], None]] = {
    "imagenet": write_imagenet,
    "domainnet": write_domainnet,
    "cifar10": write_cifar10,
    "fmow": write_fmow,
}


def write_miniature(out: Path, *, seed: int = 0, only: Sequence[str] = (), progress: Progress = silent) -> None:
    """Write the miniatures into a new or empty folder; the same seed gives the same bytes.

    Args:
      only: names of `MINIATURES`; all by default.
    Raises:
      UserError: the folder holds something already, or cannot be written (a full disk included); nothing is left.
    """
    unknown = sorted(set(only) - set(MINIATURES))
    if unknown:
        raise ArgumentError(f"Miniatures must be among {', '.join(MINIATURES)}, got {unknown[0]}.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} must be a new or an empty folder, but holds something; name another, or remove it.")
    partial = out.parent / f".partial-{out.name}-{os.getpid()}"
    chosen = [name for name in MINIATURES if not only or name in only]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for leftover in out.parent.glob(f".partial-{out.name}-*"):  # of a process that was killed
            shutil.rmtree(leftover)
        partial.mkdir()
        for done, name in enumerate(chosen):
            progress(name, done / len(chosen))
            MINIATURES[name](partial, seed)
        if out.exists():
            out.rmdir()
        os.replace(partial, out)
        progress("written", 1.0)
    except OSError as error:
        raise UserError(
            f"{out} must be writable with 150 MB free, but {error.strerror or error}; name another folder."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
