"""What the theorems are judged on: exact evidence for drawn problems, integrated evidence for a few fixed ones."""

from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import Phase, settings
from jaxtyping import Array, Bool, Float
from scipy.optimize import minimize_scalar

from simulations.strategies import Geometry, Shape, problem_of
from simulations.verification.evidence import observed_evidence
from simulations.verification.families import draw_problems
from tests.support.references import RTOL, RawPath, fine_tuned, probed_head
from theory import LinearNetwork, Problem
from theory.fine_tuning import one_id_direction
from theory.reduction import ReducedProblem, reduce, squared_distance
from theory.statements import STATEMENTS, Evidence, Setting, closed_form_evidence, is_violated, slack

#: One ID direction with one feature (k = m = d - 1) and with two; one feature with k < m < d - k, the paper's premise.
ONE_DIRECTION, TWO_FEATURES, ONE_UNIT = Shape(2, 1, 1), Shape(5, 2, 1), Shape(4, 1, 2)
#: m = d - 1: a single OOD direction.
ALL_BUT_ONE = Shape(3, 1, 2)
#: Moments between which the lowest point of a path is bracketed before it is minimised.
BRACKETS = 1025
#: Linear probing divides rounding errors by the visible share of a feature: up to a thousand times 1e-16 passes as the
#: rounding that `slack` allows (1e-12), more would be judged as a violation.
VISIBLE = 1e-3
NAMES = [statement.name for statement in STATEMENTS]
#: How `find` looks for a problem that shows something: the same ones in every run, and the first is enough. To make it
#: simpler would judge hundreds more.
SEARCH = settings(max_examples=3000, derandomize=True, database=None, phases=[Phase.generate])


class Judgement(eqx.Module):
    """Premises and slack of every statement, in the order of `STATEMENTS`."""

    premises: Bool[Array, " s"]
    slacks: Float[Array, " s"]

    def premise(self, name: str) -> bool:
        return bool(self.premises[NAMES.index(name)])

    def slack(self, name: str) -> float:
        return float(self.slacks[NAMES.index(name)])


@jax.jit
def exact_evidence(problem: Problem) -> Evidence:
    """Evidence without integration: one ID direction, or one feature with isotropic covariance."""
    return closed_form_evidence(problem)


@jax.jit
def judged(problem: Problem) -> Judgement:
    """Every statement on exact evidence: one compilation a shape for the whole suite."""
    return _judgement(exact_evidence(problem))


def judged_on(evidence: Evidence) -> Judgement:
    """Every statement on evidence from anywhere."""
    return _judge(evidence)


def invisible_features(*, truth: float) -> Problem:
    """d = 2, perfect features orthogonal to the ID direction, in Pythagorean numbers whose product rounds to 1e-17."""
    features = jnp.array([[8.0, 15.0]]) / 17
    return Problem(
        truth=LinearNetwork(head=jnp.array([truth]), features=features),
        pretrained=LinearNetwork(head=jnp.zeros(1), features=features),
        id_frame=jnp.array([[15.0], [-8.0]]) / 17,
        training_covariance=jnp.eye(1),
    )


def lowest_distance(problem: Problem) -> float:
    """inf_t |w - w*| of fine-tuning with one ID direction: exact path, minimised to the last digits."""
    reduced = reduce(problem, compress=False)
    fractions = np.linspace(0.0, 1.0, BRACKETS)
    lowest = int(np.argmin(_distances(reduced, jnp.asarray(fractions))))
    bracket = fractions[max(lowest - 1, 0)], fractions[min(lowest + 1, BRACKETS - 1)]
    at_ends = [float(distance) for distance in _distances(reduced, jnp.asarray(bracket))]
    inside = minimize_scalar(
        lambda fraction: float(_distance(reduced, jnp.asarray(fraction))),
        bounds=bracket,
        method="bounded",
        options={"xatol": 1e-15},
    )
    return min(inside.fun, *at_ends)


@jax.jit
def _distance(reduced: ReducedProblem, fraction: Float[Array, ""]) -> Float[Array, ""]:
    return jnp.sqrt(squared_distance(one_id_direction.state_on_path(reduced, fraction), reduced))


_distances = jax.jit(jax.vmap(_distance, (None, 0)))


@cache
def integrated_evidence(name: str) -> Evidence:
    """A fixed problem (`FIXED`) with its raw parameters integrated by SciPy, LP from NumPy's least squares."""
    problem = FIXED[name]
    times = np.concatenate([[0.0], np.logspace(-3, 2, 60)])
    probed = probed_head(problem)
    features = np.asarray(problem.pretrained.features)
    probing = RawPath(np.stack([problem.pretrained.head, probed]), np.stack([features, features]))
    return Evidence(
        problem=problem,
        fine_tuning=_network(fine_tuned(problem, times)),
        linear_probing=_network(probing),
        lp_ft=_network(fine_tuned(problem, times, head=probed)),
        accuracy=100 * RTOL,
    )


def _judgement(evidence: Evidence) -> Judgement:
    return Judgement(
        premises=jnp.stack([statement.premises_hold(evidence.problem) for statement in STATEMENTS]),
        slacks=jnp.stack([slack(statement, evidence) for statement in STATEMENTS]),
    )


_judge = jax.jit(_judgement)


@cache
def violated_in(setting: Setting, name: str):
    """A function of a seed: whether a random problem of a setting was solved, and whether it violates a claim."""
    statement = STATEMENTS[NAMES.index(name)]

    @jax.jit
    def judge(problem: Problem) -> tuple[Bool[Array, ""], Bool[Array, ""]]:
        observed = observed_evidence(setting, problem)
        return observed.solved, is_violated(statement, observed.evidence)

    def judged_draw(seed: int) -> tuple[Bool[Array, ""], Bool[Array, ""]]:
        drawn = draw_problems(setting, jax.random.key(seed)[None])
        return judge(jax.tree.map(lambda leaf: leaf[0], drawn))

    return judged_draw


def _network(path: RawPath) -> LinearNetwork:
    # Stacked networks are built under `vmap`, where a head is a vector again.
    return jax.vmap(LinearNetwork)(jnp.asarray(path.heads), jnp.asarray(path.features))


def _fixed_geometry() -> Geometry:
    """k = 2 < m = 4 < d - k = 6, angles 0.6 and 0.9, condition number 3; generic in all else."""
    draw = np.random.default_rng(20220218)
    frame = np.linalg.qr(draw.normal(size=(8, 6)))[0]
    inside, outside, away = frame[:, :2].T, frame[:, 2:4].T, frame[:, 4:].T
    angle = np.array([[0.6], [0.9]])
    id_frame = np.linalg.qr(np.concatenate([inside, away]).T)[0]
    features = np.cos(angle) * inside + np.sin(angle) * outside
    return Geometry(
        features=features,
        away=np.linalg.qr(np.concatenate([features.T, draw.normal(size=(8, 2))], axis=1))[0][:, 2:].T,
        tilts=np.array([1.0, 0.4]),
        id_frame=id_frame,
        training_covariance=np.diag([1.0, 0.8, 0.5, 1 / 3]),
        truth_head=np.array([0.8, -0.6]),
        head=np.array([0.5, 1.2]),
        rotation=np.linalg.qr(draw.normal(size=(2, 2)))[0],
    )


FIXED = {
    "generic": problem_of(_fixed_geometry(), 0.3),
    "good features": problem_of(_fixed_geometry(), 1e-4),
    "perfect features": problem_of(_fixed_geometry(), 0.0),
}
