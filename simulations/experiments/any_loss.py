"""Beyond the paper: other losses, noisy labels and stochastic steps against the half-space bound, and Adam.

The bound rests on what no gradient step can change, so it holds for logistic loss and softmax cross-entropy as it does
for squared errors; finite steps cost what `theory.bounds.finite_steps` reads off the run. Adam's steps are no multiples
of a gradient, and it does not hold. Source: docs/theory.md, section "Any loss, any labels, finite steps".
"""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.descents import DESCENT, LANES, careful_learning_rate
from simulations.gradient_descent import N, Rates, trained, trained_with_drift
from simulations.losses import Loss, logistic_loss, softmax_loss, squared_loss
from simulations.networks import Network, SeveralOutputs
from simulations.sampling import Dimensions, equal_angles, sample_problem
from simulations.sweeps import ALONE, Watch, ensemble
from theory.bounds import half_space_lower_bound
from theory.bounds.finite_steps import Drift, finite_step_lower_bound, several_outputs_finite_step_bound

DIMENSIONS = Dimensions(input_dim=12, feature_dim=3, id_dim=5)
EXAMPLES, BATCH, OUTPUTS = 16, 4, 3
STEPS, SAVE_EVERY = 500, 5
#: Size of a step as a share of 2 / sharpness of the squared loss, and of a step of Adam, which gradients do not scale.
SHARE, ADAM_STEP = 0.1, 4e-3


class AnyLoss(Configuration):
    """`heads` scales of the starting head, evenly in logarithm; a share of the labels is flipped or noisy."""

    dimensions: Dimensions = DIMENSIONS
    heads: int
    smallest: float = 0.3
    largest: float = 10.0
    problems: int
    angle: float = 0.8
    feature_error: float = 0.05
    noise: float = 0.2
    seed: int = 11


class AnyLossPoint(eqx.Module):
    """Where in the sweep; `noise` is the share of flipped classes, or the noise of labels over their size."""

    head_scale: Float[Array | np.ndarray, "*sweep"]
    angle: Float[Array | np.ndarray, "*sweep"]
    feature_error: Float[Array | np.ndarray, "*sweep"]
    noise: Float[Array | np.ndarray, "*sweep"]


class Held(eqx.Module):
    """The lowest distance of the weights to the truth along a run, and the bound on it."""

    lowest: Float[Array | np.ndarray, "*batch"]
    bound: Float[Array | np.ndarray, "*batch"]


class FourWays(eqx.Module):
    """The same random problem with squared errors, two classes, three classes, and squared errors under Adam."""

    squared: Held
    logistic: Held
    softmax: Held
    adam: Held


class AnyLossData(eqx.Module):
    """Arrays (head scale, problem)."""

    head_scales: Float[np.ndarray, " h"]
    held: FourWays
    solved_by: str


