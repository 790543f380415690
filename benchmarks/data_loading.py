"""How fast images are packed and read, against one file an image: `python benchmarks/data_loading.py [--out FILE]`.

Images are 500 x 375 JPEGs, the size of ImageNet's, drawn and not photographed. Each rate is of one thread, in images a
second of CPU time (`cpu`, which is a core's) and of the clock (`clock`): on a machine that does other work the first is
the one to compare. Files are in the page cache for every loader.

Loaders: `pillow` opens, decodes and converts each file; `torch` is torch's DataLoader over a per-file data set that
then crops at random, resizes to 224 with Pillow and makes float tensors, as torchvision's do (null where torch is not
installed); `pillow_crops` does the same without torch. `raw_256`, `jpeg_native` and `jpeg_256` read random batches
from stores, whose crops and resizes happen on the device (`device_crops`: images a second of that, all cores).
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artifacts.runtime import prepare_jax

prepare_jax()

import numpy as np
import tyro
from PIL import Image

from artifacts import environment
from artifacts.files import write_json
from empirical.datasets.image_sets import ImageFiles, ImageSet
from empirical.miniature.drawing import spread, traits
from empirical.miniature.rendering import photograph, render
from empirical.store import Form, epoch_batches, open_store, order, pack

HEIGHT, WIDTH, BATCH, SIDE = 375, 500, 64, 224
MEMORY_SIZES = (500, 4000)
STORES = {
    "raw_256": Form(codec="raw", resize="square", side=256),
    "jpeg_native": Form(codec="jpeg"),
    "jpeg_256": Form(codec="jpeg", resize="short_side", side=256),
}


@dataclass(frozen=True, kw_only=True)
class DataLoading:
    """How many images."""

    images: int = 600
    out: Path | None = None
    """File for the result; standard output by default."""


def write_photographs(folder: Path, count: int) -> ImageSet:
    generator = np.random.default_rng(0)
    names = tuple(f"{index:06d}.jpg" for index in range(count))
    for start in range(0, count, 32):
        numbers = np.arange(start, min(start + 32, count))
        shown = traits(spread(numbers, 18), spread(numbers, 30), numbers)
        for number, pixels in zip(numbers, render(shown, photograph, WIDTH, generator), strict=True):
            Image.fromarray(pixels[:HEIGHT]).save(folder / names[number], quality=90)
    return ImageSet(name="photographs", images=ImageFiles(folder, names), labels=np.zeros(count, np.int32))


def rate(read: Callable[[], int], *, seconds: float = 0.5) -> dict[str, float]:
    """Images a second over at least so many seconds of CPU time, after one call that warms the page cache."""
    read()
    count, cpu, clock = 0, time.process_time(), time.perf_counter()
    while time.process_time() - cpu < seconds:
        count += read()
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    return {"cpu": round(count / cpu, 1), "clock": round(count / clock, 1)}


def pillow(images: ImageSet) -> int:
    for index in order(len(images), seed=0, epoch=0):
        with Image.open(images.images.reference(int(index))) as image:
            np.asarray(image.convert("RGB"))
    return len(images)


def crop(path: str, draw: random.Random) -> np.ndarray:
    """A random square of a file's image, resized, as floats."""
    with Image.open(path) as image:
        picture = image.convert("RGB")
    side = int((picture.width * picture.height * draw.uniform(0.08, 1)) ** 0.5)
    side = min(side, *picture.size)
    left, top = draw.randint(0, picture.width - side), draw.randint(0, picture.height - side)
    box = picture.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(box, np.float32).transpose(2, 0, 1) / 255


def pillow_crops(images: ImageSet) -> int:
    draw = random.Random(0)
    visits = order(len(images), seed=0, epoch=0)
    for start in range(0, len(visits), BATCH):
        np.stack([crop(images.images.reference(int(index)), draw) for index in visits[start : start + BATCH]])
    return len(images)


