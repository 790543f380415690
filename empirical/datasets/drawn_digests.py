"""Digests of drawn sets, computed once: to draw a set only to find that it is the same takes longer than all else.

A digest is kept under a name for everything that decides the pixels, in the folder of `file_digests.keep_in`; without
one, or where that would lie in a folder that is not there, it is forgotten with the process. A cache that is lost or
damaged costs time and nothing else.
"""

import json
from collections.abc import Callable
from pathlib import Path

from artifacts.files import write_json
from empirical.datasets.file_digests import kept_in

FILE = "drawn.json"
#: A suite has some sixty; those of older code and versions are never asked for again.
MOST = 2000


def remembered(name: str, digest: Callable[[], str]) -> str:
    """The digest that is kept under a name, or as computed now.

    Args:
      name: of all that decides it.
    """
    folder = kept_in()
    if folder is None or not folder.parent.is_dir():
        return digest()
    known = _read(folder / FILE)
    if name not in known:
        computed = digest()
        # Read again: another process may have added its own meanwhile. What is lost all the same is computed anew.
        known = _read(folder / FILE)
        known = {**(known if len(known) < MOST else {}), name: computed}
        folder.mkdir(exist_ok=True)
        write_json(folder / FILE, known)
    return known[name]


def _read(file: Path) -> dict[str, str]:
    try:
        known = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}  # none yet, or damaged: computed anew
    usable = isinstance(known, dict) and all(isinstance(digest, str) for digest in known.values())
    return known if usable else {}
