"""A classifier on every set at once, in eval mode: what it gets right, how sure it is, and its features.

Sets that fit are transformed once and stay on the device, end to end, so that one program runs through all of them;
the others stream from where they are stored. Neither logits nor, unless they are asked for, features are kept: memory
grows by a few numbers an image.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int, Int32, Key, UInt8

from artifacts import UserError
from empirical.augment.applying import scaled
from empirical.augment.transforms import Colour
from empirical.backbones.classifier import Classifier
from empirical.datasets.image_sets import spread
from empirical.evaluation.sets import EvaluationSet, EvaluationSets, chunks
from empirical.metrics import Judgement, judgement, measures
from empirical.records import Metrics, SetMetrics
from empirical.views import any_key

PENDING = 2  # batches under way on the device while the next are read


class Evaluation(NamedTuple):
    """What a classifier does, set by set.

    Attributes:
      positions, features: of the images whose features were asked for.
    """

    sets: dict[str, SetMetrics]
    features: Mapping[str, Float32[np.ndarray, "p k"]]
    positions: Mapping[str, Int[np.ndarray, " p"]]

    @property
    def accuracy(self) -> dict[str, float]:
        """What the paper reports: over the valid classes where a set has them."""
        return {name: metrics.accuracy for name, metrics in self.sets.items()}


def set_metrics(count: int, unmasked: Metrics, masked: Metrics | None) -> SetMetrics:
    """A set's metrics as they are recorded: over its valid classes where it has them, and then over all beside.

    Args:
      count: images of the set.
      unmasked: over all classes.
      masked: over the valid classes; None: the set has no restriction.
    """
    headline = unmasked if masked is None else masked
    beside = None if masked is None else unmasked
    return SetMetrics(count=count, unmasked=beside, **dict(headline))


def evaluate(
    classifier: Classifier, sets: EvaluationSets, *, feature_limit: int | None = 0, key: Key[Array, ""] | None = None
) -> Evaluation:
    """Every set, in eval mode.

    Args:
      feature_limit: how many images of each set to return features of, spread evenly over the set; None: of all.
      key: for transforms that draw at random.
    Raises:
      UserError: the classifier has fewer classes than a set.
    """
    classes = classifier.head.weight.shape[0]
    masks = _masks(sets.sets, classes)
    collected = [_Collected(len(evaluated.images), feature_limit) for evaluated in sets.sets]
    pending: deque[tuple[Int[np.ndarray, "batches b"], tuple[Array, ...]]] = deque()

    def collect() -> None:
        owners, (features, judged) = pending.popleft()
        owners, judged = owners.ravel(), np.asarray(judged).swapaxes(0, 1)
        judged = judged.reshape(len(judged), -1)
        for owner in np.unique(owners[owners >= 0]):
            rows = np.flatnonzero(owners == owner)
            collected[owner].add(judged[:, rows], features, rows)

    for chunk in chunks(sets, any_key() if key is None else key):
        valid = None if masks is None else jnp.asarray(masks[np.maximum(chunk.owners, 0)])
        passed = _pass(classifier, chunk.images, chunk.labels, valid, chunk.deviation, jnp.int32(chunk.filled))
        pending.append((chunk.owners, passed))
        if len(pending) > PENDING:
            collect()
    while pending:
        collect()
    parts = {member.images.name: part for member, part in zip(sets.sets, collected, strict=True)}
    return Evaluation(
        sets={
            member.images.name: parts[member.images.name].metrics(member.images.valid_labels) for member in sets.sets
        },
        features={name: np.concatenate(part.features) for name, part in parts.items()},
        positions={name: part.positions for name, part in parts.items()},
    )


class _Collected:
    """The parts of one set's evaluation, in the order of its images."""

    def __init__(self, count: int, feature_limit: int | None):
        self.count, self.seen = count, 0
        self.positions = spread(count, feature_limit)
        self.judged: list[np.ndarray] = []
        self.features: list[np.ndarray] = []

    def add(self, judged: np.ndarray, features: Array, rows: Int[np.ndarray, " p"]) -> None:
        self.judged.append(judged)
        within = self.positions[(self.positions >= self.seen) & (self.positions < self.seen + len(rows))]
        if len(within) or not self.features:
            self.features.append(np.asarray(features).reshape(-1, features.shape[-1])[rows[within - self.seen]])
        self.seen += len(rows)

    def metrics(self, valid_labels: tuple[int, ...] | None) -> SetMetrics:
        judged = np.concatenate(self.judged, axis=1)
        masked = None if valid_labels is None else measures(Judgement(*judged[3:]))
        return set_metrics(self.count, measures(Judgement(*judged[:3])), masked)


def _masks(sets: Sequence[EvaluationSet], classes: int) -> Bool[np.ndarray, "s classes"] | None:
    """The valid classes of every set; None where no set has any."""
    for evaluated in sets:
        highest = evaluated.images.labels.max()
        if highest >= classes:
            raise UserError(
                f"{evaluated.images.name} must have labels below the head's {classes} classes, got {highest}; "
                "the head belongs to another data set."
            )
    if all(evaluated.images.valid_labels is None for evaluated in sets):
        return None
    masks = np.zeros((len(sets), classes), bool)
    for mask, evaluated in zip(masks, sets, strict=True):
        valid = evaluated.images.valid_labels
        mask[list(range(classes) if valid is None else valid)] = True
    return masks


@eqx.filter_jit
def _pass(
    classifier: Classifier,
    images: UInt8[Array, "batches b side side 3"] | Float32[Array, "batches b side side 3"],
    labels: Int32[Array, "batches b"],
    valid: Bool[Array, "batches b classes"] | None,
    deviation: Colour | None,
    filled: Int32[Array, ""],
) -> tuple[Float32[Array, "batches b k"], Float32[Array, "batches _ b"]]:
    """Features, and the rows of a `Judgement`; the masked one below it where classes are masked.

    Args:
      filled: how many batches there are; zeros come out beyond them.
    """

    def one(batch: Array | int) -> tuple[Array, Array]:
        return _batch(classifier, images[batch], labels[batch], None if valid is None else valid[batch], deviation)

    def body(batch: Array, passed: tuple[Array, Array]) -> tuple[Array, Array]:
        return jax.tree.map(lambda all_of_them, part: all_of_them.at[batch].set(part), passed, one(batch))

    if len(images) == 1:
        return jax.tree.map(lambda part: part[None], one(0))
    empty = jax.tree.map(lambda part: jnp.zeros((len(images), *part.shape), part.dtype), jax.eval_shape(one, 0))
    # The number of turns is not known to the compiler: it compiles one body, whatever the number.
    return jax.lax.fori_loop(0, filled, body, empty)


def _batch(
    classifier: Classifier, images: Array, labels: Int32[Array, " b"], valid: Bool[Array, "b classes"] | None,
    deviation: Colour | None,
) -> tuple[Float32[Array, "b k"], Float32[Array, "_ b"]]:  # fmt: skip
    if images.dtype == jnp.uint8:
        images = scaled(images, deviation)
    features = classifier.backbone(images, "eval").features
    logits = classifier.head(features)
    judged = list(judgement(logits, labels))
    if valid is not None:
        judged += judgement(logits, labels, valid)
    return features, jnp.stack([part.astype(jnp.float32) for part in judged])
