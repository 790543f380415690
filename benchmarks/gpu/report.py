"""What a part finds, written whole after every measurement, so that a part that is cut off leaves what it had."""

import json
import math
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from artifacts.files import write_json

ROOT = Path(__file__).resolve().parents[2]
#: Lines of a traceback that are kept.
LINES = 12


class Wrong(Exception):
    """A measurement that must hold and does not; `values` are kept."""

    def __init__(self, message: str, values: Mapping[str, Any]):
        super().__init__(message)
        self.values = dict(values)


class Report:
    """A part's file: measurements by name, failures by name with the end of their traceback, and what was left out."""

    def __init__(
        self, path: Path, header: Mapping[str, Any], *, ends: float = math.inf, go_on: bool = False,
        only: Sequence[str] = (),
    ):  # fmt: skip
        """A new file.

        Args:
          ends: seconds since the epoch at which the part must have ended.
          go_on: keep what an earlier call on the same device with the same versions has measured, under its header.
          only: measurements whose names hold one of these texts are asked for; empty: all are.
        """
        self._path, self._ends, self._only = path, ends, only
        earlier, measured = _earlier(path, header) if go_on else ([], {})
        self._before = frozenset(measured)
        self.document: dict[str, Any] = {
            **header, "earlier": earlier, "state": "running", "measured": measured, "seconds": {}, "failed": {},
            "left_out": {},
        }  # fmt: skip
        self._write()

    def has(self, *names: str) -> bool:
        """Whether none of them is to be measured: an earlier call has done so, or nobody asks for it."""
        return not any(self._asked(name) for name in set(names) - self._before)

    def _asked(self, name: str) -> bool:
        return not self._only or any(text in name for text in self._only)

    def measure(self, name: str, work: Callable[[], Any], *, seconds: float = 0.0, keep: bool = True) -> Any:
        """What `work` returns, which is written under `name`; None where it failed or was left out.

        Args:
          seconds: that it will take about; where fewer are left it is not begun.
          keep: False where what it returns is no figure but something that later measurements need.
        """
        if time.time() + seconds > self._ends:
            self.leave_out(
                name, f"it takes about {seconds:.0f} s, and {max(self._ends - time.time(), 0):.0f} s were left"
            )
            return None
        began, measured = time.perf_counter(), None
        try:
            measured = work()
            if keep:
                self.document["measured"][name] = _plain(measured)
        except Exception as error:
            if isinstance(error, Wrong):
                self.document["measured"][name] = _plain(error.values)
            said = f"{type(error).__name__}: {error}"
            lines = traceback.format_exc().replace(f"{ROOT}/", "").strip().splitlines()[-LINES:]
            self.document["failed"][name] = {"error": said, "traceback": lines}
            print(f"{name}: {said}", file=sys.stderr, flush=True)
        self.document["seconds"][name] = round(time.perf_counter() - began, 2)
        print(f"{name}: {self.document['seconds'][name]} s", file=sys.stderr, flush=True)
        self._write()
        return measured

    def leave_out(self, name: str, reason: str) -> None:
        self.document["left_out"][name] = reason
        self._write()

    def finish(self) -> int:
        """Close the file; the exit status is 1 where anything failed or was left out."""
        complete = not self.document["failed"] and not self.document["left_out"]
        self.document["state"] = "complete" if complete else "incomplete"
        self._write()
        return 0 if complete else 1

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self._path, self.document)


def _earlier(path: Path, header: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Headers of earlier calls with the names of what each measured, and the figures; what failed is measured again."""
    if not path.exists():
        return [], {}
    document = json.loads(path.read_bytes())
    same = all(document["environment"][what] == header["environment"][what] for what in ("devices", "versions"))
    if not same or document["small"] != header["small"]:
        return [], {}
    known = {name for call in document.get("earlier", []) for name in call["measured"]}
    measured = {name: figures for name, figures in document["measured"].items() if name not in document["failed"]}
    call = {name: document[name] for name in ("command", "environment")}
    return [
        *document.get("earlier", []),
        {**call, "measured": [entry for entry in measured if entry not in known]},
    ], measured


def within(measured: Mapping[str, Any], bounds: Mapping[str, float]) -> dict[str, Any]:
    """The values, where those that are bounded are at most their bounds; NaN is above every bound.

    Raises:
      Wrong: one is not.
    """
    values = {**measured, "bounds": dict(bounds)}
    for name, bound in bounds.items():
        if not measured[name] <= bound:
            raise Wrong(f"{name} must be at most {bound:g}, got {measured[name]:g}", values)
    return values


def _plain(value: Any) -> Any:
    """JSON values; infinities and NaN, for which JSON has no spelling, as words."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    number = float(value)
    return number if math.isfinite(number) else str(number)
