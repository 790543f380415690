"""How fast images are packed and read back, against one file an image. JSON on standard output.

    python benchmarks/data_loading.py [--images 600] [--out DIR]

Images are 500 x 375 JPEGs, the size of ImageNet's, drawn and not photographed. Each rate is of one thread, in images a
second of CPU time (`cpu`) and of the clock (`clock`): on a machine that does other work the first is the one to
compare. Files are in the page cache for every loader.

Loaders: `pillow` opens, decodes and converts each file; `torch_style` then crops at random and resizes to 224 with
Pillow, makes floats and collates, as a data set of torchvision's does; `raw_256`, `jpeg_native` and `jpeg_256` read
random batches from stores, whose crops and resizes happen on the device (rate `device_crops`, all cores).
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from empirical.datasets.image_sets import ImageFiles, ImageRows, ImageSet
from empirical.miniature.drawing import spread, traits
from empirical.miniature.manners import photograph, render
from empirical.store import Form, epoch_batches, open_store, order, pack

HEIGHT, WIDTH, BATCH, SIDE = 375, 500, 64, 224
STORES = {
    "raw_256": Form(codec="raw", resize="square", side=256),
    "jpeg_native": Form(codec="jpeg"),
    "jpeg_256": Form(codec="jpeg", resize="short_side", side=256),
}


def write_photographs(folder: Path, count: int) -> ImageSet:
    generator = np.random.default_rng(0)
    names = tuple(f"{index:06d}.jpg" for index in range(count))
    for start in range(0, count, 32):
        numbers = np.arange(start, min(start + 32, count))
        shown = traits(spread(numbers, 18), spread(numbers, 30), numbers)
        for number, pixels in zip(numbers, render(shown, photograph, WIDTH, generator), strict=True):
            Image.fromarray(pixels[:HEIGHT]).save(folder / names[number], quality=90)
    return ImageSet(name="photographs", images=ImageFiles(folder, names), labels=np.zeros(count, np.int32))


def rate(read: Callable[[], int]) -> dict[str, float]:
    """Images a second; the better of two runs, the first of which also warms the page cache."""
    best = {"cpu": 0.0, "clock": 0.0}
    for _ in range(2):
        cpu, clock = time.process_time(), time.perf_counter()
        count = read()
        cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
        best = {"cpu": max(best["cpu"], count / cpu), "clock": max(best["clock"], count / clock)}
    return {name: round(value, 1) for name, value in best.items()}


def pillow(images: ImageSet) -> int:
    for index in order(len(images), seed=0, epoch=0):
        with Image.open(images.images.reference(int(index))) as image:
            np.asarray(image.convert("RGB"))
    return len(images)


def torch_style(images: ImageSet) -> int:
    draw, batch = random.Random(0), []
    for index in order(len(images), seed=0, epoch=0):
        with Image.open(images.images.reference(int(index))) as image:
            picture = image.convert("RGB")
        side = int((picture.width * picture.height * draw.uniform(0.08, 1)) ** 0.5)
        side = min(side, *picture.size)
        left, top = draw.randint(0, picture.width - side), draw.randint(0, picture.height - side)
        crop = picture.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        batch.append(np.asarray(crop, np.float32).transpose(2, 0, 1) / 255)
        if len(batch) == BATCH:
            np.stack(batch)
            batch = []
    return len(images)


def stored(folder: Path) -> int:
    images = open_store(folder).image_set()
    visits = order(len(images), seed=0, epoch=0)
    return sum(len(batch.labels) for batch in epoch_batches(images, visits, BATCH, threads=1, ahead=0))


def device_crops(folder: Path) -> dict[str, float]:
    import jax

    from empirical.augment import TRANSFORMS, apply

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


def memory_by_size(folder: Path) -> dict[str, float]:
    found = {}
    for count in (1000, 8000):
        pixels = np.random.default_rng(0).integers(0, 256, (count, 128, 128, 3), dtype=np.uint8)
        rows = ImageRows("drawn", pixels, np.arange(count))
        images = ImageSet(name="drawn", images=rows, labels=np.zeros(count, np.int32))
        pack(images, folder / str(count), Form(codec="raw"), classes=("a",))
        del pixels, rows, images
        found[f"{count} images of 128 x 128"] = memory(folder / str(count))
    return found


def measure(folder: Path, count: int) -> dict:
    (folder / "files").mkdir(parents=True)
    images = write_photographs(folder / "files", count)
    report: dict = {"images": count, "cores": os.cpu_count(), "packing": {}, "reading": {}}
    for name, form in STORES.items():
        for workers in (1, 2):
            clock = time.perf_counter()
            pack(images, folder / f"{name}-{workers}", form, classes=("a",), workers=workers, shard_images=100)
            report["packing"][f"{name}, {workers} workers"] = round(count / (time.perf_counter() - clock), 1)
    report["reading"]["pillow"] = rate(lambda: pillow(images))
    report["reading"]["torch_style"] = rate(lambda: torch_style(images))
    for name in STORES:
        report["reading"][name] = rate(lambda name=name: stored(folder / f"{name}-1"))
    report["device_crops"] = device_crops(folder / "raw_256-1")
    for other in ("pillow", "torch_style"):
        ratios = {name: report["reading"][name]["cpu"] / report["reading"][other]["cpu"] for name in STORES}
        report[f"times_{other}"] = {name: round(ratio, 2) for name, ratio in ratios.items()}
    report["anonymous_memory_mib"] = memory_by_size(folder / "memory")
    return report


def main() -> None:
    arguments = argparse.ArgumentParser(description="Packing and reading rates, as JSON.")
    arguments.add_argument("--images", type=int, default=600)
    arguments.add_argument("--out", type=Path, help="new folder to work in; a temporary one by default")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        print(json.dumps(measure(chosen.out or Path(temporary) / "data", chosen.images), indent=1))


if __name__ == "__main__":
    main()
