"""Every set judged as records have it: metrics over the classes that count, features for movements."""

from collections import ChainMap
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

import jax
import numpy as np
from jaxtyping import Float32

from artifacts import UserError
from empirical.augment import Transform
from empirical.backbones.classifier import Classifier
from empirical.datasets.image_sets import ImageSet
from empirical.distortion.movement import feature_movement
from empirical.evaluation import Evaluation, EvaluationSet, EvaluationSets, evaluate, evaluation_sets, set_metrics
from empirical.linear_probe import ProbeHead
from empirical.metrics import judgement, measures
from empirical.records import MOVING, Movement, SetMetrics

#: Heads are judged thousands of times: one program for each size of a set.
_judgement = jax.jit(judgement)


class NotFinite(UserError):
    """A classifier whose scores are infinite or not numbers."""


class Judge:
    """Sets made ready once, for classifiers of one number of classes.

    A set that is the same as an earlier one, as the two ID sets under the protocol `paper`, is judged once.

    Args:
      apart: names of sets that can be judged without the others.
    """

    def __init__(self, sets: Sequence[ImageSet], transform: Transform, classes: int, *, apart: Collection[str] = ()):
        self.images = {images.name: images for images in sets}
        self.transform = transform
        self.classes = classes
        self._first = {images.name: _first_like(images, sets) for images in sets}
        distinct = [name for name, first in self._first.items() if name == first]
        self._apart = [name for name in distinct if name in apart]
        self._others = [name for name in distinct if name not in apart]

    def __call__(self, classifier: Classifier, *, seed: int = 0, moving: int | None = MOVING) -> Evaluation:
        """A classifier in eval mode on every set.

        Args:
          seed: of transforms that draw.
          moving: how many images of each set to give features of; None: all.
        Raises:
          NotFinite: its scores are infinite or not numbers.
        """
        groups = (self._sets_apart, self._other_sets)
        return self._joined(*(_judged(classifier, sets, seed, moving) for sets in groups))

    def apart(self, classifier: Classifier, *, seed: int = 0, moving: int | None = MOVING) -> Evaluation:
        """The same of the sets that are apart alone."""
        return self._joined(_judged(classifier, self._sets_apart, seed, moving))

    def others(self, classifier: Classifier, *, seed: int = 0, moving: int | None = MOVING) -> Evaluation:
        """The same of the sets that are not apart."""
        return self._joined(_judged(classifier, self._other_sets, seed, moving))

    def of_head(
        self, head: ProbeHead, features: Mapping[str, Float32[np.ndarray, "n k"]], names: Collection[str] | None = None
    ) -> dict[str, SetMetrics]:
        """A head on features of all images of sets.

        Args:
          names: of the sets; None: every one.
        """
        chosen = self.images if names is None else names
        return {name: self._of_scores(self.images[name], head.logits(features[name])) for name in chosen}

    @cached_property
    def _sets_apart(self) -> EvaluationSets:
        return self._prepared(self._apart)

    @cached_property
    def _other_sets(self) -> EvaluationSets:
        return self._prepared(self._others)

    def _prepared(self, names: Sequence[str]) -> EvaluationSets:
        return evaluation_sets([EvaluationSet(self.images[name], self.transform) for name in names])

    def _joined(self, *evaluations: Evaluation) -> Evaluation:
        """Evaluations as one, in the order of the sets, with those judged under another name."""
        merged = [dict(ChainMap(*parts)) for parts in zip(*evaluations, strict=True)]
        names = [name for name, first in self._first.items() if first in merged[0]]
        return Evaluation(*({name: part[self._first[name]] for name in names} for part in merged))

    def _of_scores(self, images: ImageSet, scores: Float32[np.ndarray, "n classes"]) -> SetMetrics:
        labels = images.labels.astype(np.int32)
        unmasked, masked = measures(_judgement(scores, labels)), None
        if images.valid_labels is not None:
            valid = np.isin(np.arange(self.classes), images.valid_labels)
            masked = measures(_judgement(scores, labels, valid))
        metrics = set_metrics(len(images), unmasked, masked)
        _check_finite(images.name, metrics)
        return metrics


def _judged(classifier: Classifier, sets: EvaluationSets, seed: int, moving: int | None) -> Evaluation:
    judged = evaluate(classifier, sets, feature_limit=moving, key=jax.random.key(seed))
    for name, metrics in judged.sets.items():
        _check_finite(name, metrics)
    return judged


def movements(before: Evaluation, after: Evaluation) -> dict[str, Movement]:
    """How far features moved, on the sets that were judged after."""
    return {name: _movement(before.features[name], features) for name, features in after.features.items()}


def _movement(before: Float32[np.ndarray, "p k"], after: Float32[np.ndarray, "p k"]) -> Movement:
    """Alignment is not measured where a network gives every image the same features, as one whose units all died."""
    moved = feature_movement(before, after)
    return Movement(**moved._replace(cka=moved.cka if np.isfinite(moved.cka) else None)._asdict())


def _first_like(images: ImageSet, sets: Sequence[ImageSet]) -> str:
    """The name of the first set that holds the very same images, labels and restriction."""
    for earlier in sets:
        same = earlier.images is images.images and earlier.labels is images.labels
        if same and earlier.valid_labels == images.valid_labels:
            return earlier.name
    return images.name


def _check_finite(name: str, metrics: SetMetrics) -> None:
    if not np.isfinite(metrics.nll):
        raise NotFinite(f"Scores on {name} must be finite, but their negative log likelihood is {metrics.nll}.")
