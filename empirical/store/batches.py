"""An epoch as batches whose order is a function of seed and epoch alone, so that a run resumes in its middle."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, UInt8

from artifacts.runtime import processors
from empirical.datasets.image_sets import ImageSet
from empirical.store.reading import StoredImages

#: Beside an H200 two threads decode 1,479 photographs a second, which trains a ResNet-50 on 2,920 or more: so many as a
#: process has processors, up to where one thread that puts batches together bounds them.
FEWEST_THREADS, MOST_THREADS = 2, 8
# Canvases come in multiples of this, so that few shapes are compiled.
CANVAS_STEP = 64


class Batch(NamedTuple):
    """Images at the top left of a common canvas, zeros beyond; `extents` are each image's height and width.

    Attributes:
      indices: positions of the images in their set: what keys the augmentation of an image.
    """

    images: UInt8[np.ndarray, "b h w 3"]
    extents: Int[np.ndarray, "b 2"]
    labels: Int[np.ndarray, " b"]
    indices: Int[np.ndarray, " b"]


def order(count: int, *, seed: int, epoch: int) -> Int[np.ndarray, " n"]:
    """The order in which an epoch visits `count` images.

    Args:
      epoch: counted from 0; orders of one seed differ from epoch to epoch.
    """
    return np.random.default_rng([seed, epoch]).permutation(count)


def decoding_threads() -> int:
    """One for each of this process's processors, within bounds."""
    return min(max(processors(), FEWEST_THREADS), MOST_THREADS)


def epoch_batches(
    images: ImageSet,
    indices: Int[np.ndarray, " n"],
    batch_size: int,
    *,
    first: int = 0,
    threads: int | None = None,
    ahead: int = 2,
) -> Generator[Batch, None, None]:
    """Batches of the images at `indices`, in that order; the last may be smaller.

    Args:
      indices: an `order`, or ascending positions for evaluation.
      first: number of the batch to begin with; batches do not depend on it.
      threads: how many images are decoded at a time; by default as `decoding_threads` says.
      ahead: batches that are read before they are asked for.
    """
    starts = range(first * batch_size, len(indices), batch_size)
    with ThreadPoolExecutor(threads or decoding_threads()) as decoders, ThreadPoolExecutor(1) as reader:
        waiting: deque[Future[Batch]] = deque()
        try:
            for start in starts:
                waiting.append(reader.submit(read_batch, images, indices[start : start + batch_size], decoders))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def read_batch(images: ImageSet, indices: Int[np.ndarray, " b"], decoders: ThreadPoolExecutor) -> Batch:
    """The images at `indices` on a canvas that holds them all.

    Args:
      indices: positions in the set, in the order wanted.
      decoders: threads that decode side by side.
    """
    source, labels = images.images, images.labels[indices]
    if source.shape is not None:
        canvas = source.gather(indices)
        extents = np.tile(np.array(source.shape, np.int32), (len(indices), 1))
    elif not isinstance(source, StoredImages):
        pictures = list(decoders.map(lambda index: source[int(index)], indices))
        extents = np.array([picture.shape[:2] for picture in pictures], np.int32)
        canvas = _canvas(extents)
        for row, picture in enumerate(pictures):
            canvas[row, : picture.shape[0], : picture.shape[1]] = picture
    else:
        extents = source.extents(indices)
        canvas = _canvas(extents)
        list(decoders.map(lambda row: _decode(source, canvas, extents, indices, row), range(len(indices))))
    return Batch(canvas, extents, labels, indices)


def _decode(
    source: StoredImages, canvas: UInt8[np.ndarray, "b h w 3"], extents: Int[np.ndarray, "b 2"],
    indices: Int[np.ndarray, " b"], row: int,
) -> None:  # fmt: skip
    height, width = extents[row]
    if (height, width) == canvas.shape[1:3]:  # straight into its place: a copy would take a tenth of the time
        source.decode_into(canvas[row], int(indices[row]))
    else:
        canvas[row, :height, :width] = source[int(indices[row])]


def _canvas(extents: Int[np.ndarray, "b 2"]) -> UInt8[np.ndarray, "b h w 3"]:
    """Zeros that hold every image; just large enough where all have one shape, else in steps."""
    if (extents == extents[0]).all():
        return np.empty((len(extents), *extents[0], 3), np.uint8)
    return np.zeros((len(extents), *_rounded(extents.max(0)), 3), np.uint8)


def _rounded(extent: Int[np.ndarray, "2"]) -> Int[np.ndarray, "2"]:
    return -(-extent // CANVAS_STEP) * CANVAS_STEP
