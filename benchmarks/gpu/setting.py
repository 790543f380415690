"""What every part is told. It travels to a part's process as JSON, so it knows nothing but the standard library."""

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Where things lie, how large everything is, and how long it may take.

    Attributes:
      out: folder of the results, one file a part.
      scratch: folder for whatever need not be kept.
      data: holds `office_caltech/` and `mobilenet_v2_imagenet.npz`; None: there are none.
      small: the least that runs everything.
      ends: seconds since the epoch at which a part must have ended.
      command: as it was typed.
      only: measurements whose names hold one of these texts; empty: all of them.
      revision: of the code; a checkout that was copied to the device may have a history of its own.
    """

    out: Path
    scratch: Path
    data: Path | None = None
    small: bool = False
    ends: float = float("inf")
    command: str = ""
    only: tuple[str, ...] = ()
    revision: str | None = None

    @property
    def left(self) -> float:
        """Seconds."""
        return self.ends - time.time()

    def about(self, seconds: float) -> float:
        """What a measurement takes about on a GPU; nothing is left out where everything is small."""
        return 0.0 if self.small else seconds

    def sized(self, *, small: bool) -> "Setting":
        return replace(self, small=self.small or small)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), default=str), encoding="utf-8")


def read_setting(path: Path) -> Setting:
    fields = json.loads(path.read_text(encoding="utf-8"))
    for name in ("out", "scratch", "data"):
        fields[name] = None if fields[name] is None else Path(fields[name])
    fields["only"] = tuple(fields["only"])
    return Setting(**fields)
