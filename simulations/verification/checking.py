"""Checks every statement on random problems: draws, solves, compares both sides, replays the counterexamples."""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from artifacts import ArgumentError, UserError
from artifacts.random_keys import key_numbers
from artifacts.runtime import compiled_quickly, compute_in_one_thread
from simulations.gradient_flow import FailedSolve
from simulations.sampling import Dimensions, unoptimised
from simulations.sweeps import ALONE, Watch, store_part, stored_part
from simulations.verification.evidence import expected_work, solver
from simulations.verification.families import Sampler, allows, draw_problems, sampled_problems
from simulations.verification.findings import Sharpness, Verification
from simulations.verification.observed import ObservedEvidence
from theory.problem import Problem
from theory.statements import (
    STATEMENTS,
    Evidence,
    Setting,
    Statement,
    bound_ratio,
    closed_form_evidence,
    premises_hold,
    sides,
    slack,
    status,
)
from theory.statements.statement import TOLERANCE

#: Problems solved in one vmapped call: enough that calls cost little beside what they do, few enough that a slow one
#: holds up few others. 100 problems of every setting take 2.8 s in all, where calls of 125, and of 50 of wide
#: scales, took 5.6 s; 500 problems take 10.7 s, where those took 14.8 s.
CHUNK = 20
#: Up to how many problems of a setting optimising the program that solves them takes longer than it saves; of wide
#: scales, four times as long to solve without, a few are too many.
COMPILED_QUICKLY_UP_TO = {
    **dict.fromkeys(Setting, 1000),
    Setting.SEVERAL_ID_DIRECTIONS: 400,
    Setting.RAW_PARAMETERS: 300,
    Setting.WIDE_SCALES: 0,
}
#: Moments on the path of a counterexample, which is evaluated once and so can afford a fine search over time.
WITNESS_MOMENTS = 4097


def verify(
    statements: Sequence[Statement] = STATEMENTS,
    *,
    examples: int = 200,
    seed: int = 0,
    dimensions: Dimensions | None = None,
    sampler: Sampler | None = None,
    watch: Watch = ALONE,
) -> list[Verification]:
    """Verify statements on `examples` random problems in each of their settings.

    Statements that share a setting share its problems, since solving is what costs.

    Args:
      seed: decides which problems are drawn.
      dimensions: of all problems, drawn in those settings that allow them; None for each setting's own.
      sampler: draws the problems in place of the settings; they are solved in closed form where they have one ID
        direction, and along the reduced flow elsewhere.
      watch: told of problems done and problems in all; says where what was found on a batch of them may lie.
    Raises:
      FailedSolve: a problem could not be solved, so that nothing can be said.
      ArgumentError: no problem was asked for, or none of these dimensions is in any setting of a statement.
      UserError: a side is no number where the premises hold.
    """
    if examples < 1:
        raise ArgumentError(f"`examples` must be at least 1, got {examples}.")
    if dimensions is not None and sampler is not None:
        raise ArgumentError("A sampler has dimensions of its own: give `dimensions` or `sampler`, got both.")
    compute_in_one_thread()
    origins = {statement.name: _origins(statement, dimensions, sampler) for statement in statements}
    findings: dict[str, dict[str, Findings]] = {statement.name: {} for statement in statements}
    seconds: dict[str, float] = {statement.name: 0.0 for statement in statements}
    all_origins = {origin for own in origins.values() for origin in own}
    done = 0

    def advance(problems: int) -> None:
        nonlocal done
        done += problems
        if watch.progress:
            watch.progress(done, examples * len(all_origins))

    for index, origin in enumerate([*Setting] if sampler is None else [sampler]):
        involved = tuple(statement for statement in statements if origin in origins[statement.name])
        if not involved:
            continue
        started = time.perf_counter()
        key = jax.random.fold_in(jax.random.key(seed), index)
        examined = _examine(
            involved, origin, examples, key, dimensions=dimensions, unfinished=watch.unfinished, advance=advance
        )
        for statement, finding in zip(involved, examined, strict=True):
            findings[statement.name][_name(origin)] = finding
        for statement in involved:
            seconds[statement.name] += (time.perf_counter() - started) / len(involved)
    return [_conclude(statement, findings[statement.name], seconds[statement.name]) for statement in statements]


