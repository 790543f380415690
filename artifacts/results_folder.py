"""The folder that a user names for results: ours, or empty, or refused."""

import os
from pathlib import Path

from artifacts.errors import UserError, obstacle
from artifacts.files import write_json
from artifacts.reading import read_json

MARKER = "distort-results.json"
#: How a results folder is laid out: a number that grows when an older version could not read what a newer one wrote.
LAYOUT = 1
#: Below a results folder: one for each setting of the user's own, with the same layout inside.
SETTINGS = "settings"


def of_setting(results: Path | str, setting: str) -> Path:
    """The results of a setting; without one, the plain results."""
    return Path(results) / SETTINGS / setting if setting else Path(results)


def open_results_folder(path: Path) -> Path:
    """Make `path` ready to hold results, without ever touching what is not ours.

    Raises:
      UserError: the folder holds files that no run of ours wrote, cannot be written, or a newer version laid it out.
    """
    marker = path / MARKER
    if os.path.exists(path) and not os.path.isdir(path):  # `Path.exists` raises where a name is too long
        raise UserError(f"The output folder must be a directory, got the file {path}; name another with --out.")
    if os.path.isdir(path) and not marker.exists():
        foreign = sorted(entry.name for entry in path.iterdir())
        if foreign:
            shown = ", ".join(foreign[:3])
            raise UserError(
                f"The output folder must be new, empty or a results folder of distort, got {path} with "
                f"{len(foreign)} other entries ({shown}) and no {MARKER}; name another with --out."
            )
    try:
        path.mkdir(parents=True, exist_ok=True)
        if _layout(marker) is None:  # none yet, or damaged
            write_json(marker, {"made_by": "distort", "layout": LAYOUT})
    except IsADirectoryError as error:
        raise UserError(obstacle(error)) from error
    except OSError as error:
        raise UserError(f"The output folder must be writable, got {path} ({error.strerror}).") from error
    check_layout(path)
    if not os.access(path, os.W_OK | os.X_OK):
        raise UserError(f"The output folder must be writable, got {path}, where you may not write.")
    return path


def _layout(marker: Path) -> int | None:
    """How a folder is laid out, as its mark says; None where there is no mark, or one that cannot be read."""
    try:
        layout = read_json(marker)["layout"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return layout if isinstance(layout, int) else None


def check_layout(path: Path) -> None:
    """Refuse a results folder that a newer version laid out; older ones can be read, and are continued.

    A mark that cannot be read says nothing of the layout; what is in the folder is checked by itself.

    Raises:
      UserError: the layout is newer than this version.
    """
    layout = _layout(path / MARKER)
    if layout is not None and layout > LAYOUT:
        raise UserError(
            f"{path} must have a layout up to {LAYOUT}, got {layout} in {MARKER}, which a newer version of distort "
            "made; update distort, or name another folder with --out."
        )
