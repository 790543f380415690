"""Checks every statement on random problems: draws, solves, compares both sides, replays the counterexamples."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from artifacts import ArgumentError
from simulations.gradient_flow import FailedSolve
from simulations.verification.evidence import observed_evidence
from simulations.verification.families import draw_problems
from theory.problem import Problem
from theory.statements import (
    STATEMENTS,
    Setting,
    Statement,
    Status,
    closed_form_evidence,
    slack,
    status,
)
from theory.statements.statement import TOLERANCE

#: Problems solved in one vmapped call: enough to fill the processor, few enough that a slow one holds up few others.
CHUNK = 250
#: The same where the number of steps differs most between problems.
WIDE_CHUNK = 50
#: Moments on the path of a counterexample, which is evaluated once and so can afford a fine search over time.
WITNESS_MOMENTS = 4097


@dataclass(frozen=True)
class Verification:
    """What a verification found.

    Attributes:
      checked: problems that were drawn and met the premises.
      violations: how many of them violated the claim.
      smallest_slack: smallest relative gap between the sides, over those problems and the counterexamples; negative
        where violated; None where nothing was checked.
      counterexamples: the relative gap on each named counterexample, negative where it refutes the claim.
      seconds: of drawing and solving, shared by the statements that were verified together.
    """

    name: str
    source: str
    status: Status
    checked: int
    violations: int
    smallest_slack: float | None
    counterexamples: dict[str, float]
    seconds: float


def verify(statements: Sequence[Statement] = STATEMENTS, *, examples: int = 200, seed: int = 0) -> list[Verification]:
    """Verify statements on `examples` random problems in each of their settings.

    Statements that share a setting share its problems, since solving is what costs.

    Raises:
      FailedSolve: a problem could not be solved, so that nothing can be said.
    """
    if examples < 1:
        raise ArgumentError(f"`examples` must be at least 1, got {examples}.")
    findings: dict[str, list[Findings]] = {statement.name: [] for statement in statements}
    seconds: dict[str, float] = {statement.name: 0.0 for statement in statements}
    for index, setting in enumerate(Setting):
        involved = tuple(statement for statement in statements if setting in statement.settings)
        if not involved:
            continue
        started = time.perf_counter()
        key = jax.random.fold_in(jax.random.key(seed), index)
        for statement, found in zip(involved, _examine(involved, setting, examples, key), strict=True):
            findings[statement.name].append(found)
        for statement in involved:
            seconds[statement.name] += (time.perf_counter() - started) / len(involved)
    return [_conclude(statement, findings[statement.name], seconds[statement.name]) for statement in statements]


def counterexample_slacks(statement: Statement) -> dict[str, float]:
    """Relative gap on each counterexample of a statement, from the closed form; negative where it refutes the claim."""
    gaps = {}
    for counterexample in statement.counterexamples:
        gaps[counterexample.name] = float(_closed_form_slack(statement, counterexample.problem()))
    return gaps


@eqx.filter_jit
def _closed_form_slack(statement: Statement, problem: Problem) -> Float[Array, ""]:
    return slack(statement, closed_form_evidence(problem, moments=WITNESS_MOMENTS))


class Findings(eqx.Module):
    """One statement on a batch of problems: where its premises held, its slack, and where it was violated."""

    premises: Bool[np.ndarray | Array, " n"]
    slacks: Float[np.ndarray | Array, " n"]
    violated: Bool[np.ndarray | Array, " n"]


def _examine(statements: tuple[Statement, ...], setting: Setting, examples: int, key: PRNGKeyArray) -> list[Findings]:
    chunk = min(WIDE_CHUNK if setting is Setting.WIDE_SCALES else CHUNK, examples)
    keys = jax.random.split(key, -(-examples // chunk) * chunk).reshape(-1, chunk)
    chunks = []
    for batch in keys:
        problems = draw_problems(setting, batch)
        solved, found = jax.tree.map(np.asarray, _judged(problems, statements, setting))
        if not solved.all():
            raise FailedSolve(
                f"Every problem of a verification must be solved, but {np.sum(~solved)} of {chunk} "
                f"in the setting '{setting.value}' were not."
            )
        chunks.append(found)
    return jax.tree.map(lambda *parts: np.concatenate(parts)[:examples], *chunks)


@eqx.filter_jit
def _judged(
    problems: Problem, statements: tuple[Statement, ...], setting: Setting
) -> tuple[Bool[Array, " n"], list[Findings]]:
    def judged(problem: Problem) -> tuple[Bool[Array, ""], list[tuple[Array, Array, Array]]]:
        observed = observed_evidence(setting, problem)
        found = []
        for statement in statements:
            premises, gap = statement.premises_hold(problem), slack(statement, observed.evidence)
            found.append((premises, gap, premises & (gap < -TOLERANCE)))
        return observed.solved, found

    solved, found = jax.vmap(judged)(problems)
    return solved, [Findings(*parts) for parts in found]


def _conclude(statement: Statement, findings: list[Findings], seconds: float) -> Verification:
    found = jax.tree.map(lambda *parts: np.concatenate(parts), *findings)
    counterexamples = counterexample_slacks(statement)
    refuted = bool(counterexamples) and all(gap < -TOLERANCE for gap in counterexamples.values())
    checked, violations = int(found.premises.sum()), int(found.violated.sum())
    gaps = [*found.slacks[found.premises].tolist(), *counterexamples.values()]
    return Verification(
        name=statement.name,
        source=statement.source,
        status=status(statement, checked=checked, violations=violations, refuted=refuted),
        checked=checked,
        violations=violations,
        smallest_slack=min(gaps) if gaps else None,
        counterexamples=counterexamples,
        seconds=seconds,
    )
