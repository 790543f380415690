"""ImageNet in small, with its 1,000 classes, and V2, R, A and Sketch.

A class's superclass in Living-17 gives its outline, that in Entity-30 its coat, and either the range of its colours;
exact hues and stretch are the class's own. So subclasses that were never seen share what defines the label, and look
different. The wnids are made up: `n1` and seven digits.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int, UInt8

from empirical.datasets.families.breeds import breeds
from empirical.datasets.families.imagenet import CLASSES, subset_indices
from empirical.datasets.sizes import SetSize
from empirical.miniature.drawing import Drawing, Traits, spread, traits
from empirical.miniature.files import cropped, exactly, mark, save_jpegs
from empirical.miniature.rendering import RENDITIONS, Manner, Picture, photograph, render, sketch

WNIDS = tuple(f"n1{37 * index:07d}" for index in range(CLASSES))
SIDE = 48
# Images in each class: training for BREEDS' source classes, for the other classes that a test set restricts itself to,
# and for the rest; validation for classes of BREEDS and for the rest; the four test sets.
TRAINING, TRAINING_TESTED, TRAINING_OTHER, VALIDATION, VALIDATION_OTHER = 12, 4, 2, 3, 1
V2, R, A, SKETCH = 1, 3, 2, 1
# In turns of the colour wheel: of the classes of a superclass, and of the images of a class.
PALETTE_RANGE, HUE_RANGE = 0.16, 0.04
CANDIDATES = 6  # of which A keeps the hardest


def write_imagenet(root: Path, seed: int) -> None:
    """Write ImageNet in class folders, and its V2, R, A and Sketch beside it, into new folders below `root`."""
    known = np.array(sorted(_superclasses("living17") | _superclasses("entity30")))
    training, validation = (np.full(CLASSES, other) for other in (TRAINING_OTHER, VALIDATION_OTHER))
    training[[*subset_indices("imagenet_r"), *subset_indices("imagenet_a")]] = TRAINING_TESTED
    training[sorted({index for split in ("living17", "entity30") for index in breeds(split).labels("source")})] = (
        TRAINING
    )
    validation[known] = VALIDATION
    everything = np.arange(CLASSES)
    folder, names = root / "imagenet", WNIDS
    reference = _write(folder / "train", np.repeat(everything, training), photograph, seed, 1, names, jitter=1.0)
    _write(folder / "val", np.repeat(everything, validation), photograph, seed, 2, names, jitter=1.0)
    mark(folder, seed, _sizes(training, validation))
    v2 = root / "imagenetv2-matched-frequency-format-val"
    numbers = tuple(map(str, range(CLASSES)))
    _write(v2, np.repeat(everything, V2), photograph, seed, 3, numbers, jitter=1.2)
    mark(v2, seed, {"imagenet/imagenet_v2": exactly(CLASSES * V2, V2)})
    _write(root / "imagenet-r", np.repeat(subset_indices("imagenet_r"), R), _rendition, seed, 4, names, jitter=1.0)
    mark(root / "imagenet-r", seed, {"imagenet/imagenet_r": exactly(200 * R, R)})
    _write_hardest(root / "imagenet-a", reference, seed)
    mark(root / "imagenet-a", seed, {"imagenet/imagenet_a": exactly(200 * A, A)})
    _write(root / "sketch", np.repeat(everything, SKETCH), sketch, seed, 6, names, jitter=1.0)
    mark(root / "sketch", seed, {"imagenet/imagenet_sketch": exactly(CLASSES * SKETCH, SKETCH)})


def look(classes: Int[np.ndarray, " n"], generator: np.random.Generator) -> Traits:
    """What images of these classes show: the superclasses' outline, coat and range of colours, the class's own hues."""
    everything = np.arange(CLASSES)
    body, coat, palette = spread(everything, 18, 2), spread(everything, 30, 3), everything + 47
    for table, split in ((coat, "entity30"), (body, "living17")):
        for label_of in (breeds(split).labels("source"), breeds(split).labels("target")):
            for index, label in label_of.items():
                table[index] = label
                palette[index] = label + (17 if split == "entity30" else 0)
    shown = traits(body[classes], coat[classes], classes)
    # Colours around those of the superclass: near enough that they help with unseen subclasses, and not alone.
    centre = traits(body[classes], coat[classes], palette[classes])
    hue, accent = (
        np.mod(middle + PALETTE_RANGE * (own - 0.5) + generator.uniform(-HUE_RANGE, HUE_RANGE, len(classes)), 1)
        for middle, own in ((centre.hue, shown.hue), (centre.accent, shown.accent))
    )
    return shown._replace(hue=hue.astype(np.float32), accent=accent.astype(np.float32))


def _superclasses(split: str) -> set[int]:
    return set(breeds(split).labels("source")) | set(breeds(split).labels("target"))


def _sizes(training: Int[np.ndarray, " k"], validation: Int[np.ndarray, " k"]) -> dict[str, SetSize]:
    sizes = {
        "imagenet/id_training": SetSize(total=int(training.sum()), per_class=(TRAINING_OTHER, TRAINING)),
        "imagenet/id_test": SetSize(total=int(validation.sum()), per_class=(VALIDATION_OTHER, VALIDATION)),
    }
    for split, subclasses in (("living17", 2), ("entity30", 4)):
        labels = len(breeds(split).names)
        for name, count in (("id_training", TRAINING), ("id_test", VALIDATION), ("target_subclasses", VALIDATION)):
            sizes[f"{split}/{name}"] = exactly(labels * subclasses * count, subclasses * count)
    return sizes


def _write(
    folder: Path, classes: Int[np.ndarray, " n"], manner: Manner, seed: int, stream: int,
    names: tuple[str, ...], *, jitter: float,
) -> Float32[np.ndarray, "k f"]:  # fmt: skip
    """Images in class folders; gives each class's mean thumbnail, which the adversarial filter classifies by."""
    generator = np.random.default_rng([seed, 1000, stream])
    sums, filled = np.zeros((CLASSES, 8 * 8 * 3), np.float32), np.zeros(CLASSES, np.int64)
    for start in range(0, len(classes), 512):
        block = classes[start : start + 512]
        images = render(look(block, generator), manner, SIDE, generator, jitter=jitter)
        np.add.at(sums, block, thumbnails(images))
        _save(folder, block, cropped(images, generator), names, filled)
    return sums / np.maximum(filled, 1)[:, None].astype(np.float32)


