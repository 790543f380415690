"""What one run of `distort reproduce` found, as far as the pages tell it: a file small enough to be committed."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from artifacts import UserError

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
FILE = RESULTS / "reproduce.json"
#: Agreement and note of the picture of the first screen; `python -m benchmarks.embedded` writes the numbers behind it.
FLAGSHIP = RESULTS / "flagship.json"
EMBEDDED = RESULTS / "embedded.json"
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
    """Copy what the pages tell of a results folder into the checkout.

    The picture of the first screen is taken from the default scale and above: at the quick one each method has one or
    two seeds and too few steps to be told apart.

    Raises:
      UserError: the folder holds no finished run of `distort reproduce`, or lacks the picture.
    """
    summary, picture = results / "summary.json", results / "figures" / FIGURE / f"{FIGURE}.svg"
    for path in (summary, picture):
        if not path.is_file():
            raise UserError(f"{path} must be there; `distort reproduce --out {results}` makes it.")
    reproduced = json.loads(summary.read_text(encoding="utf-8"))
    kept = {
        part: [{name: entry.get(name) for name in names} for entry in reproduced[part]] for part, names in KEPT.items()
    }
    made = {name: reproduced["environment"].get(name) for name in ("python", "platform", "devices", "git_revision")}
    scale = "" if reproduced["scale"] == "default" else f" --scale {reproduced['scale']}"
    document = {"command": f"distort reproduce{scale}", "environment": made, **kept}
    FILE.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if reproduced["scale"] != "quick":
        shutil.copyfile(picture, PICTURE)
        flagship = next(figure for figure in kept["figures"] if figure["name"] == FIGURE)
        content = {"commands": [document["command"]], **flagship}
        FLAGSHIP.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def evidence() -> dict[str, Any]:
    """The committed file."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def flagship() -> dict[str, Any]:
    """Commands, note and agreement of the first picture."""
    return json.loads(FLAGSHIP.read_text(encoding="utf-8"))


def embedded() -> dict[str, Any]:
    """The embedded benchmark's numbers at its default scale."""
    return json.loads(EMBEDDED.read_text(encoding="utf-8"))


def verdict() -> str:
    """What the first picture found, in its first sentence."""
    return re.sub(r"\s+", " ", flagship()["note"]).partition(". ")[0].strip() + "."
