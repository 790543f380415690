"""A set of images into a store: shard by shard, in several processes, each shard published whole.

A packing that was cut off continues: shards that are whole are kept. `store.json` comes last and goes first, so a
reader sees a complete store or none.
"""

import errno
import multiprocessing
import shutil
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from artifacts import UserError, publish
from artifacts.child_processes import follow_parent
from artifacts.files import digest_of, write_text
from artifacts.interrupts import interrupts_held
from artifacts.progress import Progress, silent
from empirical.datasets.image_sets import ImageFiles, Images, ImageSet
from empirical.store.encoding import write_jpegs, write_pixels
from empirical.store.form import CONTENT, LABELS, Form, Shard, Store
from empirical.store.origin import packed_otherwise, packer
from empirical.store.reading import open_store

RAW_SHARD_BYTES = 2**28
JPEG_SHARD_IMAGES = 4096


def pack(
    images: ImageSet, folder: Path, form: Form, *, classes: tuple[str, ...], miniature: bool = False, workers: int = 1,
    shard_images: int | None = None, progress: Progress = silent,
) -> Store:  # fmt: skip
    """Make sure that `folder` holds the store of these images in this form.

    Args:
      classes: names in the order of the labels.
      miniature: whether the images are those of a synthetic copy.
      workers: processes that decode; images that are arrays already are packed by this process alone.
      shard_images: images in a shard; by default about 256 MB of pixels, or 4,096 JPEGs.
    Raises:
      UserError: an image cannot be read or has another shape (raw); the disk is full. Whole shards stay for the next
        call; there is no store before all of them are there.
    """
    if len(images) == 0:
        raise UserError(
            f"A store must hold images, got none in {images.name}; check the set with `distort bench verify`."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f".{folder.name}.lock", timeout=0):
            return _pack(images, folder, form, classes, miniature, workers, shard_images, progress)
    except Timeout as error:
        raise UserError(f"{folder} must be free, but another process is packing it; wait for it.") from error
    except BrokenProcessPool as error:
        raise UserError(
            f"Packing {folder} must keep its processes, but one died (out of memory, or a script without "
            "`if __name__ == '__main__'`); pack again with one worker, it continues."
        ) from error
    except OSError as error:
        mend = "free some space" if error.errno == errno.ENOSPC else "name another folder"
        raise UserError(
            f"{folder} must be writable, but {error.strerror or error}; {mend} and pack again, it continues."
        ) from error


def _pack(
    images: ImageSet, folder: Path, form: Form, classes: tuple[str, ...], miniature: bool, workers: int,
    shard_images: int | None, progress: Progress,
) -> Store:  # fmt: skip
    source = images.fingerprint
    packed = _up_to_date(folder, source, form)
    if packed is not None:
        progress("up to date", 1.0)
        return packed
    (folder / CONTENT).unlink(missing_ok=True)
    shape = _shape(images.images, form) if form.codec == "raw" else None
    count = shard_images or (
        JPEG_SHARD_IMAGES if shape is None else max(1, RAW_SHARD_BYTES // (3 * shape[0] * shape[1]))
    )
    spans = [(start, min(start + count, len(images))) for start in range(0, len(images), count)]
    names = {f"shard-{number:05d}" for number in range(len(spans))}
    for leftover in folder.glob("shard-*"):
        if leftover.name not in names:
            shutil.rmtree(leftover)
    jobs = (
        (folder / f"shard-{number:05d}", images.images.subset(np.arange(*span)), form, shape)
        for number, span in enumerate(spans)
    )
    shards = list(_run(jobs, len(spans), workers if isinstance(images.images, ImageFiles) else 1, progress))
    np.save(folder / LABELS, images.labels)
    store = Store(
        name=images.name, source=source, form=form, images=len(images), shape=shape, classes=classes,
        valid_labels=images.valid_labels, miniature=miniature,
        shards=tuple(sorted(shards, key=lambda shard: shard.name)),
        labels_sha256=digest_of(folder / LABELS), **packer(form)._asdict(),
    )  # fmt: skip
    write_text(folder / CONTENT, store.model_dump_json(indent=1) + "\n")
    return store


def _up_to_date(folder: Path, source: str, form: Form) -> Store | None:
    try:
        read_back = open_store(folder).store
    except UserError:
        return None
    same = read_back.source == source and read_back.form == form and not packed_otherwise(read_back)
    return read_back if same else None


def _run(jobs: Iterator[tuple], count: int, workers: int, progress: Progress) -> Iterator[Shard]:
    """The jobs' results as they come; no more than a few jobs are out at once, so memory stays flat."""
    if workers == 1:
        for done, job in enumerate(jobs, 1):
            yield pack_shard(*job)
            progress(f"{done} of {count} shards", done / count)
        return
    # Not forked: JAX may have started threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=follow_parent) as pool:
        waiting: set[Future[Shard]] = set()
        done = 0
        try:
            for job in jobs:
                with interrupts_held():  # the first task starts all workers
                    waiting.add(pool.submit(pack_shard, *job))
                if len(waiting) <= workers:
                    continue
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for shard in finished:
                    yield shard.result()
                    done += 1
                    progress(f"{done} of {count} shards", done / count)
            for shard in waiting:
                yield shard.result()
                done += 1
                progress(f"{done} of {count} shards", done / count)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def pack_shard(folder: Path, images: Images, form: Form, shape: tuple[int, int] | None) -> Shard:
    """Publish one shard, or find it up to date.

    Args:
      shape: height and width of every image where pixels are stored; None: JPEGs are.
    """

    def build(directory: Path) -> None:
        if shape is None:
            write_jpegs(directory, images, form)
        else:
            write_pixels(directory, images, form, shape)

    code, versions = packer(form)
    inputs = {"images": images.fingerprint, "form": form.model_dump(mode="json"), "code": code}
    artifact = publish(folder, inputs=inputs, build=build, versions=versions).artifact
    sizes = {name: (folder / name).stat().st_size for name in artifact.files}
    content = {"name": folder.name, "images": len(images), "sizes": sizes, "sha256": artifact.files}
    return Shard.model_validate(content)


def _shape(images: Images, form: Form) -> tuple[int, int]:
    if form.side is not None:
        return form.side, form.side
    height, width, _ = images[0].shape
    return height, width