def _save(
    folder: Path, classes: Int[np.ndarray, " n"], images: list, names: tuple[str, ...], saved: np.ndarray
) -> None:
    paths = []
    for index in classes:
        if saved[index] == 0:
            (folder / names[index]).mkdir(parents=True)
        paths.append(folder / names[index] / f"{names[index]}_{saved[index]}.JPEG")
        saved[index] += 1
    save_jpegs(images, paths)


def _rendition(drawing: Drawing, shown: Traits, generator: np.random.Generator) -> Picture:
    """Each image in a manner of its own."""
    pictures = np.stack([manner(drawing, shown, generator) for manner in RENDITIONS])
    return pictures[generator.integers(0, len(RENDITIONS), len(shown.hue)), np.arange(len(shown.hue))]


def _write_hardest(folder: Path, reference: Float32[np.ndarray, "k f"], seed: int) -> None:
    """Photographs that the nearest class mean gets wrong by the widest margin, out of several for each class."""
    generator = np.random.default_rng([seed, 1000, 5])
    indices = np.array(subset_indices("imagenet_a"))
    for start in range(0, len(indices), 50):
        block = indices[start : start + 50]
        classes = np.repeat(block, CANDIDATES)
        images = render(look(classes, generator), photograph, SIDE, generator, jitter=1.5)
        distance = np.linalg.norm(thumbnails(images)[:, None] - reference[None, indices], axis=-1)
        own = distance[np.arange(len(classes)), np.searchsorted(indices, classes)]
        margin = (own - distance.min(1)).reshape(len(block), CANDIDATES)
        kept = (np.argsort(-margin, axis=1, kind="stable")[:, :A] + CANDIDATES * np.arange(len(block))[:, None]).ravel()
        _save(folder, classes[kept], cropped(images[kept], generator), WNIDS, np.zeros(CLASSES, np.int64))


def thumbnails(images: UInt8[np.ndarray, "n s s 3"]) -> Float32[np.ndarray, "n f"]:
    """Means over 8 x 8 cells."""
    count, side = images.shape[:2]
    cell = side // 8
    return images.reshape(count, 8, cell, 8, cell, 3).mean((2, 4), dtype=np.float32).reshape(count, -1) / 255
