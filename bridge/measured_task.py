"""A classification task on measured inputs for a linear network, and how a network does on its sets."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from theory.row_space import RowSpace, row_space

#: Ridge of heads that are solved and not trained, relative to the mean energy of a feature.
RIDGE = 1e-3

Weights = Float[np.ndarray, "d q"]


@dataclass(frozen=True)
class MeasuredTask:
    """Inputs about the mean of the training inputs, which the network's bias takes up with the mean of the labels.

    The first of the sets is in distribution. Every set shows the same images, of training as of test.

    Attributes:
      features: pretrained, B0, orthonormal rows.
      training: training images as they look in each set; those of the first are trained on.
      validation: images in the ID look on which stopping is chosen.
      test: test images as they look in each set.
      classes: how many.
    """

    features: Float[np.ndarray, "k d"]
    training: Float[np.ndarray, "s n d"]
    training_labels: Int[np.ndarray, " n"]
    validation: Float[np.ndarray, "v d"]
    validation_labels: Int[np.ndarray, " v"]
    test: Float[np.ndarray, "s l d"]
    test_labels: Int[np.ndarray, " l"]
    classes: int

    @property
    def outputs(self) -> Float[np.ndarray, "q classes"]:
        """Orthonormal axes of the outputs: scores sum to the same for every input, so one less than classes."""
        from scipy.linalg import helmert  # an eighth of a second, and whoever lists experiments needs none of it

        return helmert(self.classes)

    @property
    def shares(self) -> Float[np.ndarray, " classes"]:
        """Share of each class in training: the bias."""
        return np.bincount(self.training_labels, minlength=self.classes) / len(self.training_labels)

    @property
    def targets(self) -> Float[np.ndarray, "n q"]:
        """One-hot labels about their mean, in the axes of the outputs."""
        return (np.eye(self.classes)[self.training_labels] - self.shares) @ self.outputs.T

    @property
    def span(self) -> RowSpace:
        """S and C of the training inputs, for the loss averaged over images."""
        return row_space(self.training[0] / np.sqrt(len(self.training_labels)))

    @property
    def moment(self) -> Weights:
        """X^T Y, averaged over images."""
        return self.training[0].T @ self.targets / len(self.training_labels)

    def scores(self, weights: Weights, inputs: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n classes"]:
        """Of every class."""
        return inputs @ weights @ self.outputs + self.shares

    def validation_error(self, weights: Weights) -> float:
        """Mean squared error on validation images, the loss that is trained."""
        wanted = np.eye(self.classes)[self.validation_labels]
        return float(np.sum((self.scores(weights, self.validation) - wanted) ** 2) / len(wanted))

    def accuracies(self, weights: Weights) -> Float[np.ndarray, " s"]:
        """On the test images of every set."""
        return np.array([np.mean(self.scores(weights, inputs).argmax(1) == self.test_labels) for inputs in self.test])

    def solved_head(self, features: Float[np.ndarray, "k d"], sets: tuple[int, ...]) -> Float[np.ndarray, "k q"]:
        """The least-squares head on features of the training images of these sets, labels of all of them known."""
        seen = np.concatenate([self.training[index] @ features.T for index in sets])
        moment = seen.T @ seen / len(seen)
        ridge = RIDGE * np.trace(moment) / len(moment) * np.eye(len(moment))
        return np.linalg.solve(moment + ridge, seen.T @ np.tile(self.targets, (len(sets), 1)) / len(seen))

    def refitted_accuracies(self, features: Float[np.ndarray, "k d"]) -> Float[np.ndarray, " s"]:
        """With the head of each set's own, on given features: what they still tell, whatever the tuned head says."""
        every = range(len(self.test))
        return np.array([self.accuracies(features.T @ self.solved_head(features, (index,)))[index] for index in every])
