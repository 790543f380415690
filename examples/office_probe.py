"""A linear probe on a backbone of one's own: MobileNetV2 on Office-Caltech, trained on photographs from amazon.

    python -m examples.office_probe --weights mobilenet_v2_imagenet.npz --images office_caltech

`--images` has one folder a domain (amazon, caltech10, webcam, dslr) with one folder a class. Of amazon, shares are held
out to select the penalty and to test; the other domains are out of distribution.
"""

from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import tyro
from jaxtyping import Float32
from sklearn.linear_model import LogisticRegression

from artifacts.runtime import prepare_jax
from empirical.augment import Transform, apply
from empirical.backbones.backbone import Backbone
from empirical.backbones.catalogue import BackboneChoice
from empirical.backbones.checkpoint_locations import CheckpointLocations
from empirical.backbones.loading import load
from empirical.datasets.image_sets import ImageSet
from empirical.datasets.locations import Locations
from empirical.datasets.own import OwnDataset, Tree, own_family
from empirical.datasets.protocols import CLEAN
from empirical.datasets.reading import read_dataset
from empirical.store.batches import epoch_batches

ID_DOMAIN, OOD_DOMAINS = "amazon", ("caltech10", "webcam", "dslr")
BATCH = 32
PENALTIES = tuple(10.0**power for power in range(-5, 1))


def main(weights: Path, images: Path, side: int = 224) -> None:
    """Print the accuracy of a linear probe in and out of distribution."""
    prepare_jax()
    choice = BackboneChoice(name="examples.mobilenet_v2:mobilenet_v2", checkpoint=weights)
    backbone = load(choice, CheckpointLocations()).backbone
    content = OwnDataset(training=Tree(folder=ID_DOMAIN), ood={name: Tree(folder=name) for name in OOD_DOMAINS})
    dataset = read_dataset(own_family("office", content, images), Locations(), protocol=CLEAN)
    features = {images.name: extracted(backbone, images, side=side) for images in dataset.sets}
    labels = {images.name: images.labels for images in dataset.sets}
    path = [
        LogisticRegression(C=penalty, max_iter=2000).fit(features["id_training"], labels["id_training"])
        for penalty in PENALTIES
    ]
    best = max(path, key=lambda probe: probe.score(features["id_validation"], labels["id_validation"]))
    print(f"C = {best.C:g}, chosen on ID validation")
    for name in ("id_validation", "id_test", *OOD_DOMAINS):
        print(f"{name:14} {best.score(features[name], labels[name]):.3f}  ({len(labels[name])} images)")


def extracted(backbone: Backbone, images: ImageSet, *, side: int) -> Float32[np.ndarray, "n k"]:
    """Features of a set, in its order."""
    transform = Transform(crop="resize", side=side)

    @eqx.filter_jit
    def features(backbone: Backbone, batch: jax.Array) -> jax.Array:
        return backbone(batch, "eval").features

    batches = []
    for batch in epoch_batches(images, np.arange(len(images)), BATCH):
        indices = jnp.asarray(batch.indices)
        floats = apply(batch.images, batch.extents, indices, transform=transform, key=jax.random.key(0))
        padding = ((0, BATCH - len(indices)), (0, 0), (0, 0), (0, 0))  # one shape, one compilation
        batches.append(np.asarray(features(backbone, jnp.pad(floats, padding)))[: len(indices)])
    return np.concatenate(batches)


if __name__ == "__main__":
    tyro.cli(main)
