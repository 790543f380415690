"""The search: rounds of descents over problems of several shapes, until a violation or the end of the budget."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import jax

from artifacts import ArgumentError
from artifacts.runtime import compute_in_one_thread
from simulations.attack.coordinates import AttackShape
from simulations.attack.descent import STARTS, STEPS, lowest_problems
from simulations.attack.witness import Instance, instance_of, judged_ratio
from simulations.sampling import Dimensions
from theory.statements import Statement
from theory.statements.statement import TOLERANCE

#: Shapes that rounds alternate between: one ID direction and several, with one feature and two; then wide ones.
SHAPES = (
    AttackShape(1, 1),
    AttackShape(2, 1),
    AttackShape(1, 2),
    AttackShape(2, 2),
    AttackShape(8, 1, wide=True),
    AttackShape(3, 4, wide=True),
)
PROBLEMS_PER_ROUND = STARTS * STEPS
#: Problems of each round that are judged on accurate paths: the best by the coarse one.
CANDIDATES = 8


def shapes_of(dimensions: Dimensions) -> tuple[AttackShape, AttackShape]:
    """The shapes that a search in these dimensions alternates between: of moderate condition, and wide."""
    d, k, m = dimensions.input_dim, dimensions.feature_dim, dimensions.id_dim
    return AttackShape(k, m, inputs=d), AttackShape(k, m, wide=True, inputs=d)


@dataclass(frozen=True)
class Attack:
    """What a search found.

    Attributes:
      smallest_ratio: smallest ratio, larger side over smaller side, over all problems judged; below 1 is a violation.
        None where no problem gave sides that could be compared.
      violated: whether the ratio lies below 1 by more than numerical error.
      instance: the problem that gave it.
      evaluated: problems that the descents visited.
    """

    name: str
    smallest_ratio: float | None
    violated: bool
    instance: Instance | None
    evaluated: int


def attack(
    statement: Statement,
    *,
    budget: int | None = None,
    minutes: float | None = None,
    shapes: Sequence[AttackShape] = SHAPES,
    seed: int = 0,
) -> Attack:
    """Search for a problem that violates a statement; stops at the first round that finds one.

    Args:
      budget: how many problems may be evaluated, at least a round of `PROBLEMS_PER_ROUND`; None for no limit.
      minutes: for how long rounds may begin; None for no limit.
      shapes: shapes of the problems, taken in turn; `shapes_of` has those of given dimensions.
      seed: decides where each round starts.
    Raises:
      ArgumentError: a limit that allows nothing, or no limit at all.
    """
    if budget is None and minutes is None:
        raise ArgumentError("A search must have a `budget` or `minutes`, got neither.")
    if budget is not None and budget < PROBLEMS_PER_ROUND:
        raise ArgumentError(f"`budget` must be at least one round of {PROBLEMS_PER_ROUND} problems, got {budget}.")
    if minutes is not None and not minutes > 0:
        raise ArgumentError(f"`minutes` must be positive, got {minutes}.")
    compute_in_one_thread()
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    smallest, instance, rounds = None, None, 0
    while _may_begin(rounds, budget, deadline):
        key = jax.random.fold_in(jax.random.key(seed), rounds)
        candidates = lowest_problems(statement, shapes[rounds % len(shapes)], CANDIDATES, key=key)
        rounds += 1
        violated = False
        for problem in candidates:
            ratio, gap = judged_ratio(statement, problem)
            if ratio is not None and (smallest is None or ratio < smallest):
                smallest, instance, violated = ratio, instance_of(problem), gap < -TOLERANCE
        if violated:
            return Attack(statement.name, smallest, True, instance, rounds * PROBLEMS_PER_ROUND)
    return Attack(statement.name, smallest, False, instance, rounds * PROBLEMS_PER_ROUND)


def _may_begin(rounds: int, budget: int | None, deadline: float | None) -> bool:
    within_budget = budget is None or (rounds + 1) * PROBLEMS_PER_ROUND <= budget
    # The first round always runs, so that every search has something to say.
    return within_budget and (deadline is None or rounds == 0 or time.monotonic() < deadline)
