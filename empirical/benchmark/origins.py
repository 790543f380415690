"""What finished runs were made from: runs of other data or weights do not stand in one table with the rest."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from artifacts import Artifact
from artifacts.directory import MANIFEST
from artifacts.fingerprint import difference
from artifacts.versions import version_difference
from empirical.benchmark.units import Unit


class Origin(NamedTuple):
    """What a finished run was made from, apart from its configuration.

    Attributes:
      material: hashes of data, classes and weights, and of other runs that it starts from.
      published: when, by the file system's clock.
    """

    material: Mapping[str, Any]
    code: str
    versions: Mapping[str, str]
    published: float


def origin(artifact: Artifact) -> Origin:
    """Of a published run."""
    material = {name: value for name, value in artifact.inputs.items() if name not in ("config", "code")}
    code = str(artifact.inputs.get("code", ""))
    return Origin(material, code, artifact.versions, _written(artifact.path))


def mixed(
    origins: Mapping[Unit, Origin], *, own_network: Callable[[Unit], bool] = lambda unit: False
) -> dict[Unit, str]:
    """Runs whose data or weights are not those of the newest run beside them, and what differs.

    Replicates of the embedded digits have data of their own, and circumstances of pretraining weights of their own:
    only runs of one recipe and seed share data, and only those of one recipe and circumstance share weights.

    Args:
      own_network: whether every seed has a network of its own under the unit's circumstance.
    """

    def same_weights(unit: Unit) -> tuple:
        return unit.recipe, unit.condition, unit.seed if own_network(unit) else None

    refused: dict[Unit, str] = {}
    for part, shared_by in (("data", _same_data), ("classes", _same_data), ("weights", same_weights)):
        groups: dict[tuple, list[Unit]] = {}
        for unit in origins:
            if part in origins[unit].material:
                groups.setdefault(shared_by(unit), []).append(unit)
        for units in groups.values():
            newest = origins[max(units, key=lambda unit: origins[unit].published)].material[part]
            for unit in units:
                differs = difference({part: origins[unit].material[part]}, {part: newest})
                if differs:
                    refused[unit] = f"{differs} from what newer runs were made from"
    return refused


def notes(origins: Mapping[Unit, Origin]) -> list[str]:
    """One line for each recipe and kind of work whose finished runs are of different code or versions."""
    lines = []
    groups: dict[tuple[str, str], list[Unit]] = {}
    for unit in origins:
        groups.setdefault((unit.recipe, unit.kind), []).append(unit)
    for (recipe, kind), units in groups.items():
        newest = origins[max(units, key=lambda unit: origins[unit].published)]
        others = [unit for unit in units if origins[unit].code != newest.code]
        older = {version_difference(origins[unit].versions, newest.versions) for unit in units} - {""}
        if others:
            methods = ", ".join(dict.fromkeys(unit.method or kind for unit in others))
            lines.append(f"{recipe}: {len(others)} of {len(units)} {kind} runs are of other code ({methods})")
        lines += [f"{recipe}: {kind} runs are of different versions: {which}" for which in sorted(older)]
    return lines


def _same_data(unit: Unit) -> tuple:
    return unit.recipe, unit.seed


def _written(path: Path) -> float:
    return (path / MANIFEST).stat().st_mtime


def shared(units: Iterable[Unit]) -> dict[tuple[str, int | None, str], list[Unit]]:
    """Units by what their data and weights depend on: recipe, seed and circumstance."""
    groups: dict[tuple[str, int | None, str], list[Unit]] = {}
    for unit in units:
        groups.setdefault((unit.recipe, unit.seed, unit.condition), []).append(unit)
    return groups
