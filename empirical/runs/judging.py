"""Every set judged as records have it: metrics over the classes that count, features for movements."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32, Int

from artifacts import UserError
from empirical.augment import Transform
from empirical.backbones.classifier import Classifier
from empirical.datasets.image_sets import ImageSet
from empirical.distortion import feature_movement
from empirical.evaluation import EvaluationSet, evaluate, evaluation_sets
from empirical.linear_probe import ProbeHead
from empirical.metrics import Measures, judgement, measures
from empirical.records import Metrics, Movement, SetMetrics

#: Images of each set whose features are compared before and after training, spread evenly over the set.
MOVING = 10_000


class NotFinite(UserError):
    """A classifier whose scores are infinite or not numbers."""


class Judgement(NamedTuple):
    """Metrics and features set by set; `positions` of the images whose features they are."""

    sets: dict[str, SetMetrics]
    features: Mapping[str, Float32[np.ndarray, "p k"]]
    positions: Mapping[str, Int[np.ndarray, " p"]]

    def movement_from(self, before: "Judgement") -> dict[str, Movement]:
        """How far features moved, on sets whose features both have."""
        return {name: _movement(before.features[name], after) for name, after in self.features.items()}


class Judge:
    """Sets made ready once, for classifiers of one number of classes."""

    def __init__(self, sets: Sequence[ImageSet], transform: Transform, classes: int):
        self.images = {images.name: images for images in sets}
        self.ready = evaluation_sets([EvaluationSet(images, transform) for images in sets])
        self.classes = classes

    def __call__(self, classifier: Classifier, *, seed: int = 0, moving: int | None = MOVING) -> Judgement:
        """A classifier in eval mode.

        Args:
          seed: of transforms that draw.
          moving: how many images of each set to give features of; None: all.
        """
        found = evaluate(classifier, self.ready, feature_limit=moving, key=jax.random.key(seed))
        return Judgement(
            sets={name: _metrics(name, one.count, one.unmasked, one.masked) for name, one in found.sets.items()},
            features=found.features,
            positions={name: one.positions for name, one in found.sets.items()},
        )

    def of_head(self, head: ProbeHead, features: Mapping[str, Float32[np.ndarray, "n k"]]) -> dict[str, SetMetrics]:
        """A head on features of all images of every set."""
        return {name: self._of_scores(images, head.logits(features[name])) for name, images in self.images.items()}

    def _of_scores(self, images: ImageSet, scores: Float32[np.ndarray, "n classes"]) -> SetMetrics:
        labels = jnp.asarray(images.labels, jnp.int32)
        unmasked = measures(judgement(jnp.asarray(scores), labels))
        if images.valid_labels is None:
            return _metrics(images.name, len(images), unmasked, None)
        valid = jnp.zeros(self.classes, bool).at[jnp.asarray(images.valid_labels)].set(True)
        return _metrics(images.name, len(images), unmasked, measures(judgement(jnp.asarray(scores), labels, valid)))


def _movement(before: Float32[np.ndarray, "p k"], after: Float32[np.ndarray, "p k"]) -> Movement:
    """Alignment is not measured where a network gives every image the same features, as one whose units all died."""
    found = feature_movement(before, after)
    return Movement(**found._replace(cka=found.cka if np.isfinite(found.cka) else None)._asdict())


def _metrics(name: str, count: int, unmasked: Measures, masked: Measures | None) -> SetMetrics:
    headline = unmasked if masked is None else masked
    if not np.isfinite(headline.nll):
        raise NotFinite(f"Scores on {name} must be finite, but their negative log likelihood is {headline.nll}.")
    both = None if masked is None else Metrics(**unmasked._asdict())
    return SetMetrics(count=count, unmasked=both, **headline._asdict())
