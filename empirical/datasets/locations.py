"""Where each source of images is looked for: one root, or a folder of its own."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from artifacts import UserError
from artifacts.frozen import Frozen
from empirical.datasets.sources import Source

VARIABLE, STORE_VARIABLE = "DISTORT_DATA", "DISTORT_STORE"
#: Folder of packed stores below the root.
STORE = "packed"
#: In the folder of a packed data set: says that all of its stores are complete.
PACKED = "dataset.json"


class Locations(Frozen):
    """One root for everything, and a folder for whatever lies elsewhere, by the source's name.

    Attributes:
      store: folder of packed stores, from which images are read where they are packed (`empirical.store`).
    """

    root: Path | None = None
    folders: Mapping[str, Path] = Field(default_factory=dict)
    store: Path | None = None

    def candidates(self, source: Source) -> tuple[Path, ...]:
        """Everywhere that a source is looked for; empty where no root was named."""
        if source.name in self.folders:
            return (self.folders[source.name],)
        return () if self.root is None else tuple(self.root / folder for folder in source.folders)

    def folder(self, source: Source) -> Path:
        """Where a source lies.

        Raises:
          UserError: nothing is there.
        """
        if self.root is not None and source.name not in self.folders and not self.root.is_dir():
            raise UserError(
                f"The data root must be a folder, got {self.root}; set --root or {VARIABLE} to where it is."
            )
        candidates = self.candidates(source)
        if not candidates:
            raise UserError(
                f"{source.name} must be looked for somewhere, but no root is named; set --root or {VARIABLE}."
            )
        for candidate in candidates:
            if candidate.is_dir():
                return candidate
        shown = " or ".join(map(str, candidates))
        raise UserError(
            f"{source.name} must lie in {shown}, but no such folder is there; "
            "`distort bench datasets` says how to get it."
        )


def locations(root: Path | None = None, store: Path | None = None) -> Locations:
    """Locations below a root, or below the folder that the environment variable DISTORT_DATA names.

    Args:
      store: folder of packed stores; None: that of DISTORT_STORE, else `packed` below the root, where there is one.
    Raises:
      UserError: a store is named that is no folder.
    """
    if root is None and os.environ.get(VARIABLE):
        root = Path(os.environ[VARIABLE])
    if store is None and os.environ.get(STORE_VARIABLE):
        store = Path(os.environ[STORE_VARIABLE])
    if store is None and root is not None and (root / STORE).is_dir():
        store = root / STORE
    if store is not None and not store.is_dir():
        raise UserError(f"The packed store must be a folder, got {store}; set --store or {STORE_VARIABLE}.")
    return Locations(root=root, store=store)


def is_packed(store: Path, name: str) -> bool:
    """Whether a folder of packed stores holds a data set completely."""
    return (store / name / PACKED).is_file()
