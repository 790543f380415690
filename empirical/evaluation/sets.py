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

#: Images that go through the network together; on a CPU larger batches leave the cache.
BATCH_SIZE, BATCH_SIZE_ON_ACCELERATORS = 32, 256
#: Batches of resident images in one pass: a compiled loop, since on a CPU to start a pass takes as long as four images
#: of the small network. An accelerator starts the next pass while it computes.
BATCHES, BATCHES_ON_ACCELERATORS = 16, 1
#: Images that are transformed together.
READ_AT_A_TIME = 256
RESIDENT_BYTES = 2**30


class EvaluationSet(NamedTuple):
    """Images and the pipeline that they go through."""

    images: ImageSet
    transform: Transform


class Chunk(NamedTuple):
    """Batches of one pass.

    Attributes:
      images: as bytes where they stay on the device: a quarter of the memory, and a view is made of bytes.
      owners: positions of their sets; -1: an image that only fills a batch.
      deviation: what bytes are standardised with.
      filled: how many batches hold images; those after them are not looked at.
    """

    images: UInt8[Array, "batches b side side 3"] | Float32[Array, "batches b side side 3"]
    labels: Int32[Array, "batches b"]
    owners: Int[np.ndarray, "batches b"]
    deviation: Colour | None
    filled: int


class EvaluationSets(NamedTuple):
    """Sets made ready by `evaluation_sets`."""

    sets: tuple[EvaluationSet, ...]
    batch_size: int
    resident: tuple[Chunk, ...]
    streamed: tuple[int, ...]  # positions of the sets that are not resident


def evaluation_sets(
    sets: Sequence[EvaluationSet],
    *,
    batch_size: int | None = None,
    batches: int | None = None,
    resident_bytes: int = RESIDENT_BYTES,
) -> EvaluationSets:
    """Make sets ready to be evaluated many times.

    Args:
      batch_size: images that go through the network together; None: as many as suit the default device.
      batches: how many of them in one pass, where images are resident; None: as many as suit the default device.
      resident_bytes: how much of the device's memory may hold transformed images. Sets are taken in order while they
        fit; a set whose transform draws at random is always streamed.
    Raises:
      UserError: a set is empty, two have one name, or a label of a set is not among its valid ones.
    """
    _check(sets)
    on_processor = jax.default_backend() == "cpu"
    if batch_size is None:
        batch_size = BATCH_SIZE if on_processor else BATCH_SIZE_ON_ACCELERATORS
    if batches is None:
        batches = BATCHES if on_processor else BATCHES_ON_ACCELERATORS
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
            (batches, batch_size),
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
            labels = jnp.asarray(images.labels[view.indices], jnp.int32)
            yield Chunk(view.images[None], labels[None], owners[None], None, 1)


def _end_to_end(sets: Sequence[EvaluationSet], places: Sequence[int], shape: tuple[int, int]) -> Iterator[Chunk]:
    """Transformed sets in chunks that run across their ends; the last one is filled up with blank images.

    Args:
      shape: of a chunk, batches and images of each.
    """
    shown, labels, owners = [], [], []
    for index in places:
        images, transform = sets[index]
        unscaled = transform.model_copy(update={"deviation": None})
        for view in views(images, unscaled, batch_size=min(READ_AT_A_TIME, len(images)), key=any_key()):
            shown.append(np.rint(np.asarray(view.images)[: view.count] * 255).astype(np.uint8))
        labels.append(images.labels.astype(np.int32))
        owners.append(np.full(len(images), index))
    count = sum(map(len, labels))
    padding = -count % (shape[0] * shape[1])
    shown.append(np.zeros((padding, *shown[0].shape[1:]), np.uint8))
    labels.append(np.zeros(padding, np.int32))
    owners.append(np.full(padding, -1))
    whole = [np.concatenate(parts).reshape(-1, *shape, *parts[0].shape[1:]) for parts in (shown, labels, owners)]
    filled = -(-count // shape[1])
    for number, (images, truth, owner) in enumerate(zip(*whole, strict=True)):
        deviation = sets[places[0]].transform.deviation
        left = min(filled - number * shape[0], shape[0])
        yield Chunk(jnp.asarray(images), jnp.asarray(truth), owner, deviation, left)


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
