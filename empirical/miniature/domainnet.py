"""DomainNet in small: 40 classes in four manners, with the lists that name training and test images."""

from pathlib import Path

import numpy as np

from empirical.datasets.families.domainnet import CLASSES, DOMAINS, split_file
from empirical.datasets.sizes import SetSize
from empirical.miniature.drawing import spread, traits
from empirical.miniature.files import cropped, mark, save_jpegs
from empirical.miniature.rendering import Manner, clip_art, painting, photograph, render, sketch

MANNERS: dict[str, Manner] = dict(zip(DOMAINS, (clip_art, painting, photograph, sketch), strict=True))
# Smallest and largest class; DomainNet is strongly imbalanced.
TRAINING, TEST = (8, 28), (3, 8)
SIDE = 64


def write_domainnet(root: Path, seed: int) -> None:
    """Write the images of every domain and the lists of the 40 classes' splits into a new folder below `root`."""
    folder = root / "domainnet"
    sizes = {}
    for index, domain in enumerate(DOMAINS):
        generator = np.random.default_rng([seed, 40, index])
        for split, (low, high) in (("train", TRAINING), ("test", TEST)):
            counts = generator.integers(low, high + 1, len(CLASSES))
            # Only sketches are trained on: the other domains' lists exist, and one image a class is enough for them.
            counts = counts if split == "test" or domain == "sketch" else np.ones_like(counts)
            total = _write(folder, domain, split, np.repeat(np.arange(len(CLASSES)), counts), generator)
            name = {"train": "id_training", "test": "id_test"}[split] if domain == "sketch" else domain
            if split == "test" or domain == "sketch":
                sizes[f"domainnet/{name}"] = SetSize(total=total, per_class=(int(counts.min()), int(counts.max())))
    mark(folder, seed, sizes)


def _write(folder: Path, domain: str, split: str, labels: np.ndarray, generator: np.random.Generator) -> int:
    """Images and list of one split, in label order; the number of images."""
    individual = generator.integers(0, 200, len(labels))
    shown = traits(spread(labels, 18), spread(labels, 30, 1), individual)
    images = cropped(render(shown, MANNERS[domain], SIDE, generator), generator)
    offset = 0 if split == "train" else 500
    names = [
        f"{domain}/{CLASSES[label]}/{domain}_{label + 1:03d}_{offset + index:06d}.jpg"
        for index, label in enumerate(labels)
    ]
    for label in set(labels):
        (folder / domain / CLASSES[label]).mkdir(parents=True, exist_ok=True)
    save_jpegs(images, [folder / name for name in names])
    file = split_file(folder, domain, split)
    file.parent.mkdir(exist_ok=True)
    # As published: lines end with CR LF.
    file.write_bytes("".join(f"{name} {label}\r\n" for name, label in zip(names, labels, strict=True)).encode())
    return len(labels)
