"""Accuracy and features on every set at once, in eval mode."""

from collections.abc import Mapping
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int, UInt8

from empirical.backbones.classifier import Classifier

CHUNK = 64  # images in one pass; larger ones leave the cache


class EvaluationSets(NamedTuple):
    """Several sets, end to end in chunks; the last chunk is padded with blank images."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    images: tuple[UInt8[Array, "chunk 32 32 3"], ...]
    labels: Int[np.ndarray, " n"]


class Evaluation(NamedTuple):
    """What a classifier does on each set, keyed by the set's name."""

    accuracy: dict[str, float]
    features: dict[str, Float32[np.ndarray, "n k"]]


def evaluation_sets(
    sets: Mapping[str, tuple[UInt8[np.ndarray, "n 32 32 3"], Int[np.ndarray, " n"]]],
) -> EvaluationSets:
    """Lay named sets end to end.

    Raises:
      ValueError: a set is empty.
    """
    empty = [name for name, (images, _) in sets.items() if len(images) == 0]
    if empty:
        raise ValueError(f"Every evaluation set must hold images, got none in {', '.join(empty)}.")
    images = np.concatenate([images for images, _ in sets.values()])
    padding = -len(images) % CHUNK
    images = np.concatenate([images, np.zeros((padding, *images.shape[1:]), np.uint8)])
    return EvaluationSets(
        names=tuple(sets),
        sizes=tuple(len(labels) for _, labels in sets.values()),
        images=tuple(jnp.asarray(chunk) for chunk in images.reshape(-1, CHUNK, *images.shape[1:])),
        labels=np.concatenate([labels for _, labels in sets.values()]),
    )


def evaluate(classifier: Classifier, sets: EvaluationSets) -> Evaluation:
    """Accuracy in [0, 1] and features, set by set."""
    # Chunk by chunk: one compilation serves sets of every size.
    passes = [_pass(classifier, chunk) for chunk in sets.images]
    features, predicted = (np.concatenate(parts)[: len(sets.labels)] for parts in zip(*passes, strict=True))
    ends = np.cumsum(sets.sizes)
    spans = {name: slice(end - size, end) for name, size, end in zip(sets.names, sets.sizes, ends, strict=True)}
    return Evaluation(
        accuracy={name: float(np.mean(predicted[at] == sets.labels[at])) for name, at in spans.items()},
        features={name: features[at] for name, at in spans.items()},
    )


@eqx.filter_jit
def _pass(
    classifier: Classifier, images: UInt8[Array, "chunk 32 32 3"]
) -> tuple[Float32[Array, "chunk k"], Int[Array, " chunk"]]:
    features = classifier.backbone(images / jnp.float32(255), "eval").features
    return features, jnp.argmax(classifier.head(features), axis=1).astype(jnp.int32)
