"""What failed in the last call on a suite, as the folder remembers it."""

from pathlib import Path

from artifacts import UserError
from artifacts.reading import read_json
from empirical.records import SetAside

SET_ASIDE_FILE = "set_aside.json"


def read_set_aside(folder: Path) -> list[SetAside]:
    """What failed in the last call; nothing where there was none."""
    path = folder / SET_ASIDE_FILE
    try:
        return [SetAside.model_validate(failure) for failure in read_json(path)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"{path} must list units that were set aside, but cannot be read; run the suite again."
        ) from error
