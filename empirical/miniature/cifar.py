"""CIFAR-10, STL-10 and CIFAR-10.1 in small: the same classes again, from a source like the first and from another.

STL-10 comes from another source at three times the resolution (other colours, half of them drawn, wider variation);
CIFAR-10.1 repeats the collection of CIFAR-10 with slightly wider variation.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

from empirical.datasets.layouts import stl
from empirical.miniature.drawing import Traits, spread, traits
from empirical.miniature.files import exactly, mark
from empirical.miniature.rendering import clip_art, photograph, render

# Images in each class: one of five training batches, test, STL-10, CIFAR-10.1.
BATCH, TEST, STL, REPEATED = 16, 20, 12, 10
BATCHES = 5


def write_cifar10(root: Path, seed: int) -> None:
    """Write the binary versions of CIFAR-10 and STL-10 and the arrays of CIFAR-10.1 into new folders below `root`."""
    _write_cifar(root / "cifar-10-batches-bin", seed)
    _write_stl(root / "stl10_binary", seed)
    _write_repeated(root / "CIFAR-10.1" / "datasets", seed)


def _shown(labels: Int[np.ndarray, " n"], generator: np.random.Generator, *, variety: int) -> Traits:
    """Outline and coat of a class; colours of one of `variety` individuals, which have nothing to do with the class."""
    individual = generator.integers(0, variety, len(labels))
    return traits(spread(labels, 18), spread(labels, 30, 1), individual)


def _labels(per_class: int, generator: np.random.Generator) -> Int[np.ndarray, " n"]:
    return generator.permutation(np.repeat(np.arange(10), per_class))


def _write_cifar(folder: Path, seed: int) -> None:
    folder.mkdir(parents=True)
    generator = np.random.default_rng([seed, 10])
    names = [*(f"data_batch_{number}.bin" for number in range(1, BATCHES + 1)), "test_batch.bin"]
    for name in names:
        labels = _labels(TEST if name.startswith("test") else BATCH, generator)
        images = render(_shown(labels, generator, variety=40), photograph, 32, generator)
        planes = images.transpose(0, 3, 1, 2).reshape(len(labels), -1)
        np.concatenate([labels[:, None].astype(np.uint8), planes], axis=1).tofile(folder / name)
    sizes = {
        "cifar10/id_training": exactly(10 * BATCH * BATCHES, BATCH * BATCHES),
        "cifar10/id_test": exactly(10 * TEST, TEST),
    }
    mark(folder, seed, sizes)


def _write_stl(folder: Path, seed: int) -> None:
    folder.mkdir(parents=True)
    generator = np.random.default_rng([seed, 11])
    labels = _labels(STL, generator)  # in STL's order, from 0
    # A monkey is nothing that CIFAR-10 knows; it gets a label of its own only to have a look of its own.
    known = np.where(stl.CIFAR_LABELS[labels] < 0, 10, stl.CIFAR_LABELS[labels]).astype(np.int64)
    shown = _shown(known, generator, variety=400)
    photographs = render(shown, photograph, stl.SIDE, generator, jitter=1.3).astype(np.float32)
    drawn = render(shown, clip_art, stl.SIDE, generator, jitter=1.3).astype(np.float32)
    images = np.where(generator.random((len(labels), 1, 1, 1)) < 0.5, photographs, drawn).astype(np.uint8)
    images.transpose(0, 3, 2, 1).tofile(folder / "test_X.bin")
    (labels + 1).astype(np.uint8).tofile(folder / "test_y.bin")
    mark(folder, seed, {"cifar10/stl10": exactly(9 * STL, STL)})


def _write_repeated(folder: Path, seed: int) -> None:
    folder.mkdir(parents=True)
    generator = np.random.default_rng([seed, 12])
    labels = _labels(REPEATED, generator)
    images: UInt8[np.ndarray, "n 32 32 3"] = render(
        _shown(labels, generator, variety=40), photograph, 32, generator, jitter=1.25
    )
    np.save(folder / "cifar10.1_v6_data.npy", images)
    np.save(folder / "cifar10.1_v6_labels.npy", labels.astype(np.int32))
    mark(folder, seed, {"cifar10/cifar10_1": exactly(10 * REPEATED, REPEATED)})
