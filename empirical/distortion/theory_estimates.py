"""The numbers in the theory's bounds, estimated from the features of a real network.

The theory: inputs x, features B x with orthonormal rows, a head V; ID inputs fill a subspace S, everything else its
complement. A real network's inputs and truth are not seen, only features on ID and OOD images. Two assumptions turn
second moments of features into the theory's angles:

1. ID inputs are isotropic on S, the part of OOD inputs that ID inputs lack is isotropic on the complement, and `ood`
   shows that part. Then features have second moments `B P B^T` on ID and `B P_perp B^T` on OOD images.
2. Both add up to the identity, which `B B^T` is in the theory: coordinates are whitened by their sum.

c_S needs neither to mean something: an error of a head that is 1 on ID images is at most sqrt(1 / c_S^2 - 1) on OOD
ones. c, how strongly features show off S, has no such reading and is not estimated, nor are the lower bounds on
fine-tuning that it enters: moments of features do not tell OOD features that stay in training, of which the bounds
speak, from such as follow the ID ones. OOD images that are ID images show every feature as strongly as these do, and
nothing off S. How far OOD features follow is measured after training instead (`followed_share`).

Everything here is about the mean of the ID features (the head's bias takes it up) and within the directions that carry
99 % of the energy; heads are centred over classes (equal logits for all classes say nothing). The estimates are as good
as the assumptions: they order networks and data sets, and say which term of a bound is large.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Float32, Int

from empirical.distortion.subspaces import ENERGY
from empirical.linear_probe import Features, ProbeHead
from theory.bounds.linear_probing import linear_probing_distance_bound
from theory.bounds.several_outputs import head_alignment_errors

FOLDS = 2
#: Ridge of the least-squares truth, relative to the mean energy of a direction.
RIDGE = 1e-3


class Exposure(NamedTuple):
    """How much of each feature direction ID and OOD images excite.

    Attributes:
      id_shares: for the directions in which ID and OOD images differ most and least, the ID images' share of the
        energy, ascending, in [0, 1]; under the assumptions the squared cosines of the principal angles between the
        features' row space and S.
      whitening: features about `mean` to whitened coordinates.
    """

    id_shares: Float[np.ndarray, " r"]
    mean: Float[np.ndarray, " k"]
    whitening: Float[np.ndarray, "r k"]

    @property
    def on_cosine(self) -> float:
        """c_S of the theory, in [0, 1]: how well the feature that ID images excite least can be seen on them."""
        return float(np.sqrt(self.id_shares[0]))

    def whitened(self, head: ProbeHead) -> Float[np.ndarray, "r q"]:
        """A head in the theory's coordinates: V with logits `V^T z` on whitened features z, centred over classes."""
        weight = head.weight.astype(np.float64)
        return np.linalg.pinv(self.whitening).T @ (weight - weight.mean(0)).T


class HeadComparison(NamedTuple):
    """A start head against the best head, in logits.

    Attributes:
      truth_norm: W, the largest singular value of the best head: root mean squared logit in its strongest direction.
      alignment_error: phi, with `phi^2 = ||V*^T V0 V0^T V* - (V*^T V*)^2||`: 0 where the start agrees with the best
        head along it; fine-tuning from such a head need not distort. About W^2 for a small random head.
    """

    truth_norm: float
    alignment_error: float

    @property
    def relative_alignment_error(self) -> float:
        """phi / W^2, free of the scale of logits: 1 for a head of zero."""
        return self.alignment_error / self.truth_norm**2


class TheoryEstimates(NamedTuple):
    """What the theory's bounds are written in, and what the one on linear probing would say.

    Attributes:
      feature_error: a lower estimate of eps, in [0, 1]: the part of the labels that no linear head on the pretrained
        features explains on ID and OOD images together, in the direction where it is largest, over the labels' own
        spread in theirs (root mean squares; a least-squares head, judged on examples that it was not fitted to). The
        theory's eps also counts errors of features that no label depends on.
    """

    feature_error: float
    exposure: Exposure
    heads: HeadComparison
    linear_probing_upper_bound: float


def exposure(id_features: Float32[np.ndarray, "n k"], ood_features: Float32[np.ndarray, "p k"]) -> Exposure:
    """ID against OOD second moments. Costs an eigendecomposition of a k x k matrix.

    Raises:
      ValueError: the features do not vary.
    """
    mean = id_features.mean(0, dtype=np.float64)
    id_moment, ood_moment = (_second_moment(features, mean) for features in (id_features, ood_features))
    energies, axes = np.linalg.eigh(id_moment + ood_moment)
    energies, axes = energies[::-1], axes[:, ::-1]
    if not energies[0] > 0:
        raise ValueError("`id_features` and `ood_features` must vary, but all are equal.")
    kept = int(np.searchsorted(np.cumsum(energies) / np.sum(energies), ENERGY)) + 1
    principal = axes[:, :kept].T / np.sqrt(energies[:kept, None])
    shares, turns = np.linalg.eigh(principal @ id_moment @ principal.T)
    return Exposure(np.clip(shares, 0, 1), mean, turns.T @ principal)


