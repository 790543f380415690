"""Beyond the paper: the last two linear layers on real digits, trained with cross-entropy and SGD, above the bound.

Inputs are the pixels of scikit-learn's handwritten digits; the pretrained features their first principal components,
found on digits that training does not see. Few training images span the ID subspace, and every other digit lies partly
outside it. The truth is a linear classifier fitted to all images. Nothing here is simulated but the starting heads.
Source: docs/theory.md, section "Any loss, any labels, finite steps"; Alpaydin and Kaynak, 1998 (the digits).
"""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.descents import DESCENT
from simulations.gradient_descent import Rates, trained_with_drift
from simulations.losses import softmax_loss
from simulations.networks import SeveralOutputs
from simulations.sweeps import ALONE, Watch
from theory.bounds.finite_steps import several_outputs_finite_step_bound
from theory.row_space import row_space
from theory.subspaces import off_projection

CLASSES, MOMENTS = 10, 40
#: Penalty of the classifier that stands for the truth: scikit-learn's own.
PENALTY = 1.0


class LastLayersOnDigits(Configuration):
    """Heads are normal with these standard deviations; the learning rate is that of the mean loss of an example."""

    head_scales: tuple[float, ...] = (0.3, 1.0, 3.0)
    features: int = 16
    examples: int = 40
    batch: int = 8
    learning_rate: float = 0.02
    steps: int
    seed: int = 12


class LastLayersOnDigitsData(eqx.Module):
    """Arrays (head scale, step): distances and sizes of weights with their bounds, and accuracies.

    `||B^T V - W*||` and the bound on it; how large the weights are off the ID subspace, `||P_perp B^T V||`, and the
    bound on that (the same with nothing for a truth); accuracies in [0, 1] on images of training and on others.
    """

    head_scales: Float[np.ndarray, " h"]
    steps: Float[np.ndarray, " t"]
    distance: Float[np.ndarray, "h t"]
    bound: Float[np.ndarray, "h t"]
    unseen_size: Float[np.ndarray, "h t"]
    unseen_bound: Float[np.ndarray, "h t"]
    training_accuracy: Float[np.ndarray, "h t"]
    test_accuracy: Float[np.ndarray, "h t"]
    solved_by: str


class DigitFeatures(eqx.Module):
    """Pretrained features, training images and their classes, test images and theirs, and the weights of the truth."""

    features: Float[Array, "k d"]
    id_frame: Float[Array, "d m"]
    inputs: Float[Array, "n d"]
    labels: Float[Array, "n q"]
    test_inputs: Float[Array, "l d"]
    test_labels: Float[Array, "l q"]
    target: Float[Array, "d q"]


def digits(config: LastLayersOnDigits) -> DigitFeatures:
    """The real images, in three parts: for pretraining, training, and testing."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    pixels, classes = load_digits(return_X_y=True)
    inputs = np.asarray(pixels - pixels.mean(axis=0)) / 16
    order = np.random.default_rng(config.seed).permutation(len(inputs))
    pretraining, rest = order[: len(order) // 2], order[len(order) // 2 :]
    seen, unseen = rest[: config.examples], rest[config.examples :]
    classifier = LogisticRegression(C=PENALTY, fit_intercept=False, max_iter=1000).fit(inputs, classes)
    axes = np.linalg.svd(inputs[pretraining], full_matrices=False)[2]
    one_hot = np.eye(CLASSES)[classes]
    return DigitFeatures(
        features=jnp.asarray(axes[: config.features]),
        id_frame=jnp.asarray(row_space(inputs[seen]).rows.T),
        inputs=jnp.asarray(inputs[seen]),
        labels=jnp.asarray(one_hot[seen]),
        test_inputs=jnp.asarray(inputs[unseen]),
        test_labels=jnp.asarray(one_hot[unseen]),
        target=jnp.asarray(classifier.coef_.T),
    )


@partial(jax.jit, static_argnames="config")
def _fine_tuned(
    data: DigitFeatures, scale: Float[Array, ""], config: LastLayersOnDigits, key: PRNGKeyArray
) -> tuple[Float[Array, " t"], ...]:
    head_key, key = jax.random.split(key)
    head = scale * jax.random.normal(head_key, (config.features, CLASSES))
    networks, drift = trained_with_drift(
        SeveralOutputs(head, data.features),
        data.inputs,
        data.labels,
        Rates(learning_rate=config.learning_rate / config.examples),
        steps=config.steps,
        save_every=config.steps // MOMENTS,
        batch_size=config.batch,
        loss=softmax_loss,
        key=key,
    )
    weights = jnp.einsum("tkd,tkq->tdq", networks.features, networks.head)

    def bounds(target: Float[Array, "d q"]) -> Float[Array, " t"]:
        return jax.lax.map(
            lambda drift: several_outputs_finite_step_bound(head, data.features, data.id_frame, target, drift), drift
        )

    def accuracy(inputs: Float[Array, "n d"], labels: Float[Array, "n q"]) -> Float[Array, " t"]:
        chosen = jnp.argmax(jnp.einsum("nd,tdq->tnq", inputs, weights), axis=2)
        return jnp.mean(chosen == jnp.argmax(labels, axis=1), axis=1)

    return (
        jnp.linalg.norm(weights - data.target, ord=2, axis=(1, 2)),
        bounds(data.target),
        jnp.linalg.norm(jax.vmap(lambda weight: off_projection(data.id_frame, weight))(weights), ord=2, axis=(1, 2)),
        bounds(jnp.zeros_like(data.target)),
        accuracy(data.inputs, data.labels),
        accuracy(data.test_inputs, data.test_labels),
    )


def simulate(config: LastLayersOnDigits, watch: Watch = ALONE) -> LastLayersOnDigitsData:
    """One run for each scale of the head."""
    data, key = digits(config), jax.random.key(config.seed)
    scales = np.array(config.head_scales)
    runs = [_fine_tuned(data, jnp.asarray(scale), config, key) for scale in scales]
    curves = (np.stack([np.asarray(part) for part in parts]) for parts in zip(*runs, strict=True))
    return LastLayersOnDigitsData(scales, np.linspace(0.0, config.steps, MOMENTS + 1), *curves, solved_by=DESCENT)


def configuration(scale: Scale) -> LastLayersOnDigits:
    """How much at which scale."""
    return LastLayersOnDigits(steps={"quick": 2000, "default": 20_000, "full": 100_000}[scale])


EXPERIMENT = Experiment(
    "last_layers_on_digits",
    "Beyond the paper: the last two layers on real digits",
    configuration,
    simulate,
    LastLayersOnDigitsData,
    beyond_the_paper=True,
    compiled_quickly_up_to="default",
    order=170,
)
