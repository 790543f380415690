"""Compares two benchmark folders number by number: `python -m benchmarks.same_results ONE OTHER [--rounding]`.

Runs are matched by what they are, not by the names of their directories; hashes, names of directories and times may
differ, and nothing else; with `--rounding` last digits of numbers too. Ends with status 1 and the first differences
where anything else does. For the proof that a change of the code has changed no result.
"""

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Fields that name directories, hash what a run is made from, or say how long it took.
IDENTITY = {"run", "runs", "end", "fingerprint", "seconds", "images_per_second"}
#: Settings, which a version may spell otherwise.
SETTINGS = {"recipe"}
SHOWN = 20
#: Two sums of the same terms in another order.
ROUNDING = 1e-12


def numbers(value: Any) -> Any:
    """A document without what may differ."""
    if isinstance(value, dict):
        return {key: numbers(inner) for key, inner in value.items() if key not in IDENTITY | SETTINGS}
    return [numbers(inner) for inner in value] if isinstance(value, list) else value


def runs(folder: Path) -> dict[str, dict[str, Any]]:
    """Every run's result and metrics, by what the result says it is; arrays by the hash of their file."""
    results = {}
    for path in sorted(folder.glob("*/*/result.json")):
        result = json.loads(path.read_bytes())
        kind = path.parents[1].name
        keys = ("dataset", "condition", "method", "norm_mode", "learning_rate", "seed")
        name = f"{kind}: {', '.join(str(result[key]) for key in keys if key in result)}"
        metrics = path.with_name("metrics.jsonl")
        lines = [json.loads(line) for line in metrics.read_text().splitlines()] if metrics.exists() else []
        arrays = {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in path.parent.glob("*.safetensors")
        }
        results[name] = {"result": numbers(result), "metrics": numbers(lines), "arrays": arrays}
    return results


def differences(first: Any, second: Any, where: str, tolerance: float) -> Iterator[str]:
    """Every place at which two documents differ, numbers by more than a relative tolerance."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted(first.keys() | second.keys()):
            if key in first and key in second:
                yield from differences(first[key], second[key], f"{where}.{key}", tolerance)
            else:
                yield f"{where}.{key}: only in the {'first' if key in first else 'second'}"
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, (left, right) in enumerate(zip(first, second, strict=True)):
            yield from differences(left, right, f"{where}[{index}]", tolerance)
    elif isinstance(first, float) and isinstance(second, float) and math.isclose(first, second, rel_tol=tolerance):
        return
    elif first != second:
        yield f"{where}: {first!r} and {second!r}"


def main(first: Path, second: Path, tolerance: float) -> int:
    """The number of differences, each printed."""
    documents = [numbers(json.loads((folder / "benchmark.json").read_bytes())) for folder in (first, second)]
    parts = [runs(folder) for folder in (first, second)]
    apart = [*differences(*documents, "benchmark", tolerance), *differences(*parts, "runs", tolerance)]
    for line in apart[:SHOWN]:
        print(line)
    print(f"{len(parts[0])} and {len(parts[1])} runs; {len(apart)} differences")
    return len(apart)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs=2, metavar="FOLDER", help="that holds a benchmark.json")
    parser.add_argument("--rounding", action="store_true", help="last digits of numbers may differ")
    arguments = parser.parse_args()
    for folder in arguments.folders:
        if not (folder / "benchmark.json").is_file():
            parser.error(f"{folder} must hold a benchmark.json, as `distort bench collect` writes it")
    sys.exit(main(*arguments.folders, tolerance=ROUNDING if arguments.rounding else 0.0) > 0)
