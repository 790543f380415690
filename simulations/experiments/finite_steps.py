"""Beyond the paper, simulation only: finite steps, minibatches and noisy labels against gradient flow.

Fine-tuning by full-batch descent, by SGD, and by SGD on labels that get fresh noise in every step, on problems whose
flow is known in closed form (one feature, isotropic training covariance). The step is given as a share of 2 / sharpness
at the limit of the flow, beyond which descent could not stay there. No theorem speaks about finite steps.
"""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.descents import DESCENT, LANES
from simulations.experiments.families import ONE_UNIT
from simulations.gradient_descent import Rates, trained
from simulations.sampling import equal_angles, sample_frame, sample_problem
from simulations.sweeps import ALONE, Watch, ensemble
from theory.fine_tuning import one_active_unit
from theory.reduction import network_at, reduce
from theory.risks import ood_risk

EXAMPLES, BATCH, STEPS = 8, 2, 3000


class FiniteSteps(Configuration):
    """`steps` sizes of the step, evenly in logarithm; label noise as a standard deviation, labels being of order 1."""

    steps: int
    smallest: float = 0.01
    largest: float = 0.8
    problems: int
    label_noise: float = 0.1
    feature_error: float = 0.05
    angle: float = 0.8
    seed: int = 6


class FiniteStepsPoint(eqx.Module):
    """Where in the sweep; `share` is the step over 2 / sharpness."""

    share: Float[Array | np.ndarray, "*sweep"]
    label_noise: Float[Array | np.ndarray, "*sweep"]
    feature_error: Float[Array | np.ndarray, "*sweep"]
    angle: Float[Array | np.ndarray, "*sweep"]


class Deviation(eqx.Module):
    """After training: |w - w_flow| / |w_flow - w*|, and OOD risk over that of the flow; not finite where diverged."""

    distance: Float[Array | np.ndarray, "*batch"]
    risk_ratio: Float[Array | np.ndarray, "*batch"]


class FiniteStepsData(eqx.Module):
    """Arrays (step, problem)."""

    shares: Float[np.ndarray, " s"]
    full_batch: Deviation
    minibatches: Deviation
    noisy_labels: Deviation
    solved_by: str


def full_batch(point: FiniteStepsPoint, key: PRNGKeyArray) -> Deviation:
    """A random problem, trained on all examples at once."""
    return _trained(point, key, batch_size=None)


def minibatches(point: FiniteStepsPoint, key: PRNGKeyArray) -> Deviation:
    """A random problem, trained on two of eight examples at a time, with the point's label noise."""
    return _trained(point, key, batch_size=BATCH)


def _trained(point: FiniteStepsPoint, key: PRNGKeyArray, batch_size: int | None) -> Deviation:
    problem_key, inputs_key, key = jax.random.split(key, 3)
    problem = sample_problem(
        ONE_UNIT,
        equal_angles(ONE_UNIT, point.angle),
        jnp.ones(ONE_UNIT.id_dim),
        feature_error=point.feature_error,
        key=problem_key,
    )
    # A random frame on the left gives more examples and the same covariance.
    inputs = sample_frame(EXAMPLES, ONE_UNIT.id_dim, key=inputs_key) @ problem.id_frame.T
    reduced = reduce(problem, compress=False)
    limit = one_active_unit.limit(reduced)
    flow = network_at(limit, reduced, problem)
    sharpness = 2 * (jnp.sum(limit.head**2) + jnp.sum(limit.id_features**2))
    run = trained(
        problem.pretrained,
        inputs,
        inputs @ problem.truth.weights,
        Rates(learning_rate=point.share * 2 / sharpness, label_noise=point.label_noise),
        steps=STEPS,
        save_every=STEPS,
        batch_size=batch_size,
        noisy=batch_size is not None,
        key=key,
    )
    end = jax.tree.map(lambda leaf: leaf[-1], run)
    missed = jnp.linalg.norm(flow.weights - problem.truth.weights)
    return Deviation(
        distance=jnp.linalg.norm(end.weights - flow.weights) / missed,
        risk_ratio=ood_risk(end, problem) / ood_risk(flow, problem),
    )


def simulate(config: FiniteSteps, watch: Watch = ALONE) -> FiniteStepsData:
    """The same random problems at every step size, three ways."""
    shares = np.geomspace(config.smallest, config.largest, config.steps)

    def points(label_noise: float) -> FiniteStepsPoint:
        values = (shares, label_noise, config.feature_error, config.angle)
        return FiniteStepsPoint(*(np.array(value, dtype=float) for value in np.broadcast_arrays(*values)))

    swept = partial(ensemble, problems=config.problems, seed=config.seed, lanes=LANES, watch=watch)
    return FiniteStepsData(
        shares=shares,
        full_batch=swept(full_batch, points(0.0)),
        minibatches=swept(minibatches, points(0.0)),
        noisy_labels=swept(minibatches, points(config.label_noise)),
        solved_by=DESCENT,
    )


def configuration(scale: Scale) -> FiniteSteps:
    steps, problems = {"quick": (8, 8), "default": (13, 64), "full": (31, 1000)}[scale]
    return FiniteSteps(steps=steps, problems=problems)


EXPERIMENT = Experiment(
    "finite_steps",
    "Beyond the paper: finite steps and stochastic gradients",
    configuration,
    simulate,
    FiniteStepsData,
    beyond_the_paper=True,
)
