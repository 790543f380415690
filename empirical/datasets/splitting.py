"""Images that are trained on, that select and that are tested: drawn as a protocol or a split says."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from empirical.datasets.image_sets import ImageSet, Labels
from empirical.datasets.protocols import Protocol, Split


class Selection(NamedTuple):
    """What is trained on and what selects."""

    id_training: ImageSet
    id_validation: ImageSet


def select(protocol: Protocol, training: ImageSet, reported: ImageSet) -> Selection:
    """Training and validation images under a protocol; the reported set is never touched."""
    if protocol.held_out == 0:
        return Selection(training.renamed("id_training"), reported.renamed("id_validation"))
    held = held_out(training.labels, protocol.held_out, seed=protocol.seed)
    kept = np.setdiff1d(np.arange(len(training)), held)
    return Selection(training.subset(kept, name="id_training"), training.subset(held, name="id_validation"))


def held_out(labels: Labels, share: float, *, seed: int) -> Int[np.ndarray, " p"]:
    """Positions that leave the set, ascending: the share of each class, rounded, never the whole of it.

    A class's draw depends on the seed, the class and its number of images, not on the other classes.
    """
    chosen = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = min(round(share * len(members)), len(members) - 1)
        chosen.append(np.random.default_rng([seed, int(label)]).permutation(members)[:count])
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)


class Indices(NamedTuple):
    """Positions in a pool; no image is in two of them."""

    training: Int[np.ndarray, " training"]
    validation: Int[np.ndarray, " validation"]
    test: Int[np.ndarray, " test"]


def indices(split: Split, count: int, *, replicate: int) -> Indices:
    """Which of `count` images a replicate trains on, selects on and is tested on.

    Raises:
      ValueError: the split asks for more images than there are.
    """
    order = np.random.default_rng(split.seed).permutation(count)
    parts = {"both": order, "first": order[: count // 2], "second": order[count // 2 :]}
    order = parts[split.half] if split.test_from == "beginning" else parts[split.half][::-1]
    if min(split.training, split.validation, split.test) < 1 or (
        split.training + split.validation + split.test > len(order)
    ):
        raise ValueError(f"`split` must take at least one image each and {len(order)} in all, got {split}.")
    test, rest = order[: split.test], order[split.test :]
    if split.ood is not None and split.ood > split.test:
        raise ValueError(f"`ood` must be at most the {split.test} test images, got {split.ood}.")
    rest = np.random.default_rng([split.seed, replicate]).permutation(rest)
    return Indices(rest[: split.training], rest[split.training : split.training + split.validation], test)
