"""Which images are trained on and which select among runs: the paper's choice, a clean one, and a pool's, as data."""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Int
from pydantic import Field

from artifacts.frozen import Frozen
from empirical.datasets.image_sets import ImageSet, Labels


class Protocol(Frozen):
    """A split protocol.

    `held_out` is the share of each class that leaves training for validation. At 0 the reported ID set selects too,
    as in the paper's code, which makes the reported ID accuracy slightly optimistic.
    """

    name: str
    held_out: float = Field(ge=0, lt=1)
    seed: int = 0


PAPER = Protocol(name="paper", held_out=0.0)
CLEAN = Protocol(name="clean", held_out=0.1)
PROTOCOLS = (PAPER, CLEAN)


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


class Split(Frozen):
    """How many images of a pool go where.

    The test images are one fixed draw; each replicate draws its own training and validation images from the rest, so
    that intervals over replicates cover the choice of data as well.

    Attributes:
      ood: how many of the test images, or of another source's, are tested in each OOD set; None: all of them.
      half: `first` or `second`: draw from one half of the pool, so that what was tried on one half can be confirmed on
        images that no trial has seen; `both`: from all of it.
      test_from: at which end of that part, in the order that `seed` draws, the test images lie: at the other end are
        images that were trained or selected on before, so that a second confirmation tests on new ones.
    """

    training: int = 200
    validation: int = 497
    test: int = 500
    seed: int = 0
    ood: int | None = Field(default=None, ge=1)
    half: Literal["both", "first", "second"] = "both"
    test_from: Literal["beginning", "end"] = "beginning"


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
