"""Beyond the paper, simulation only: finite steps, minibatches and noisy labels against gradient flow.

Fine-tuning by full-batch descent, by SGD, and by SGD on labels that get fresh noise in every step, on problems whose
flow is known in closed form (one feature, isotropic training covariance). The step is given as a share of 2 / sharpness
at the limit of the flow, beyond which descent could not stay there. No theorem speaks about finite steps.
"""

from dataclasses import dataclass
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from pydantic import model_validator

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.descents import DESCENT, LANES
from simulations.experiments.families import ONE_UNIT, ExactFamily
from simulations.gradient_descent import Rates, trained
from simulations.sampling import Dimensions, equal_angles, sample_frame, sample_problem
from simulations.sweeps import ALONE, Watch, ensemble
from theory.fine_tuning import one_active_unit
from theory.reduction import network_at, reduce
from theory.risks import ood_risk


class FiniteSteps(Configuration):
    """`steps` sizes of the step, evenly in logarithm; label noise as a standard deviation, labels being of order 1."""

    dimensions: Dimensions = ONE_UNIT
    examples: int = 8
    batch_size: int = 2
    training_steps: int = 3000
    steps: int
    smallest: float = 0.01
    largest: float = 0.8
    problems: int
    label_noise: float = 0.1
    feature_error: float = 0.05
    angle: float = 0.8
    seed: int = 6

    @model_validator(mode="after")
    def _premises(self) -> "FiniteSteps":
        if self.dimensions.feature_dim != 1:
            raise ValueError(f"The flow in closed form must have one feature, got k={self.dimensions.feature_dim}.")
        if not 1 <= self.batch_size <= self.examples or self.examples < self.dimensions.id_dim:
            raise ValueError(
                f"`examples` must be at least `batch_size` and m, got {self.examples} examples, batches of "
                f"{self.batch_size} and m={self.dimensions.id_dim}."
            )
        return self


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


@dataclass(frozen=True)
class Descended:
    """Random problems, fine-tuned by steps of gradient descent.

    Attributes:
      examples: at least as many as ID directions, whose covariance they have exactly.
      batch_size: None is all examples at once, without label noise; otherwise labels have the point's noise.
    """

    family: ExactFamily
    examples: int
    batch_size: int | None
    training_steps: int

    def __call__(self, point: FiniteStepsPoint, key: PRNGKeyArray) -> Deviation:
        """A random problem, fine-tuned by descent and by the flow."""
        problem_key, inputs_key, key = jax.random.split(key, 3)
        dimensions, steps = self.family.dimensions, self.training_steps
        problem = sample_problem(
            dimensions,
            equal_angles(dimensions, point.angle),
            jnp.ones(dimensions.id_dim),
            feature_error=point.feature_error,
            key=problem_key,
        )
        # A random frame on the left gives more examples and the same covariance.
        inputs = sample_frame(self.examples, dimensions.id_dim, key=inputs_key) @ problem.id_frame.T
        reduced = reduce(problem, compress=False)
        limit = one_active_unit.limit(reduced)
        flow = network_at(limit, reduced, problem)
        sharpness = 2 * (jnp.sum(limit.head**2) + jnp.sum(limit.id_features**2))
        run = trained(
            problem.pretrained,
            inputs,
            inputs @ problem.truth.weights,
            Rates(learning_rate=jnp.asarray(point.share) * 2 / sharpness, label_noise=jnp.asarray(point.label_noise)),
            steps=steps,
            save_every=steps,
            batch_size=self.batch_size,
            noisy=self.batch_size is not None,
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
    family = ExactFamily(config.dimensions)
    full_batch, minibatches = (
        Descended(family, config.examples, batch_size, config.training_steps)
        for batch_size in (None, config.batch_size)
    )
    return FiniteStepsData(
        shares=shares,
        full_batch=swept(full_batch, points(0.0)),
        minibatches=swept(minibatches, points(0.0)),
        noisy_labels=swept(minibatches, points(config.label_noise)),
        solved_by=DESCENT,
    )


def configuration(scale: Scale) -> FiniteSteps:
    """How much at which scale."""
    steps, problems = {"quick": (8, 8), "default": (13, 64), "full": (31, 1000)}[scale]
    return FiniteSteps(steps=steps, problems=problems)


EXPERIMENT = Experiment(
    "finite_steps",
    "Beyond the paper: finite steps and stochastic gradients",
    configuration,
    simulate,
    FiniteStepsData,
    beyond_the_paper=True,
    order=140,
)
