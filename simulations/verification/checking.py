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
from simulations.verification.evidence import expected_work, observed_evidence
from simulations.verification.families import draw_problems
from theory.problem import Problem
from theory.statements import (
    STATEMENTS,
    Setting,
    Statement,
    Status,
    bound_ratio,
    closed_form_evidence,
    slack,
    status,
)
from theory.statements.statement import TOLERANCE

#: Problems solved in one vmapped call: enough to fill the processor, few enough that a slow one holds up few others.
CHUNK = 125
#: The same where the number of steps differs most between problems.
WIDE_CHUNK = 50
#: Moments on the path of a counterexample, which is evaluated once and so can afford a fine search over time.
WITNESS_MOMENTS = 4097


@dataclass(frozen=True)
class Sharpness:
    """How loose a bound is on the problems of a verification: the larger side over the smaller, 1 where attained.

    Attributes:
      median, ninth_decile: of the ratio over all problems that leave something to bound, those included on which the
        bound says nothing; None where it falls among those, being infinite.
      silent: share of the problems on which the bound says nothing.
    """

    median: float | None
    ninth_decile: float | None
    silent: float


@dataclass(frozen=True)
class Verification:
    """What a verification found.

    Attributes:
      checked: problems that were drawn and met the premises.
      violations: how many of them violated the claim.
      smallest_slack: smallest relative gap between the sides, over those problems and the counterexamples; negative
        where violated; None where nothing was checked.
      sharpness: how loose the bound is, over all settings; None where the statement is no bound.
      sharpness_by_setting: the same in each setting.
      counterexamples: the relative gap on each named counterexample, negative where it refutes the claim.
      seconds: of drawing and solving, shared by the statements that were verified together.
    """

    name: str
    source: str
    status: Status
    checked: int
    violations: int
    smallest_slack: float | None
    sharpness: Sharpness | None
    sharpness_by_setting: dict[str, Sharpness]
    counterexamples: dict[str, float]
    seconds: float


def verify(statements: Sequence[Statement] = STATEMENTS, *, examples: int = 200, seed: int = 0) -> list[Verification]:
    """Verify statements on `examples` random problems in each of their settings.

    Statements that share a setting share its problems, since solving is what costs.

    Args:
      seed: decides which problems are drawn.
    Raises:
      FailedSolve: a problem could not be solved, so that nothing can be said.
    """
    if examples < 1:
        raise ArgumentError(f"`examples` must be at least 1, got {examples}.")
    findings: dict[str, dict[Setting, Findings]] = {statement.name: {} for statement in statements}
    seconds: dict[str, float] = {statement.name: 0.0 for statement in statements}
    for index, setting in enumerate(Setting):
        involved = tuple(statement for statement in statements if setting in statement.settings)
        if not involved:
            continue
        started = time.perf_counter()
        key = jax.random.fold_in(jax.random.key(seed), index)
        for statement, found in zip(involved, _examine(involved, setting, examples, key), strict=True):
            findings[statement.name][setting] = found
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
    """One statement on a batch of problems: where its premises held, its slack, where it was violated, its ratio."""

    premises: Bool[np.ndarray | Array, " n"]
    slacks: Float[np.ndarray | Array, " n"]
    violated: Bool[np.ndarray | Array, " n"]
    ratios: Float[np.ndarray | Array, " n"]


def _examine(statements: tuple[Statement, ...], setting: Setting, examples: int, key: PRNGKeyArray) -> list[Findings]:
    chunk = min(WIDE_CHUNK if setting is Setting.WIDE_SCALES else CHUNK, examples)
    problems = draw_problems(setting, jax.random.split(key, -(-examples // chunk) * chunk))
    # A vmapped integration takes as long as the slowest problem in it, so those that take long are solved together.
    order = np.argsort(expected_work(setting, problems), kind="stable")
    chunks = []
    for rows in order.reshape(-1, chunk):
        batch = jax.tree.map(lambda leaf, rows=rows: leaf[rows], problems)
        solved, found = jax.tree.map(np.asarray, _judged(batch, statements, setting))
        if not solved.all():
            raise FailedSolve(
                f"Every problem of a verification must be solved, but {np.sum(~solved)} of {chunk} "
                f"in the setting '{setting.value}' were not."
            )
        chunks.append(found)
    as_drawn = np.argsort(order)[:examples]
    return jax.tree.map(lambda *parts: np.concatenate(parts)[as_drawn], *chunks)


@eqx.filter_jit
def _judged(
    problems: Problem, statements: tuple[Statement, ...], setting: Setting
) -> tuple[Bool[Array, " n"], list[Findings]]:
    def judged(problem: Problem) -> tuple[Bool[Array, ""], list[tuple[Array, ...]]]:
        observed = observed_evidence(setting, problem)
        found = []
        for statement in statements:
            premises, gap = statement.premises_hold(problem), slack(statement, observed.evidence)
            ratio = bound_ratio(statement, observed.evidence)
            found.append((premises, gap, premises & (gap < -TOLERANCE), ratio))
        return observed.solved, found

    solved, found = jax.vmap(judged)(problems)
    return solved, [Findings(*parts) for parts in found]


def _conclude(statement: Statement, findings: dict[Setting, Findings], seconds: float) -> Verification:
    found = jax.tree.map(lambda *parts: np.concatenate(parts), *findings.values())
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
        sharpness=_sharpness(statement, found),
        sharpness_by_setting={
            setting.value: sharpness
            for setting, part in findings.items()
            if (sharpness := _sharpness(statement, part)) is not None
        },
        counterexamples=counterexamples,
        seconds=seconds,
    )


def _sharpness(statement: Statement, found: Findings) -> Sharpness | None:
    ratios = found.ratios[found.premises & ~np.isnan(found.ratios)]
    if statement.bound is None or not ratios.size:
        return None
    # A quantile is one of the ratios, so that none lies between a number and infinity.
    quantiles = np.quantile(ratios, (0.5, 0.9), method="inverted_cdf")
    median, ninth_decile = (float(value) if np.isfinite(value) else None for value in quantiles)
    return Sharpness(median=median, ninth_decile=ninth_decile, silent=float(np.mean(np.isinf(ratios))))
