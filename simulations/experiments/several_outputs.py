"""Beyond the paper: several outputs, `f(x) = V^T B x`, with the lower bound that theory has for them.

Small steps of gradient descent stand in for the flow, for which the bound is proved. Norms are operator norms: D is the
largest OOD error over inputs in the unit ball and output directions. Source: docs/theory.md, section "Several outputs".
"""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.by_method import ByMethod
from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.descents import DESCENT, LANES, careful_learning_rate, few_inputs, probed_head
from simulations.gradient_descent import Rates, trained_with_drift
from simulations.networks import SeveralOutputs
from simulations.sampling import Dimensions, equal_angles, sample_problem, spread_eigenvalues
from simulations.starting_heads import from_each_head
from simulations.sweeps import ALONE, Watch, ensemble
from theory.bounds.finite_steps import Drift, several_outputs_finite_step_bound
from theory.bounds.several_outputs import several_outputs_implicit_bound
from theory.subspaces import aligning_rotation, off_subspace_cosine

#: Steps between two looks at the error along training.
SAVE_EVERY = 50


class SeveralOutputsSweep(Configuration):
    """`errors` values of eps, evenly in logarithm; the angle in radians."""

    dimensions: Dimensions = Dimensions(input_dim=16, feature_dim=4, id_dim=8)
    outputs: int = 3
    condition: float = 4.0
    training_steps: int = 5000
    errors: int
    smallest: float = 1e-4
    largest: float = 1.0
    problems: int
    angle: float = 0.8
    seed: int = 8


class SeveralOutputsPoint(eqx.Module):
    """Where in the sweep."""

    feature_error: Float[Array | np.ndarray, "*sweep"]
    angle: Float[Array | np.ndarray, "*sweep"]


class OperatorError(eqx.Module):
    """`||B^T V - W*||_2` at the end of training, and its extremes over training, of which probing has the end alone."""

    end: Float[Array | np.ndarray, "*batch"]
    lowest: Float[Array | np.ndarray, "*batch"]
    highest: Float[Array | np.ndarray, "*batch"]

    @classmethod
    def along(cls, errors: Float[Array, " t"]) -> "OperatorError":
        """Of a path."""
        return cls(end=errors[-1], lowest=jnp.min(errors), highest=jnp.max(errors))


class OperatorErrors(eqx.Module):
    """The methods, and the larger of the implicit and the half-space bound on fine-tuning at every time."""

    methods: ByMethod[OperatorError]
    lower_bound: Float[Array | np.ndarray, "*batch"]


class SeveralOutputsData(eqx.Module):
    """Arrays (eps, problem)."""

    feature_errors: Float[np.ndarray, " e"]
    errors: OperatorErrors
    outputs: int
    solved_by: str


@dataclass(frozen=True)
class SeveralOutputsFamily:
    """Random problems with several outputs, trained."""

    dimensions: Dimensions
    outputs: int
    condition: float
    training_steps: int

    def __call__(self, point: SeveralOutputsPoint, key: PRNGKeyArray) -> OperatorErrors:
        """A random problem, trained."""
        problem_key, head_key = jax.random.split(key)
        problem = sample_problem(
            self.dimensions,
            equal_angles(self.dimensions, point.angle),
            spread_eigenvalues(self.dimensions.id_dim, self.condition),
            feature_error=point.feature_error,
            key=problem_key,
        )
        features = problem.pretrained.features
        aligned = aligning_rotation(features, problem.truth.features) @ problem.truth.features
        shape = (2, self.dimensions.feature_dim, self.outputs)
        true_head, head = jax.random.normal(head_key, shape) / jnp.sqrt(self.outputs)
        true_head = true_head / jnp.linalg.norm(true_head, ord=2)
        target, inputs = aligned.T @ true_head, few_inputs(problem)
        labels = inputs @ target
        probed = probed_head(inputs @ features.T, labels, head)
        rates = Rates(learning_rate=careful_learning_rate(jnp.ones(()), head, probed, true_head))

        def along(start: Float[Array, "k q"]) -> tuple[OperatorError, Drift]:
            network, steps = SeveralOutputs(start, features), self.training_steps
            run, drift = trained_with_drift(network, inputs, labels, rates, steps=steps, save_every=SAVE_EVERY, key=key)
            weights = jnp.einsum("tkd,tkq->tdq", run.features, run.head)
            error = OperatorError.along(jnp.linalg.norm(weights - target, ord=2, axis=(1, 2)))
            return error, jax.tree.map(lambda leaf: leaf[-1], drift)

        probing = OperatorError.along(jnp.linalg.norm(features.T @ probed - target, ord=2)[None])
        (fine_tuning, drift), (lp_ft, _) = from_each_head(along, head, probed)
        bounds = (
            several_outputs_implicit_bound(
                head, true_head, jnp.asarray(point.feature_error), off_subspace_cosine(features, problem.id_frame)
            ),
            several_outputs_finite_step_bound(head, features, problem.id_frame, target, drift),
        )
        return OperatorErrors(methods=ByMethod(probing, fine_tuning, lp_ft), lower_bound=jnp.maximum(*bounds))


def simulate(config: SeveralOutputsSweep, watch: Watch = ALONE) -> SeveralOutputsData:
    """The same random problems at every eps."""
    errors = np.geomspace(config.smallest, config.largest, config.errors)
    points = SeveralOutputsPoint(feature_error=errors, angle=np.full_like(errors, config.angle))
    family = SeveralOutputsFamily(config.dimensions, config.outputs, config.condition, config.training_steps)
    errors_of_methods = ensemble(family, points, config.problems, seed=config.seed, lanes=LANES, watch=watch)
    return SeveralOutputsData(
        feature_errors=errors, errors=errors_of_methods, outputs=config.outputs, solved_by=DESCENT
    )


def configuration(scale: Scale) -> SeveralOutputsSweep:
    """How much at which scale."""
    errors, problems = {"quick": (8, 8), "default": (13, 64), "full": (25, 500)}[scale]
    return SeveralOutputsSweep(errors=errors, problems=problems)


EXPERIMENT = Experiment(
    "several_outputs",
    "Beyond the paper: several outputs",
    configuration,
    simulate,
    SeveralOutputsData,
    beyond_the_paper=True,
    order=120,
)