@dataclass(frozen=True)
class FourWaysFamily:
    """Random problems of one size."""

    dimensions: Dimensions

    def __call__(self, point: AnyLossPoint, key: PRNGKeyArray) -> FourWays:
        """A random problem, trained by SGD, and by Adam on full batches."""
        problem_key, chances_key, key = jax.random.split(key, 3)
        problem = sample_problem(
            self.dimensions,
            equal_angles(self.dimensions, point.angle),
            jnp.ones(self.dimensions.id_dim),
            feature_error=point.feature_error,
            head_scale=point.head_scale,
            key=problem_key,
        )
        k, m = self.dimensions.feature_dim, self.dimensions.id_dim
        # One draw for all: each costs a second of compilation.
        drawn = jax.random.normal(chances_key, (EXAMPLES * (m + 2) + 2 * k * OUTPUTS,))
        coordinates = drawn[: EXAMPLES * m].reshape(EXAMPLES, m) / jnp.sqrt(EXAMPLES)
        noise, chance = drawn[EXAMPLES * m : EXAMPLES * (m + 2)].reshape(2, EXAMPLES)
        heads = drawn[EXAMPLES * (m + 2) :].reshape(2, k, OUTPUTS)
        inputs, flipped = coordinates @ problem.id_frame.T, jax.scipy.stats.norm.cdf(chance) < point.noise
        clean = inputs @ problem.truth.weights
        # A head of three outputs is as long as three, or nearly.
        longest = jnp.sqrt(OUTPUTS) * jnp.stack([problem.pretrained.head, problem.truth.head])
        learning_rate = careful_learning_rate(jnp.linalg.norm(coordinates, ord=2) ** 2, longest, share=SHARE)

        def run(network: N, labels: Float[Array, "n *q"], loss: Loss) -> tuple[N, Drift]:
            networks, drift = trained_with_drift(
                network,
                inputs,
                labels,
                Rates(learning_rate=learning_rate),
                steps=STEPS,
                save_every=SAVE_EVERY,
                batch_size=BATCH,
                loss=loss,
                key=key,
            )
            return networks, jax.tree.map(lambda leaf: leaf[-1], drift)

        def single(labels: Float[Array, " n"], loss: Loss) -> Held:
            networks, drift = run(problem.pretrained, labels, loss)
            return Held(_lowest(networks, problem.truth.weights), finite_step_lower_bound(problem, drift))

        start = SeveralOutputs(jnp.asarray(point.head_scale) * heads[0], problem.pretrained.features)
        target = problem.truth.features.T @ heads[1]
        # A flipped label is that of the class after the right one.
        classes = (jnp.argmax(inputs @ target, axis=1) + flipped) % OUTPUTS
        several, drift = run(start, jax.nn.one_hot(classes, OUTPUTS, dtype=inputs.dtype), softmax_loss)
        by_adam = trained(
            problem.pretrained,
            inputs,
            clean,
            Rates(learning_rate=ADAM_STEP),
            steps=STEPS,
            save_every=SAVE_EVERY,
            optimiser=optax.adam(ADAM_STEP),
            key=key,
        )
        return FourWays(
            squared=single(clean + point.noise * jnp.sqrt(jnp.mean(clean**2)) * noise, squared_loss),
            logistic=single(jnp.where((clean > 0) ^ flipped, 1.0, 0.0), logistic_loss),
            softmax=Held(
                _lowest(several, target),
                several_outputs_finite_step_bound(start.head, start.features, problem.id_frame, target, drift),
            ),
            adam=Held(_lowest(by_adam, problem.truth.weights), half_space_lower_bound(problem)),
        )


def _lowest(networks: Network, target: Float[Array, "d *q"]) -> Float[Array, ""]:
    weights = jax.vmap(lambda network: network.weights)(networks)
    flat = (weights - target).reshape(weights.shape[0], target.shape[0], -1)
    return jnp.min(jnp.linalg.norm(flat, ord=2, axis=(1, 2)))


def simulate(config: AnyLoss, watch: Watch = ALONE) -> AnyLossData:
    """The same random problems at every scale of the head."""
    scales = np.geomspace(config.smallest, config.largest, config.heads)
    fixed = (np.full_like(scales, value) for value in (config.angle, config.feature_error, config.noise))
    points = AnyLossPoint(scales, *fixed)
    held = ensemble(
        FourWaysFamily(config.dimensions), points, config.problems, seed=config.seed, lanes=LANES, watch=watch
    )
    return AnyLossData(head_scales=scales, held=held, solved_by=DESCENT)


def configuration(scale: Scale) -> AnyLoss:
    """How much at which scale."""
    heads, problems = {"quick": (4, 16), "default": (8, 64), "full": (16, 500)}[scale]
    return AnyLoss(heads=heads, problems=problems)


EXPERIMENT = Experiment(
    "any_loss",
    "Beyond the paper: any loss, noisy labels, stochastic steps",
    configuration,
    simulate,
    AnyLossData,
    beyond_the_paper=True,
    compiled_quickly_up_to="default",
    order=160,
)
