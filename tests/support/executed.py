"""Which modules of the project run: what counts for a result is held against it."""

import sys
import threading
from pathlib import Path

from artifacts.imports import HERE, PACKAGES


class Executed:
    """The project's modules whose functions are called, in all threads."""

    def __init__(self) -> None:
        self.files: set[str] = set()

    def __enter__(self) -> "Executed":
        threading.setprofile(self._called)
        sys.setprofile(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]

    def _called(self, frame, event, argument) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":  # that only defines
            self.files.add(frame.f_code.co_filename)

    @property
    def modules(self) -> set[str]:
        paths = (Path(file) for file in self.files)
        inside = (path.relative_to(HERE).with_suffix("") for path in paths if path.is_relative_to(HERE))
        named = (".".join(part for part in path.parts if part != "__init__") for path in inside)
        return {name for name in named if name.partition(".")[0] in PACKAGES}
