"""What a search found, as plain numbers that can be kept, read back and judged again to the last bit."""

from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from pydantic import ValidationError

from artifacts import UserError
from artifacts.files import write_json
from artifacts.frozen import Frozen
from artifacts.reading import MOST_TEXT, read_regular
from simulations.attack.coarse_path import examples_key, trained_setting
from simulations.attack.coordinates import size
from simulations.attack.descent import SMALLEST_SIDE
from simulations.verification.evidence import ObservedEvidence, integrated_evidence, observed_evidence, wide_times
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.statements import Statement, closed_form_evidence, premises_hold, sides, slack

#: Moments on the path on which a problem is judged: a fine search over time.
CLOSED_FORM_MOMENTS = 4097
INTEGRATED_MOMENTS = 400

Matrix = list[list[float]]


class Instance(Frozen):
    """A problem as nested lists of floats, which JSON keeps to the last bit."""

    truth_head: list[float]
    truth_features: Matrix
    pretrained_head: list[float]
    pretrained_features: Matrix
    id_frame: Matrix
    training_covariance: Matrix
    ood_covariance: Matrix | None = None


class Witness(Frozen):
    """A problem, the statement that it was judged on, and the ratio of the larger side to the smaller."""

    statement: str
    ratio: float
    instance: Instance


def save(witness: Witness, path: Path) -> None:
    """Write a witness as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, witness.model_dump())


def load(path: Path) -> Witness:
    """Read a witness back.

    Raises:
      UserError: there is no such file, or it is not a witness.
    """
    try:
        return Witness.model_validate_json(read_regular(path, MOST_TEXT))
    except OSError as error:
        raise UserError(f"The witness must be a readable file, got {path} ({error.strerror}).") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise UserError(
            f"A witness must be a JSON file that `distort theory attack` wrote, got {path}: {where}: {first['msg']}."
        ) from error


def instance_of(problem: Problem) -> Instance:
    """A problem as plain numbers."""
    return Instance(
        truth_head=np.asarray(problem.truth.head).tolist(),
        truth_features=np.asarray(problem.truth.features).tolist(),
        pretrained_head=np.asarray(problem.pretrained.head).tolist(),
        pretrained_features=np.asarray(problem.pretrained.features).tolist(),
        id_frame=np.asarray(problem.id_frame).tolist(),
        training_covariance=np.asarray(problem.training_covariance).tolist(),
        ood_covariance=None if problem.ood_covariance is None else np.asarray(problem.ood_covariance).tolist(),
    )


def problem_from(instance: Instance) -> Problem:
    """The problem that these numbers describe, its premises checked again.

    Raises:
      UserError: the numbers describe no problem.
    """
    try:
        arrays = {name: jnp.asarray(numbers, dtype=jnp.float64) for name, numbers in instance if numbers is not None}
        return Problem(
            truth=LinearNetwork(arrays["truth_head"], arrays["truth_features"]),
            pretrained=LinearNetwork(arrays["pretrained_head"], arrays["pretrained_features"]),
            id_frame=arrays["id_frame"],
            training_covariance=arrays["training_covariance"],
            ood_covariance=arrays.get("ood_covariance"),
        )
    except (ValueError, TypeError) as error:
        raise UserError(f"The numbers of a witness must describe a problem: {error}") from error


def judged_ratio(statement: Statement, problem: Problem) -> tuple[float | None, float]:
    """The ratio of the sides with a fine search over time, and the slack; None where the problem does not count.

    It does not count where its premises fail, where a side is within rounding of 0, or where it could not be solved.
    """
    ratio, gap, counts = _judged(statement, problem)
    return (float(ratio), float(gap)) if counts else (None, 0.0)


@eqx.filter_jit
def _judged(statement: Statement, problem: Problem) -> tuple[Float[Array, ""], Float[Array, ""], Bool[Array, ""]]:
    observed = _fine_evidence(statement, problem)
    smaller, larger = sides(statement, observed.evidence)
    counts = observed.solved & premises_hold(statement, problem) & (smaller > SMALLEST_SIDE * size(problem))
    return larger / smaller, slack(statement, observed.evidence, (smaller, larger)), counts


def _fine_evidence(statement: Statement, problem: Problem) -> ObservedEvidence:
    setting = trained_setting(statement)
    if setting is not None:
        return observed_evidence(setting, problem, examples_key(problem))
    if problem.id_dim == 1:
        evidence = closed_form_evidence(problem, moments=CLOSED_FORM_MOMENTS)
        return ObservedEvidence(evidence=evidence, solved=jnp.asarray(True))
    return integrated_evidence(problem, wide_times(problem, INTEGRATED_MOMENTS), stiff=True)
