"""What a statement is: premises, two sides that can be computed, a proof or a counterexample, and hence a status."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import jax.numpy as jnp
from jax.errors import ConcretizationTypeError, TracerArrayConversionError, TracerIntegerConversionError
from jaxtyping import Array, Bool, Float, Shaped

from theory.alignment import truth_norm
from theory.problem import Problem
from theory.statements.evidence import Evidence
from theory.statements.standing import Status

#: Relative slack below which a side is violated: the integrators work to 1e-10, two decades of slack.
TOLERANCE = 1e-8


#: What a conserved quantity may drift, relative to its terms, when the raw parameters are integrated to 1e-10 per step.
INTEGRATION_ERROR = 1e-8


class Setting(StrEnum):
    """The family of problems on which a statement is verified; simulations.verification.checking draws them."""

    ONE_ID_DIRECTION = "m = 1, any scale and angle, closed form"
    SEVERAL_ID_DIRECTIONS = "m > 1, reduced flow integrated to its limit"
    RAW_PARAMETERS = "m > 1, raw parameters (v, B) integrated"
    PERFECT_FEATURES = "m = 1, eps = 0, closed form"
    GOOD_FEATURES = "m = 1, small eps, closed form"
    MANY_FEATURES = "m = 1, k = 8, any second moments, closed form"
    WIDE_SCALES = "m > 1, k = 3, any second moments, W from 1e-3, condition to 1e8, integrated"
    ANY_LOSS = "m > 1, squared or logistic loss on noisy labels, raw parameters integrated"
    FINITE_STEPS = "m > 1, squared or logistic loss on noisy labels, SGD"
    WEIGHT_DECAY = "m > 1, squared or logistic loss on noisy labels, weight decay, raw parameters integrated"


@dataclass(frozen=True)
class Counterexample:
    """A named instance that satisfies the premises and violates the claim, with what it shows."""

    name: str
    shows: str
    problem: Callable[[], Problem]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A claim of the form `smaller <= larger` for every problem that meets the premises.

    Attributes:
      name: as the command line takes it, and of its file.
      order: where it stands in the argument; equal ones stand in the order of their names.
      source: where the claim stands; ours are named as ours.
      claim: one sentence.
      latex: the formula.
      premises: the premises in words; `premises_hold` asks a problem for them.
      smaller, larger: the two sides, from what was observed.
      settings: families of problems that meet the premises often enough to test the claim.
      proof: the section of docs/theory.md that proves it as stated here; None where we have no proof of our own.
      published: whether the paper claims it in this form.
      bound: which side is a bound on the other; None where neither is, so that no ratio of the two means anything.
      counterexamples: instances that refute it.
      strict: the claim is `smaller < larger`, which equal sides violate.
    """

    name: str
    source: str
    claim: str
    latex: str
    premises: str
    premises_hold: Callable[[Problem], Bool[Array, ""]]
    smaller: Callable[[Evidence], Float[Array, ""]]
    larger: Callable[[Evidence], Float[Array, ""]]
    settings: tuple[Setting, ...]
    published: bool
    bound: Literal["smaller", "larger"] | None = None
    proof: str | None = None
    counterexamples: tuple[Counterexample, ...] = ()
    order: int = 1000
    strict: bool = False


def sides(statement: Statement, evidence: Evidence) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """The smaller and the larger side.

    Raises:
      ValueError: a side is no number, or cannot be traced.
    """
    return (
        _scalar(statement, "smaller", lambda: statement.smaller(evidence)),
        _scalar(statement, "larger", lambda: statement.larger(evidence)),
    )


def premises_hold(statement: Statement, problem: Problem) -> Bool[Array, ""]:
    """Whether a problem meets the premises.

    Raises:
      ValueError: the statement does not answer with one truth value, or cannot be traced.
    """
    return _scalar(statement, "premises_hold", lambda: statement.premises_hold(problem)).astype(bool)


def _scalar(statement: Statement, part: str, given: Callable[[], Array | float | bool]) -> Shaped[Array, ""]:
    try:
        value = given()
    except (ConcretizationTypeError, TracerArrayConversionError, TracerIntegerConversionError) as error:
        raise ValueError(
            f"`{part}` of the statement '{statement.name}' must be written in jax.numpy, for it is traced: `if`, "
            f"`float` and NumPy need values that are not known then (docs/own_claim.md)."
        ) from error
    if value is None or jnp.shape(value) != ():
        came = "nothing" if value is None else f"an array of shape {jnp.shape(value)}"
        raise ValueError(f"`{part}` of the statement '{statement.name}' must give a single number, got {came}.")
    return jnp.asarray(value)


def slack(
    statement: Statement, evidence: Evidence, compared: tuple[Float[Array, ""], Float[Array, ""]] | None = None
) -> Float[Array, ""]:
    """Relative gap between the sides, in [-2, 2]: negative where the claim is violated.

    Where the gap is within the evidence's accuracy the sides are equal: exactly 0, or -1 where the claim is strict.
    1 where the larger side is infinite.

    Args:
      compared: the `sides`, where they are known already: the compiler does not see that loops are the same.
    """
    smaller, larger = sides(statement, evidence) if compared is None else compared
    unbounded = jnp.isposinf(larger)
    larger = jnp.where(unbounded, 1.0, larger)
    gap = larger - jnp.where(unbounded, 0.0, smaller)
    size = truth_norm(evidence.problem) + jnp.linalg.norm(evidence.problem.pretrained.head)
    scale = jnp.maximum(jnp.abs(smaller), jnp.abs(larger))
    within_accuracy = ~unbounded & (jnp.abs(gap) <= evidence.accuracy * size)
    return jnp.where(
        unbounded,
        1.0,
        jnp.where(within_accuracy, -1.0 if statement.strict else 0.0, gap / jnp.where(scale > 0, scale, 1.0)),
    )


def bound_ratio(
    statement: Statement, evidence: Evidence, compared: tuple[Float[Array, ""], Float[Array, ""]] | None = None
) -> Float[Array, ""]:
    """How loose a bound is: the larger side over the smaller, 1 where it is attained.

    Infinite where the bound says nothing: a lower one within the evidence's accuracy of 0, an upper one that is
    infinite. NaN where what it bounds is within that accuracy of 0 itself.

    Args:
      compared: as for `slack`.
    """
    smaller, larger = sides(statement, evidence) if compared is None else compared
    size = truth_norm(evidence.problem) + jnp.linalg.norm(evidence.problem.pretrained.head)
    positive = smaller > evidence.accuracy * size
    ratio = jnp.where(positive, larger / jnp.where(positive, smaller, 1.0), jnp.inf)
    bounded = smaller if statement.bound == "larger" else larger
    return jnp.where(bounded > evidence.accuracy * size, ratio, jnp.nan)


def is_violated(statement: Statement, evidence: Evidence) -> Bool[Array, ""]:
    """Whether the premises hold and the smaller side exceeds the larger one by more than numerical error."""
    return premises_hold(statement, evidence.problem) & (slack(statement, evidence) < -TOLERANCE)


def status(statement: Statement, *, checked: int, violations: int, refuted: bool) -> Status:
    """The status that follows from a verification.

    Args:
      checked: problems that met the premises.
      violations: how many of them violated the claim.
      refuted: whether the statement's counterexamples do violate it, as computed now.
    """
    if refuted:
        return Status.FALSE
    if violations:
        return Status.VIOLATED
    if not checked:
        return Status.UNVERIFIED
    if statement.proof is not None:
        return Status.PROVED
    return Status.AS_PUBLISHED if statement.published else Status.CONJECTURED