#: Where problems come from.
Origin = Setting | Sampler


def _origins(statement: Statement, dimensions: Dimensions | None, sampler: Sampler | None) -> tuple[Origin, ...]:
    if sampler is not None:
        return (sampler,)
    allowed = tuple(s for s in statement.settings if dimensions is None or allows(s, dimensions))
    if not allowed:
        had = "none" if not statement.settings else "; ".join(setting.value for setting in statement.settings)
        given = "" if dimensions is None else f" with problems of m={dimensions.id_dim}"
        raise ArgumentError(f"'{statement.name}' must have a setting{given}, got {had}.")
    return allowed


def _name(origin: Origin) -> str:
    return origin.value if isinstance(origin, Setting) else f"drawn by {getattr(origin, '__name__', origin)}"


def counterexample_slacks(statement: Statement) -> dict[str, float]:
    """Relative gap on each counterexample of a statement, from the closed form; negative where it refutes the claim."""
    gaps = {}
    for counterexample in statement.counterexamples:
        # Not compiled as a whole: a claim's author may make it from numbers and files in any way.
        gaps[counterexample.name] = float(_closed_form_slack(statement, counterexample.problem()))
    return gaps


@partial(unoptimised, static_argnums=0)
def _closed_form_slack(statement: Statement, problem: Problem) -> Float[Array, ""]:
    return slack(statement, closed_form_evidence(problem, moments=WITNESS_MOMENTS))


class Findings(eqx.Module):
    """One statement on a batch of problems: where its premises held, its slack, where it was violated, its ratio."""

    premises: Bool[np.ndarray | Array, " n"]
    slacks: Float[np.ndarray | Array, " n"]
    violated: Bool[np.ndarray | Array, " n"]
    ratios: Float[np.ndarray | Array, " n"]


