"""The head that a method starts from, on the pretrained backbone."""

import jax
import jax.numpy as jnp

from artifacts import UserError
from empirical.backbones.backbone import Backbone
from empirical.backbones.classifier import Classifier, Head, random_head
from empirical.methods import Method, PartialProbe, ScaledRandom, Schedule
from empirical.methods.named import SGD_PROBE
from empirical.training.data import TrainingData
from empirical.training.run import TrainingRun
from empirical.training.train import train


def starting_classifier(
    method: Method,
    backbone: Backbone,
    *,
    classes: int,
    seed: int,
    probe: Head | None = None,
    data: TrainingData | None = None,
    batch_size: int = 64,
) -> Classifier:
    """The pretrained backbone under the method's first head.

    Args:
      seed: draws a random head, and orders the batches of a partial probe.
      probe: the solved linear probe, where the method starts from it.
      data, batch_size: what a partial probe is trained on.
    Raises:
      UserError: the method needs a probe or data that are not given, or the probe has another shape.
    """
    fresh = random_head(classes, backbone.feature_dim, key=jax.random.key(seed))
    if isinstance(method.head_start, PartialProbe):
        return _partly_probed(Classifier(backbone, fresh), method, seed=seed, data=data, batch_size=batch_size)
    if isinstance(method.head_start, ScaledRandom):
        return Classifier(backbone, Head(jnp.float32(method.head_start.scale) * fresh.weight, fresh.bias))
    if not method.needs_probe:
        return Classifier(backbone, fresh)
    if probe is None:
        raise UserError(f"{method.label} starts from a linear probe; solve it first.")
    if probe.weight.shape != fresh.weight.shape:
        raise UserError(f"A probe for this network must have weights of shape {fresh.weight.shape}, got "
                        f"{probe.weight.shape}.")  # fmt: skip
    return Classifier(backbone, norm_matched(probe, fresh) if method.head_start == "norm_matched_probe" else probe)


def norm_matched(head: Head, fresh: Head) -> Head:
    """The head scaled, weight and bias alike, so that its weights deviate as much as those of a fresh head.

    Source: docs/protocol.md, section 5.2.
    """
    factor = jnp.std(fresh.weight) / jnp.std(head.weight)
    return Head(factor * head.weight, factor * head.bias)


def _partly_probed(
    start: Classifier, method: Method, *, seed: int, data: TrainingData | None, batch_size: int
) -> Classifier:
    """A head that was trained alone for some steps at a constant learning rate."""
    partial = method.head_start
    assert isinstance(partial, PartialProbe)
    if partial.steps == 0:
        return start
    if data is None or len(data) == 0:
        raise UserError(f"{method.label} starts from a partly trained head and needs the training data for it.")
    steps_per_epoch = -(-len(data) // batch_size)
    run = TrainingRun(
        method=SGD_PROBE.model_copy(update={"schedule": Schedule(decay="constant")}),
        learning_rate=partial.learning_rate,
        epochs=-(-partial.steps // steps_per_epoch),
        batch_size=batch_size,
        seed=seed,
    )
    outcome = train(start, data, run, max_steps=partial.steps)
    if outcome.failure is not None:
        raise UserError(f"The partly trained head of {method.label} must have a finite loss, but {outcome.failure}; "
                        f"lower its learning rate {partial.learning_rate:g}.")  # fmt: skip
    return Classifier(start.backbone, outcome.classifier.head)
