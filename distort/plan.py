"""How much the main job does: one plan for each scale."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from distort.command import Scale

if TYPE_CHECKING:
    from empirical import Suite

#: Problems drawn in each setting of a statement.
EXAMPLES: dict[Scale, int] = {"quick": 100, "default": 500, "full": 10_000}


@dataclass(frozen=True, kw_only=True)
class JobPlan:
    """What is verified, simulated, trained and drawn.

    Attributes:
      scale: names the plan in summary and report; decides the size of the simulations.
      examples: problems drawn in each setting of a statement.
      experiments: in groups that are best simulated by one process, since they share what is compiled.
    """

    scale: Scale
    statements: tuple[str, ...]
    examples: int
    experiments: tuple[tuple[str, ...], ...]
    suite: "Suite"
    figures: tuple[str, ...]


def plan(scale: Scale) -> JobPlan:
    """Everything that there is, at a scale."""
    from bridge.catalogue import EXPERIMENTS
    from empirical import named_suite
    from figures.catalogue import FIGURES
    from theory.statements import STATEMENTS

    families: dict[str, list[str]] = {}
    for experiment in EXPERIMENTS:
        families.setdefault(experiment.family or experiment.name, []).append(experiment.name)
    return JobPlan(
        scale=scale,
        statements=tuple(statement.name for statement in STATEMENTS),
        examples=EXAMPLES[scale],
        experiments=tuple(tuple(names) for names in families.values()),
        suite=named_suite("embedded", scale=scale),
        figures=tuple(figure.name for figure in FIGURES),
    )