def _examine(
    statements: tuple[Statement, ...],
    origin: Origin,
    examples: int,
    key: PRNGKeyArray,
    *,
    dimensions: Dimensions | None = None,
    unfinished: Path | None = None,
    advance: Callable[[int], None] = lambda problems: None,
) -> list[Findings]:
    is_setting = isinstance(origin, Setting)
    chunk = min(CHUNK, examples)
    quickly = is_setting and examples <= COMPILED_QUICKLY_UP_TO[origin]
    keys = jax.random.wrap_key_data(jnp.asarray(key_numbers(key, -(-examples // chunk) * chunk)))
    drawn = draw_problems(origin, keys, dimensions) if is_setting else sampled_problems(origin, keys)
    problems = jax.tree.map(np.asarray, drawn)  # NumPy picks rows without compiling anything
    # A vmapped integration takes as long as the slowest problem in it, so those that take long are solved together.
    work = expected_work(origin, problems) if is_setting else np.zeros(len(keys))
    order = np.argsort(work, kind="stable")
    nothing, never = np.empty(0), np.empty(0, bool)
    structure = [Findings(never, nothing, never, nothing)] * len(statements)
    # Only a setting's problems follow from its name; a sampler's code may change under the same one.
    stem = origin.name.lower() if is_setting else ""
    chunks = []
    for number, rows in enumerate(order.reshape(-1, chunk)):
        kept = unfinished / f"{stem}-{number}.npz" if unfinished and stem else None
        part = stored_part(kept, structure) if kept else None
        if part is None:
            chosen = jax.tree.map(lambda leaf, rows=rows: leaf[rows], problems)
            part = _examined(statements, origin, chosen, quickly=quickly)
            if kept:
                store_part(kept, part)
        chunks.append(part)
        advance(min(chunk, examples - number * chunk))
    as_drawn = np.argsort(order)[:examples]
    return jax.tree.map(lambda *parts: np.concatenate(parts)[as_drawn], *chunks)


def _examined(statements: tuple[Statement, ...], origin: Origin, problems: Problem, *, quickly: bool) -> list[Findings]:
    # Programs that draw and judge have a way of their own, whatever the setting: one that is shared is compiled once.
    with compiled_quickly() if quickly else nullcontext():
        observed = _observed_together(problems, solver_of(origin, problems))
    solved = np.asarray(observed.solved)
    if not solved.all():
        raise FailedSolve(
            f"Every problem of a verification must be solved, but {np.sum(~solved)} of {len(solved)} "
            f"in the setting '{_name(origin)}' were not."
        )
    return jax.tree.map(np.asarray, _judged(observed.evidence, statements))


@eqx.filter_jit
def _observed_together(problems: Problem, solve: Partial) -> ObservedEvidence:
    return jax.vmap(lambda problem: solve(problem, None))(problems)


# A program of its own, since sides are evaluated once where solutions take thousands of steps.
@partial(unoptimised, static_argnums=1)
def _judged(evidence: Evidence, statements: tuple[Statement, ...]) -> list[Findings]:
    def judged(evidence: Evidence) -> list[tuple[Array, ...]]:
        verdicts = []
        for statement in statements:
            compared = sides(statement, evidence)
            premises, gap = premises_hold(statement, evidence.problem), slack(statement, evidence, compared)
            ratio = bound_ratio(statement, evidence, compared)
            verdicts.append((premises, gap, premises & (gap < -TOLERANCE), ratio))
        return verdicts

    return [Findings(*parts) for parts in jax.vmap(judged)(evidence)]


def solver_of(origin: Origin, problems: Problem) -> Partial:
    """What solves each problem of a batch that was drawn in a setting, or by a sampler (`verify`)."""
    if isinstance(origin, Setting):
        return solver(origin)
    one_direction = problems.id_frame.shape[-1] == 1  # of a batch, so not `id_dim`
    return solver(Setting.ONE_ID_DIRECTION if one_direction else Setting.WIDE_SCALES)


def _conclude(statement: Statement, findings: dict[str, Findings], seconds: float) -> Verification:
    joined = jax.tree.map(lambda *parts: np.concatenate(parts), *findings.values())
    counterexamples = counterexample_slacks(statement)
    refuted = bool(counterexamples) and all(gap < -TOLERANCE for gap in counterexamples.values())
    checked, violations = int(joined.premises.sum()), int(joined.violated.sum())
    gaps = [*joined.slacks[joined.premises].tolist(), *counterexamples.values()]
    unknown = int(np.isnan(gaps).sum())
    if unknown:
        raise UserError(
            f"The sides of '{statement.name}' must be numbers wherever its premises hold, but on {unknown} of "
            f"{len(gaps)} problems one is NaN, or the smaller is infinite."
        )
    return Verification(
        name=statement.name,
        source=statement.source,
        status=status(statement, checked=checked, violations=violations, refuted=refuted),
        checked=checked,
        violations=violations,
        smallest_slack=min(gaps) if gaps else None,
        sharpness=_sharpness(statement, joined),
        sharpness_by_setting={
            name: sharpness for name, part in findings.items() if (sharpness := _sharpness(statement, part)) is not None
        },
        counterexamples=counterexamples,
        seconds=seconds,
    )


def _sharpness(statement: Statement, joined: Findings) -> Sharpness | None:
    ratios = joined.ratios[joined.premises & ~np.isnan(joined.ratios)]
    if statement.bound is None or not ratios.size:
        return None
    # A quantile is one of the ratios, so that none lies between a number and infinity.
    quantiles = np.quantile(ratios, (0.5, 0.9), method="inverted_cdf")
    median, ninth_decile = (float(value) if np.isfinite(value) else None for value in quantiles)
    return Sharpness(median=median, ninth_decile=ninth_decile, silent=float(np.mean(np.isinf(ratios))))
