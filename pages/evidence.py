"""What one run of `distort reproduce` found, as far as the pages tell it: a file small enough to be committed."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from artifacts import UserError

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "benchmarks" / "results" / "reproduce.json"
PICTURE = ROOT / "docs" / "images" / "flagship.svg"
#: The figure that stands on the first screen.
FIGURE = "flagship"

#: What is told of each part of `summary.json`; the rest (grids, curves, paths) stays in the results folder.
KEPT = {
    "claims": ("name", "status", "examples", "violations", "sharpness"),
    "benchmark": (
        "dataset", "method", "norm_mode", "seeds", "learning_rate", "id_accuracy", "id_ci90", "ood_accuracy",
        "ood_ci90", "per_column", "id_feature_movement", "ood_feature_movement",
    ),
    "datasets": ("name", "title", "protocol", "miniature", "titles", "sizes"),
    "figures": ("name", "title", "note", "agreement"),
}  # fmt: skip


def take_over(results: Path) -> None:
    """Copy what the pages tell of a results folder, and the picture of the first screen, into the checkout.

    Raises:
      UserError: the folder holds no finished run of `distort reproduce`, or lacks the picture.
    """
    summary, picture = results / "summary.json", results / "figures" / FIGURE / f"{FIGURE}.svg"
    for path in (summary, picture):
        if not path.is_file():
            raise UserError(f"{path} must be there; `distort reproduce --out {results}` makes it.")
    found = json.loads(summary.read_text(encoding="utf-8"))
    kept = {part: [{name: one.get(name) for name in names} for one in found[part]] for part, names in KEPT.items()}
    made = {name: found["environment"].get(name) for name in ("python", "platform", "devices", "git_revision")}
    scale = "" if found["scale"] == "default" else f" --scale {found['scale']}"
    document = {"command": f"distort reproduce{scale}", "environment": made, **kept}
    FILE.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.copyfile(picture, PICTURE)


def evidence() -> dict[str, Any]:
    """The committed file."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def figure(name: str) -> dict[str, Any]:
    """A figure's title, note and agreement."""
    return next(one for one in evidence()["figures"] if one["name"] == name)


def agreement_sentence(name: str) -> str:
    """What a paired figure found, without the definition of the measure that its caption repeats."""
    return re.sub(r"\s+", " ", figure(name)["note"]).strip()