def compare_heads(start: ProbeHead, truth: ProbeHead, seen: Exposure) -> HeadComparison:
    """W and phi of the theory, for several outputs, in whitened coordinates.

    Args:
      start: the head that fine-tuning begins with.
      truth: the best head on the same features.
      seen: gives the whitened coordinates.
    """
    start_head, true_head = jnp.asarray(seen.whitened(start)), jnp.asarray(seen.whitened(truth))
    error = jnp.maximum(*head_alignment_errors(start_head, true_head))
    return HeadComparison(float(jnp.linalg.norm(true_head, ord=2)), float(error))


def estimates(id_set: Features, ood_set: Features, *, start: ProbeHead, truth: ProbeHead) -> TheoryEstimates:
    """All of them, for one pretrained network, one start of fine-tuning and one OOD set.

    Args:
      start: the head that fine-tuning begins with.
      truth: the best head on these features over ID and OOD together, a probe that has seen labels of both.

    The bound is on the largest root mean squared error of a logit over OOD directions: linear probing is at most so
    wrong (docs/theory.md; kappa = 1 by assumption 1).
    """
    seen, error = exposure(id_set.features, ood_set.features), feature_error(id_set, ood_set)
    heads = compare_heads(start, truth, seen)
    upper = linear_probing_distance_bound(
        jnp.asarray(error * heads.truth_norm), jnp.asarray(seen.on_cosine), jnp.asarray(1.0)
    )
    return TheoryEstimates(error, seen, heads, float(upper))


def feature_error(id_set: Features, ood_set: Features) -> float:
    """See `TheoryEstimates`. Costs `FOLDS` solutions of a k x k system; ID and OOD images weigh the same in sum.

    Raises:
      ValueError: a set has one image of each class, so that no part of it can be held out.
    """
    for name, part in (("id_set", id_set), ("ood_set", ood_set)):
        if not can_be_halved(part.labels):
            count = len(part.labels)
            raise ValueError(f"`{name}` must have several images of a class, got {count} of as many classes.")
    classes = int(max(id_set.labels.max(), ood_set.labels.max())) + 1
    mean = id_set.features.mean(0, dtype=np.float64)
    inputs = [np.pad(part.features - mean, ((0, 0), (0, 1)), constant_values=1.0) for part in (id_set, ood_set)]
    targets = [np.eye(classes)[part.labels] for part in (id_set, ood_set)]
    centre = sum(classes_hot.mean(0) for classes_hot in targets) / 2
    unexplained = total = np.zeros((classes, classes))
    for fold in range(FOLDS):
        held = [_rank_in_class(part.labels) % FOLDS == fold for part in (id_set, ood_set)]
        head = _least_squares(
            [x[~out] for x, out in zip(inputs, held, strict=True)],
            [y[~out] - centre for y, out in zip(targets, held, strict=True)],
        )
        for x, y, out in zip(inputs, targets, held, strict=True):
            labels = y[out] - centre
            rest = labels - x[out] @ head
            unexplained = unexplained + rest.T @ rest / len(x)
            total = total + labels.T @ labels / len(x)
    return float(np.sqrt(min(np.linalg.norm(unexplained, ord=2) / np.linalg.norm(total, ord=2), 1.0)))


def can_be_halved(labels: Int[np.ndarray, " n"]) -> bool:
    """Whether a class has several images, of which one can be held out."""
    return len(np.unique(labels)) < len(labels)


def _rank_in_class(labels: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """The how manieth example of its class each one is: parts by rank hold the same share of every class."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], labels)
    ranks = np.empty(len(labels), np.int64)
    ranks[order] = np.arange(len(labels))
    return ranks - starts


def _least_squares(inputs: list[np.ndarray], targets: list[np.ndarray]) -> Float[np.ndarray, "k q"]:
    moment = np.sum([x.T @ x / len(x) for x in inputs], axis=0)
    ridge = RIDGE * np.trace(moment) / len(moment)
    return np.linalg.solve(
        moment + ridge * np.eye(len(moment)), sum(x.T @ y / len(x) for x, y in zip(inputs, targets, strict=True))
    )


def _second_moment(features: Float32[np.ndarray, "n k"], mean: Float[np.ndarray, " k"]) -> Float[np.ndarray, "k k"]:
    centred = features - mean
    return centred.T @ centred / len(centred)
