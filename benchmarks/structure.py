"""Counts what makes the code hard to walk through: `python benchmarks/structure.py [--json]`.

Arguments that travel together, functions that one journey passes, classes of the same name, copies that overwrite the
fields of a record, names that say nothing. Read from the source alone; nothing is imported.
"""

import ast
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("theory", "simulations", "empirical", "bridge", "figures", "artifacts", "distort", "pages")
#: Arguments that an object of their own should carry: a unit of work, its suite, where it lies.
CLUMP = ({"unit"}, {"suite"}, {"places", "workspace"})
#: Names that say nothing where the thing has a name. Fields of classes do not count: answers are published with them.
VAGUE = ("one", "found", "place", "changed")
#: Tables that several files need and one should hold.
TABLES = ("NormMode", "Progress", "PENALTIES", "FROZEN")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the packages, by its path."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def vague_names() -> Iterator[tuple[str, str]]:
    """Where a name that says nothing is given to a value or an argument, and which."""
    for path, tree in modules():
        fields = {id(line.target) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
                  for line in node.body if isinstance(line, ast.AnnAssign)}  # fmt: skip
        for node in ast.walk(tree):
            stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in fields
            name = node.id if stored else node.arg if isinstance(node, ast.arg) else ""
            if name in VAGUE:
                yield f"{path}:{node.lineno}", name


def counts() -> dict[str, object]:
    """Everything that is counted."""
    clumps: Counter[int] = Counter()
    classes: dict[str, set[str]] = defaultdict(set)
    vague = Counter(name for _, name in vague_names())
    assigned: dict[str, set[str]] = defaultdict(set)
    copies = frozen = 0
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
                clumps[sum(bool(names & words) for words in CLUMP)] += 1
            elif isinstance(node, ast.ClassDef):
                if not node.name.startswith("_"):
                    classes[node.name].add(path)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                if node.id in TABLES:
                    assigned[node.id].add(path)
            elif isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                copies += called == "model_copy" and path.startswith("empirical/results")
                frozen += called == "ConfigDict" and any(word.arg == "frozen" for word in node.keywords)
    return {
        "functions that take unit, suite and places": clumps[3],
        "functions that take two of them": clumps[2],
        "class names that exist in several files": {
            name: sorted(paths) for name, paths in sorted(classes.items()) if len(paths) > 1
        },
        "frozen pydantic bases": frozen,
        "rows that are built and overwritten": copies,
        "assignments to names that say nothing": {name: vague[name] for name in VAGUE},
        "files that define a shared table": {name: len(assigned[name]) for name in TABLES},
    }


def main() -> None:
    """Print the counts."""
    counted = counts()
    if "--json" in sys.argv[1:]:
        print(json.dumps(counted, indent=1))
        return
    for what, value in counted.items():
        if isinstance(value, dict):
            print(f"{what}: {len(value)}")
            for name, detail in value.items():
                print(f"  {name}: {', '.join(detail) if isinstance(detail, list) else detail}")
        else:
            print(f"{what}: {value}")


if __name__ == "__main__":
    main()
