"""Beyond the paper: other losses, noisy labels and stochastic steps against the half-space bound, and Adam.

The bound rests on what no gradient step can change, so it holds for logistic loss and softmax cross-entropy as it does
for squared errors; finite steps cost what `theory.bounds.finite_steps` reads off the run. Adam's steps are no multiples of
a gradient, and it does not hold. Source: docs/theory.md, section "Any loss, any labels, finite steps".
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.descents import DESCENT, LANES, careful_learning_rate
from simulations.gradient_descent import Rates, trained, trained_with_drift
from simulations.losses import logistic_loss, softmax_loss, squared_loss
from simulations.networks import SeveralOutputs
from simulations.sampling import Dimensions, equal_angles, sample_problem
from simulations.sweeps import ALONE, Watch, ensemble
from theory.bounds import half_space_lower_bound
from theory.bounds.finite_steps import finite_step_lower_bound, several_outputs_finite_step_bound
from theory.problem import Problem

DIMENSIONS = Dimensions(input_dim=12, feature_dim=3, id_dim=5)
EXAMPLES, BATCH, OUTPUTS = 16, 4, 3
STEPS, SAVE_EVERY = 2000, 10
#: Size of a step as a share of 2 / sharpness of the squared loss, and of a step of Adam, which gradients do not scale.
SHARE, ADAM_STEP = 0.05, 1e-3


class AnyLoss(Configuration):
    """`heads` scales of the starting head, evenly in logarithm; a share of the labels is flipped or noisy."""

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


class AnyLossData(eqx.Module):
    """Arrays (head scale, problem)."""

    head_scales: Float[np.ndarray, " h"]
    squared: Held
    logistic: Held
    softmax: Held
    adam: Held
    solved_by: str


class Task(eqx.Module):
    """A problem, examples on its ID subspace, and a careful learning rate."""

    problem: Problem
    inputs: Float[Array, "n d"]
    learning_rate: Float[Array, ""]
    key: PRNGKeyArray


def squared(point: AnyLossPoint, key: PRNGKeyArray) -> Held:
    """SGD on squared errors with noise in the labels."""
    task, labels = _task(point, key), _clean(point, key)
    noise = point.noise * jnp.sqrt(jnp.mean(labels**2)) * jax.random.normal(task.key, labels.shape)
    return _held(task, labels + noise, squared_loss)


def logistic(point: AnyLossPoint, key: PRNGKeyArray) -> Held:
    """SGD on logistic loss with flipped labels."""
    task = _task(point, key)
    flipped = jax.random.uniform(task.key, (EXAMPLES,)) < point.noise
    return _held(task, jnp.where((_clean(point, key) > 0) ^ flipped, 1.0, 0.0), logistic_loss)


def softmax(point: AnyLossPoint, key: PRNGKeyArray) -> Held:
    """SGD on the cross-entropy of three classes, a share of them random."""
    task = _task(point, key)
    problem, keys = task.problem, jax.random.split(task.key, 4)
    features = problem.pretrained.features
    head, true_head = jax.random.normal(keys[0], (2, DIMENSIONS.feature_dim, OUTPUTS))
    head, target = point.head_scale * head, problem.truth.features.T @ true_head
    classes = jnp.argmax(task.inputs @ target, axis=1)
    random = jax.random.randint(keys[1], (EXAMPLES,), 0, OUTPUTS)
    classes = jnp.where(jax.random.uniform(keys[2], (EXAMPLES,)) < point.noise, random, classes)
    networks, drift = trained_with_drift(
        SeveralOutputs(head, features),
        task.inputs,
        jax.nn.one_hot(classes, OUTPUTS, dtype=head.dtype),
        Rates(learning_rate=task.learning_rate),
        steps=STEPS,
        save_every=SAVE_EVERY,
        batch_size=BATCH,
        loss=softmax_loss,
        key=keys[3],
    )
    errors = jnp.linalg.norm(jnp.einsum("tkd,tkq->tdq", networks.features, networks.head) - target, ord=2, axis=(1, 2))
    last = jax.tree.map(lambda leaf: leaf[-1], drift)
    return Held(jnp.min(errors), several_outputs_finite_step_bound(head, features, problem.id_frame, target, last))


def adam(point: AnyLossPoint, key: PRNGKeyArray) -> Held:
    """Full batches of squared errors with Adam, and the bound that its flow would have."""
    task = _task(point, key)
    networks = trained(
        task.problem.pretrained,
        task.inputs,
        _clean(point, key),
        Rates(learning_rate=ADAM_STEP),
        steps=STEPS,
        save_every=SAVE_EVERY,
        optimiser=optax.adam(ADAM_STEP),
        key=task.key,
    )
    return Held(_lowest(task.problem, networks), half_space_lower_bound(task.problem))


def _held(task: Task, labels: Float[Array, " n"], loss) -> Held:
    networks, drift = trained_with_drift(
        task.problem.pretrained,
        task.inputs,
        labels,
        Rates(learning_rate=task.learning_rate),
        steps=STEPS,
        save_every=SAVE_EVERY,
        batch_size=BATCH,
        loss=loss,
        key=task.key,
    )
    last = jax.tree.map(lambda leaf: leaf[-1], drift)
    return Held(_lowest(task.problem, networks), finite_step_lower_bound(task.problem, last))


def _lowest(problem: Problem, networks) -> Float[Array, ""]:
    weights = jnp.einsum("tkd,tk->td", networks.features, networks.head)
    return jnp.min(jnp.linalg.norm(weights - problem.truth.weights, axis=1))


def _clean(point: AnyLossPoint, key: PRNGKeyArray) -> Float[Array, " n"]:
    task = _task(point, key)
    return task.inputs @ task.problem.truth.weights


def _task(point: AnyLossPoint, key: PRNGKeyArray) -> Task:
    problem_key, inputs_key, key = jax.random.split(key, 3)
    problem = sample_problem(
        DIMENSIONS,
        equal_angles(DIMENSIONS, point.angle),
        jnp.ones(DIMENSIONS.id_dim),
        feature_error=point.feature_error,
        head_scale=point.head_scale,
        key=problem_key,
    )
    coordinates = jax.random.normal(inputs_key, (EXAMPLES, DIMENSIONS.id_dim)) / jnp.sqrt(EXAMPLES)
    largest = jnp.linalg.norm(coordinates, ord=2) ** 2
    # A head of three outputs is as long as three, or nearly.
    longest = jnp.sqrt(OUTPUTS) * jnp.stack([problem.pretrained.head, problem.truth.head])
    return Task(problem, coordinates @ problem.id_frame.T, careful_learning_rate(largest, longest, share=SHARE), key)


def simulate(config: AnyLoss, watch: Watch = ALONE) -> AnyLossData:
    """The same random problems four times."""
    scales = np.geomspace(config.smallest, config.largest, config.heads)
    fixed = (np.full_like(scales, value) for value in (config.angle, config.feature_error, config.noise))
    points = AnyLossPoint(scales, *fixed)
    found = [
        ensemble(member, points, config.problems, seed=config.seed, lanes=LANES, watch=watch)
        for member in (squared, logistic, softmax, adam)
    ]
    return AnyLossData(scales, *found, solved_by=DESCENT)


def configuration(scale: Scale) -> AnyLoss:
    heads, problems = {"quick": (4, 16), "default": (8, 64), "full": (16, 500)}[scale]
    return AnyLoss(heads=heads, problems=problems)


EXPERIMENT = Experiment(
    "any_loss",
    "Beyond the paper: any loss, noisy labels, stochastic steps",
    configuration,
    simulate,
    AnyLossData,
    beyond_the_paper=True,
)
