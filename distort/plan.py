"""How much the main job does: one plan for each scale."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distort.command import Scale

if TYPE_CHECKING:
    from empirical import Suite

#: What the main job trains.
SUITE = "embedded"
#: Problems drawn in each setting of a statement.
EXAMPLES: dict[Scale, int] = {"quick": 60, "default": 500, "full": 10_000}


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


@dataclass(frozen=True)
class Seconds:
    """Of a processor with a cold compile cache: the statements, the benchmark, one experiment, one figure.

    Attributes:
      longer: experiments that take much longer than the others.
    """

    statements: float
    benchmark: float
    experiment: float
    figure: float
    longer: Mapping[str, float] = field(default_factory=dict)


#: Measured: `distort reproduce`, cold; `full` once, beside other work. They say how far the job is; the clock corrects
#: them.
SECONDS: dict[Scale, Seconds] = {
    "quick": Seconds(
        statements=22,
        benchmark=20,
        experiment=1.8,
        figure=0.3,
        longer={
            "linear_network_on_digits": 7,
            "lp_ft_with_imperfect_features": 7,
            "bounds_against_parameters": 5,
        },
    ),
    "default": Seconds(
        statements=35,
        benchmark=105,
        experiment=3.7,
        figure=0.3,
        longer={
            "linear_network_on_digits": 15,
            "bounds_against_parameters": 11,
            "relu_network": 9,
            "phase_diagram": 8,
            "several_outputs": 8,
        },
    ),
    "full": Seconds(statements=450, benchmark=1500, experiment=45, figure=0.7),
}


def expected_seconds(plan: JobPlan) -> dict[str, float]:
    """What every stage takes beside the others, by the name that it has on the display."""
    seconds = SECONDS[plan.scale]
    return {
        "statements": seconds.statements,
        "benchmark": seconds.benchmark,
        **{
            f"simulation {name}": seconds.longer.get(name, seconds.experiment)
            for names in plan.experiments
            for name in names
        },
        **{f"figure {name}": seconds.figure for name in plan.figures},
        "report": 1.0,
    }


def beforehand(plan: JobPlan, workers: int) -> str:
    """What a user wants to know before a job is begun: how long it takes from the start."""
    import os

    from distort.progress import duration

    used = min(workers, os.cpu_count() or 1)
    whole = duration(sum(expected_seconds(plan).values()) / used)
    return f"the scale {plan.scale} takes about {whole} on {used} idle cores; what is up to date is kept"


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
        suite=named_suite(SUITE, scale=scale),
        figures=tuple(figure.name for figure in FIGURES),
    )