def torch_loader(images: ImageSet) -> Callable[[], int] | None:
    """An epoch of torch's DataLoader in this process, so that its CPU time is one core's."""
    try:
        import torch
        from torch.utils.data import DataLoader, Dataset
    except ImportError:
        return None
    torch.set_num_threads(1)

    class Files(Dataset):
        def __len__(self) -> int:
            return len(images)

        def __getitem__(self, index: int):
            picture = torch.from_numpy(crop(images.images.reference(index), random.Random(index)))
            return picture, int(images.labels[index])

    return lambda: sum(len(labels) for _, labels in DataLoader(Files(), BATCH, shuffle=True, num_workers=0))


def stored(folder: Path) -> int:
    images = open_store(folder).image_set()
    visits = order(len(images), seed=0, epoch=0)
    return sum(len(batch.labels) for batch in epoch_batches(images, visits, BATCH, threads=1, ahead=0))


def device_crops(folder: Path) -> dict[str, float]:
    import jax

    from empirical.augment import apply
    from empirical.datasets.catalogue import TRANSFORMS

    images = open_store(folder).image_set()
    batch = next(epoch_batches(images, np.arange(BATCH), BATCH))
    transform = TRANSFORMS["living17"].training

    def step() -> int:
        apply(*map(jax.numpy.asarray, (batch.images, batch.extents, batch.indices)), transform=transform,
              key=jax.random.key(0)).block_until_ready()  # fmt: skip
        return BATCH

    step()
    return rate(step)


def memory(folder: Path) -> float:
    """Anonymous memory, in MiB, of a process that reads an epoch of a store; mapped pages belong to the system."""
    script = (
        f"import runpy; from pathlib import Path; module = runpy.run_path({str(Path(__file__).resolve())!r});"
        f"module['stored'](Path({str(folder)!r}));"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('RssAnon')][0])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return round(int(answer.stdout.split()[-1]) / 1024, 1)


def memory_by_size(photographs: ImageSet, folder: Path) -> dict[str, dict[str, float]]:
    """One photograph after another, again and again: sets of any size from few files."""
    used: dict[str, dict[str, float]] = {}
    for name, form in (("raw", Form(codec="raw", resize="square", side=96)), ("jpeg", Form(codec="jpeg"))):
        used[name] = {}
        for count in MEMORY_SIZES:
            images = photographs.subset(np.arange(count) % len(photographs), name="repeated")
            pack(images, folder / f"{name}-{count}", form, classes=("a",), workers=2, shard_images=250)
            used[name][f"{count} images"] = memory(folder / f"{name}-{count}")
    return used


def measure(folder: Path, count: int) -> dict[str, Any]:
    (folder / "files").mkdir(parents=True)
    images = write_photographs(folder / "files", count)
    result: dict[str, Any] = {"images": count, "cores": os.cpu_count(), "packing": {}}
    for name, form in STORES.items():
        cpu, clock = time.process_time(), time.perf_counter()
        pack(images, folder / f"{name}-1", form, classes=("a",), shard_images=100)
        cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
        result["packing"][name] = {"cpu": round(count / cpu, 1), "clock": round(count / clock, 1)}
    torch = torch_loader(images)
    reading = {
        "pillow": rate(lambda: pillow(images)),
        "pillow_crops": rate(lambda: pillow_crops(images)),
        "torch": None if torch is None else rate(torch),
        **{name: rate(lambda name=name: stored(folder / f"{name}-1")) for name in STORES},
    }
    result["reading"] = reading
    for other in ("pillow", "pillow_crops", "torch"):
        reference = reading[other]
        if reference is not None:
            result[f"times_{other}"] = {name: round(reading[name]["cpu"] / reference["cpu"], 2) for name in STORES}
    result["goals"] = {
        "raw at least 5 times pillow": result["times_pillow"]["raw_256"] >= 5,
        "jpeg, short side 256, at least 2 times pillow": result["times_pillow"]["jpeg_256"] >= 2,
        "jpeg, as it came, at least 2 times pillow": result["times_pillow"]["jpeg_native"] >= 2,
    }
    result["device_crops"] = device_crops(folder / "raw_256-1")
    result["anonymous_memory_mib"] = memory_by_size(images, folder / "memory")
    result["environment"] = environment()
    return result


def main(config: DataLoading) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        result = measure(Path(temporary) / "data", config.images)
    if config.out is None:
        json.dump(result, sys.stdout, indent=1)
    else:
        write_json(config.out, result)


if __name__ == "__main__":
    main(tyro.cli(DataLoading))
