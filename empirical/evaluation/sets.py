"""Sets made ready to be evaluated many times: resident on the device where they fit, streamed where they do not."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int, Int32, Key, UInt8

from artifacts import UserError
from empirical.augment import Transform
from empirical.augment.transforms import Colour
from empirical.datasets.image_sets import ImageSet
from empirical.views import any_key, views

#: Images in one pass; on a CPU larger ones leave the cache.
BATCH_SIZE, BATCH_SIZE_ON_ACCELERATORS = 64, 256
RESIDENT_BYTES = 2**30


class EvaluationSet(NamedTuple):
    """Images and the pipeline that they go through."""

    images: ImageSet
    transform: Transform


class Chunk(NamedTuple):
    """Images of one pass.

    Attributes:
      images: as bytes where they stay on the device: a quarter of the memory, and a view is made of bytes.
      owners: positions of their sets; -1: an image that only fills the pass.
      deviation: what bytes are standardised with.
    """

    images: UInt8[Array, "b side side 3"] | Float32[Array, "b side side 3"]
    labels: Int32[Array, " b"]
    owners: Int[np.ndarray, " b"]
    deviation: Colour | None


class EvaluationSets(NamedTuple):
    """Sets made ready by `evaluation_sets`."""

    sets: tuple[EvaluationSet, ...]
    batch_size: int
    resident: tuple[Chunk, ...]
    streamed: tuple[int, ...]  # positions of the sets that are not resident


def evaluation_sets(
    sets: Sequence[EvaluationSet], *, batch_size: int | None = None, resident_bytes: int = RESIDENT_BYTES
) -> EvaluationSets:
    """Make sets ready to be evaluated many times.

    Args:
      batch_size: images in one pass; None: as many as suit the default device.
      resident_bytes: how much of the device's memory may hold transformed images. Sets are taken in order while they
        fit; a set whose transform draws at random is always streamed.
    Raises:
      UserError: a set is empty, two have one name, or a label of a set is not among its valid ones.
    """
    _check(sets)
    if batch_size is None:
        batch_size = BATCH_SIZE if jax.default_backend() == "cpu" else BATCH_SIZE_ON_ACCELERATORS
    resident, room = [], resident_bytes
    for index, (images, transform) in enumerate(sets):
        size = len(images) * transform.side**2 * 3
        if not transform.draws and size <= room:
            resident.append(index)
            room -= size
    kinds = dict.fromkeys((sets[index].transform.side, sets[index].transform.deviation) for index in resident)
    chunks = [
        chunk
        for side, deviation in kinds
        for chunk in _end_to_end(
            sets,
            [p for p in resident if (sets[p].transform.side, sets[p].transform.deviation) == (side, deviation)],
            batch_size,
        )
    ]
    streamed = tuple(index for index in range(len(sets)) if index not in resident)
    return EvaluationSets(tuple(sets), batch_size, tuple(chunks), streamed)


def chunks(sets: EvaluationSets, key: Key[Array, ""]) -> Iterator[Chunk]:
    """Every image of every set, the resident ones first."""
    yield from sets.resident
    for index in sets.streamed:
        images, transform = sets.sets[index]
        for view in views(images, transform, batch_size=sets.batch_size, key=jax.random.fold_in(key, index)):
            owners = np.where(np.arange(sets.batch_size) < view.count, index, -1)
            yield Chunk(view.images, jnp.asarray(images.labels[view.indices], jnp.int32), owners, None)


def _end_to_end(sets: Sequence[EvaluationSet], places: Sequence[int], batch_size: int) -> Iterator[Chunk]:
    """Transformed sets in chunks that run across their ends; the last one is filled up with blank images."""
    shown, labels, owners = [], [], []
    for index in places:
        images, transform = sets[index]
        unscaled = transform.model_copy(update={"deviation": None})
        for view in views(images, unscaled, batch_size=batch_size, key=any_key()):
            shown.append(np.rint(np.asarray(view.images)[: view.count] * 255).astype(np.uint8))
        labels.append(images.labels.astype(np.int32))
        owners.append(np.full(len(images), index))
    padding = -sum(map(len, labels)) % batch_size
    shown.append(np.zeros((padding, *shown[0].shape[1:]), np.uint8))
    labels.append(np.zeros(padding, np.int32))
    owners.append(np.full(padding, -1))
    whole = [np.concatenate(parts) for parts in (shown, labels, owners)]
    for start in range(0, len(whole[0]), batch_size):
        images, truth, owner = (part[start : start + batch_size] for part in whole)
        yield Chunk(jnp.asarray(images), jnp.asarray(truth), owner, sets[places[0]].transform.deviation)


def _check(sets: Sequence[EvaluationSet]) -> None:
    names = [evaluated.images.name for evaluated in sets]
    if len(set(names)) < len(names):
        raise UserError(f"Evaluation sets must have names of their own, got {', '.join(names)}.")
    empty = [evaluated.images.name for evaluated in sets if len(evaluated.images) == 0]
    if empty:
        raise UserError(f"Every evaluation set must hold images, got none in {', '.join(empty)}.")
    for evaluated in sets:
        strange = set(evaluated.images.labels.tolist()) - set(
            evaluated.images.valid_labels or evaluated.images.labels.tolist()
        )
        if strange:
            raise UserError(
                f"Labels of {evaluated.images.name} must be among its valid ones, got {sorted(strange)[:5]}."
            )
