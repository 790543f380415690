"""Fine-tuning: SGD with momentum, cosine steps per epoch, evaluation of every set after every epoch.

Source: protocol section 4. Loss is mean cross-entropy; momentum 0.9, no weight decay, no augmentation (as the paper
has it for CIFAR-10); the last partial batch is kept. Batch order is a pure function of seed and epoch, so a run is
determined by its configuration.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float32, Int, Int32, UInt8
from pydantic import BaseModel, ConfigDict

from empirical.backbones.backbone import NormMode
from empirical.backbones.classifier import Classifier, cross_entropy
from empirical.methods import Method, trained_parameters

MOMENTUM = 0.9
OPTIMISER = optax.trace(decay=MOMENTUM)  # PyTorch's SGD: the learning rate stays outside the momentum buffer


class TrainingRun(BaseModel):
    """One run, completely."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method
    learning_rate: float
    epochs: int
    batch_size: int
    seed: int


class TrainingSet(NamedTuple):
    images: UInt8[Array, "n 32 32 3"]
    labels: Int32[Array, " n"]


class Epoch(NamedTuple):
    """The state after an epoch; epoch 0 is before training and has no loss."""

    epoch: int
    learning_rate: float
    training_loss: float | None
    classifier: Classifier


def cosine_learning_rate(initial: float, epoch: int, epochs: int) -> float:
    """lr0 (1 + cos(pi e / T)) / 2 in epoch e = 0 .. T - 1; the last epoch still moves."""
    return initial * (1 + math.cos(math.pi * epoch / epochs)) / 2


def batch_order(count: int, *, seed: int, epoch: int) -> Int[np.ndarray, " count"]:
    """The order in which an epoch visits the training images."""
    return np.random.default_rng([seed, epoch]).permutation(count)


def fine_tune(
    start: Classifier, data: TrainingSet, run: TrainingRun, after_epoch: Callable[[Epoch], None]
) -> str | None:
    """Train, handing every epoch to `after_epoch`, the untrained state first.

    Returns:
      None, or why the run ended early: a loss that is not finite ends it before that epoch is handed on.
    """
    mask = trained_parameters(start, run.method)
    classifier, momentum = start, OPTIMISER.init(eqx.filter(start, mask))
    after_epoch(Epoch(0, 0.0, None, start))
    for epoch in range(run.epochs):
        learning_rate = cosine_learning_rate(run.learning_rate, epoch, run.epochs)
        order = batch_order(len(data.labels), seed=run.seed, epoch=epoch)
        losses = []
        for batch in np.split(order, range(run.batch_size, len(order), run.batch_size)):
            classifier, momentum, loss = _step(
                classifier, momentum, data, jnp.asarray(batch, jnp.int32), jnp.float32(learning_rate), run.method
            )
            losses.append(loss)
        mean_loss = float(np.mean([np.float64(loss) for loss in losses]))
        if not math.isfinite(mean_loss):
            return f"the training loss was {mean_loss} in epoch {epoch + 1}"
        after_epoch(Epoch(epoch + 1, learning_rate, mean_loss, classifier))
    return None


@eqx.filter_jit
def _step(
    classifier: Classifier,
    momentum: Any,
    data: TrainingSet,
    batch: Int32[Array, " b"],
    learning_rate: Float32[Array, ""],
    method: Method,
) -> tuple[Classifier, Any, Float32[Array, ""]]:
    mask = trained_parameters(classifier, method)
    trained, fixed = eqx.partition(classifier, mask)
    images, labels = data.images[batch] / jnp.float32(255), data.labels[batch]
    (loss, after), gradient = eqx.filter_value_and_grad(partial(_loss, norm_mode=method.norm_mode), has_aux=True)(
        trained, fixed, images, labels
    )
    updates, momentum = OPTIMISER.update(gradient, momentum)
    moved = eqx.combine(jax.tree.map(lambda p, u: p - learning_rate * u, trained, updates), fixed)
    statistics = jax.tree.map(
        lambda role, new, old: new if role.kind == "norm_statistics" else old, moved.roles(), after, moved
    )
    return statistics, momentum, loss


def _loss(
    trained: Classifier, fixed: Classifier, images: Array, labels: Array, *, norm_mode: NormMode
) -> tuple[Float32[Array, ""], Classifier]:
    scores, after = eqx.combine(trained, fixed)(images, norm_mode)
    return cross_entropy(scores, labels), after
