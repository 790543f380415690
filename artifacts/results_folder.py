"""The folder that a user names for results: ours, or empty, or refused."""

import os
from pathlib import Path

from artifacts.errors import UserError
from artifacts.files import write_json

MARKER = "distort-results.json"
#: Below a results folder: one for each setting of the user's own, with the same layout inside.
SETTINGS = "settings"


def of_setting(results: Path | str, setting: str) -> Path:
    """The results of a setting; without one, the plain results."""
    return Path(results) / SETTINGS / setting if setting else Path(results)


def open_results_folder(path: Path) -> Path:
    """Make `path` ready to hold results, without ever touching what is not ours.

    Raises:
      UserError: the folder holds files that no run of ours wrote, or cannot be written.
    """
    marker = path / MARKER
    if path.exists() and not path.is_dir():
        raise UserError(f"The output folder must be a directory, got the file {path}; name another with --out.")
    if path.is_dir() and not marker.exists():
        foreign = sorted(entry.name for entry in path.iterdir())
        if foreign:
            shown = ", ".join(foreign[:3])
            raise UserError(
                f"The output folder must be new, empty or a results folder of distort, got {path} with "
                f"{len(foreign)} other entries ({shown}); name another with --out."
            )
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not marker.exists():
            write_json(marker, {"made_by": "distort", "layout": 1})
    except OSError as error:
        raise UserError(f"The output folder must be writable, got {path} ({error.strerror}).") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise UserError(f"The output folder must be writable, got {path}, where you may not write.")
    return path
