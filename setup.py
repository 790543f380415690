"""Carries the checkout's revision into wheel and sdist, so that results of an installed package name the code."""

import json
import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ENVIRONMENT = runpy.run_path(str(Path(__file__).parent / "artifacts" / "environment.py"))
#: As it is before anything is built: building an sdist puts a folder of its own into the checkout for a while.
REVISION = ENVIRONMENT["revision"]()


def write_revision(tree: Path) -> None:
    """Writes `artifacts/revision.json` below `tree`; an sdist, which has no `.git`, hands on the one it came with."""
    if REVISION["git_revision"] is not None:
        file = tree / "artifacts" / ENVIRONMENT["REVISION_FILE"]
        file.write_text(json.dumps(REVISION), encoding="utf-8")


class BuildWithRevision(build_py):
    """An editable installation reads the checkout itself and gets no file."""

    def run(self) -> None:
        """Writes the file beside the modules."""
        super().run()
        if not self.editable_mode:
            write_revision(Path(self.build_lib))


class SdistWithRevision(sdist):
    """A source distribution has no `.git`, and so a file."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Writes the file into the tree that is packed."""
        super().make_release_tree(base_dir, files)
        write_revision(Path(base_dir))


setup(cmdclass={"build_py": BuildWithRevision, "sdist": SdistWithRevision})
