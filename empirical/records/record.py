"""What a record is, and how it is read and written: JSON that is checked field by field, never half written."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from artifacts import UserError
from artifacts.files import write_text
from artifacts.frozen import Frozen
from artifacts.reading import read_text, why_unreadable

#: What a run directory holds: what was measured line by line, and how it ended.
METRICS_FILE, RESULT_FILE = "metrics.jsonl", "result.json"


class Record(Frozen):
    """What is written as JSON and read back."""


RecordType = TypeVar("RecordType", bound=Record)


def read_record(path: Path, kind: type[RecordType]) -> RecordType:
    """A JSON document as a record.

    Raises:
      UserError: there is none, or it is no such record.
    """
    try:
        return kind.model_validate_json(read_text(path))
    except FileNotFoundError as error:
        raise UserError(f"{path} must exist, but there is none; `distort bench run` makes it.") from error
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise UserError(f"{path} must hold a {kind.__name__} ({why_unreadable(error)}).") from error


def read_lines(path: Path, kind: type[RecordType]) -> list[RecordType]:
    """JSON lines as records, one a line.

    Raises:
      UserError: there is no such file, or a line is no such record.
    """
    try:
        return [kind.model_validate_json(line) for line in read_text(path).splitlines()]
    except FileNotFoundError as error:
        raise UserError(f"{path} must exist, but there is none; `distort bench run` makes it.") from error
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise UserError(f"{path} must hold a {kind.__name__} on every line ({why_unreadable(error)}).") from error


def write_record(path: Path, record: Record) -> None:
    """A record as an indented JSON document; NaN is refused."""
    document = json.dumps(record.model_dump(mode="json"), indent=1, allow_nan=False, ensure_ascii=False)
    write_text(path, document + "\n")


def write_lines(path: Path, records: Iterable[Record]) -> None:
    """Records as JSON lines."""
    lines = (json.dumps(record.model_dump(mode="json"), allow_nan=False) for record in records)
    write_text(path, "".join(line + "\n" for line in lines))
