"""What verifications found, as a results folder keeps it: read at once, without JAX."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from artifacts import UserError, published
from theory.statements.standing import Status

#: The folder below a results folder, and the file in it.
FOLDER, FILE = "theory", "verification.json"


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


FILE_TYPE = TypeAdapter(list[Verification])


def published_verifications(results: Path) -> dict[str, Verification]:
    """What was found, by the name of the statement; empty where nothing was verified.

    Raises:
      UserError: the file is damaged, or of another version.
    """
    try:
        artifact = published(results / FOLDER)
        verifications = FILE_TYPE.validate_json((artifact.path / FILE).read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        problem = error.errors()[0]
        raise UserError(
            f"{results / FOLDER / FILE} must hold a verification, but cannot be read ({problem['msg']}); "
            f"`distort reproduce --out {results}` makes it again."
        ) from error
    return {verification.name: verification for verification in verifications}
