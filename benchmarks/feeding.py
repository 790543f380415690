"""Images a second that reach a training step, from files and from a packed store, decoded in threads or processes.

    python benchmarks/feeding.py [--images 600] [--out FILE]

Photographs of ImageNet's usual size (500 x 375), drawn and not taken. `threads` is what a run uses; `processes` decode
with the same code and send pixels back. A row gives images a second of the clock and of CPU time, of this process and
its children, and what `cores` cores would give if decoding scales with them (images a second of CPU time times cores:
computed, not measured; reading ahead and copying need a core beside them).
"""

import json
import os
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from data_loading import BATCH, write_photographs

from artifacts import environment
from artifacts.files import write_json
from empirical.datasets.image_sets import ImageSet
from empirical.store import Form, epoch_batches, order, pack
from empirical.store.mirror import mirrored

CORES = 16


@dataclass(frozen=True, kw_only=True)
class Feeding:
    """How many images, how many at a time, and for how long."""

    images: int = 600
    workers: int = 2
    seconds: float = 6.0
    out: Path | None = None


_images: list[ImageSet] = []


def _begin(images: ImageSet) -> None:
    _images[:] = [images]


def _decoded(indices: np.ndarray) -> np.ndarray:
    return np.stack([_images[0].images[int(index)] for index in indices])


def in_threads(images: ImageSet, workers: int) -> Iterator[int]:
    epoch = 0
    while True:
        visits = order(len(images), seed=0, epoch=epoch)
        for batch in epoch_batches(images, visits, BATCH, threads=workers):
            yield len(batch.labels)
        epoch += 1


def in_processes(images: ImageSet, workers: int) -> Iterator[int]:
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(images,)) as pool:
        waiting: deque = deque()
        epoch = 0
        while True:
            visits = order(len(images), seed=0, epoch=epoch)
            for start in range(0, len(visits), BATCH):
                parts = np.array_split(visits[start : start + BATCH], workers)
                waiting.append([pool.submit(_decoded, part) for part in parts])
                if len(waiting) > 2:
                    yield len(np.concatenate([batch.result() for batch in waiting.popleft()]))
            epoch += 1


def cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    return sum(
        use.ru_utime + use.ru_stime for use in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def measured(feed: Iterator[int], seconds: float) -> dict[str, float]:
    """After two batches that warm caches and start processes, whose CPU time is in the count all the same."""
    before = cpu_seconds()
    total = next(feed) + next(feed)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        count += next(feed)
    clock = time.perf_counter() - began
    feed.close()
    rate = (count + total) / (cpu_seconds() - before)
    return {"clock": round(count / clock, 1), "cpu": round(rate, 1), f"computed for {CORES} cores": round(CORES * rate)}


def main(config: Feeding) -> None:
    result: dict[str, Any] = {"workers": config.workers, "cores": os.cpu_count(), "rows": {}}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "files").mkdir()
        files = write_photographs(folder / "files", config.images)
        pack(files, folder / "packed", Form(codec="jpeg"), classes=("a",), workers=config.workers, shard_images=100)
        stored = mirrored(files, folder / "packed")
        for name, images in (("files", files), ("store", stored)):
            for how, feed in (("threads", in_threads), ("processes", in_processes)):
                result["rows"][f"{name}, {how}"] = measured(feed(images, config.workers), config.seconds)
    result["environment"] = environment()
    if config.out is None:
        json.dump(result, sys.stdout, indent=1)
    else:
        write_json(config.out, result)


if __name__ == "__main__":
    main(tyro.cli(Feeding))
