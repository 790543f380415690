"""Features of an image set, extracted once and kept in files that are named by what they were made from.

The paper's linear probes see one randomly augmented view of every training image, in eval mode. The variants of its
code are here beside it: several views or none, batch statistics, statistics re-estimated on the training set.
Source: docs/protocol.md, sections 5.1 and 7.1.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float32, Key
from pydantic import PositiveInt
from safetensors.numpy import load_file

from artifacts import Outcome, fingerprint, publish
from artifacts.frozen import Frozen
from empirical.augment import Transform
from empirical.backbones.backbone import Backbone, Forward
from empirical.backbones.checkpoints import write_tensors
from empirical.backbones.feature_norm import FixedNorm
from empirical.counted_code import feature_code, feature_versions
from empirical.datasets.image_sets import ImageSet
from empirical.linear_probe import Features
from empirical.records import NormMode
from empirical.views import views

FEATURE_FILE = "features.safetensors"


class Extraction(Frozen):
    """How features are extracted.

    Attributes:
      norm: `eval`: with the network's running statistics; `train`: each batch with its own; `reestimated`: with
        running statistics after one pass over the same images in train mode.
      views: looks at every image; more than one asks for a random transform.
      seed: of random looks and, with batch statistics, of the order in which batches are filled.
    """

    transform: Transform
    norm: Literal["eval", "train", "reestimated"] = "eval"
    views: PositiveInt = 1
    seed: int = 0
    batch_size: PositiveInt = 64

    def key(self) -> dict[str, Any]:
        """The settings that decide the features: a seed that nothing draws from is none of them."""
        decisive = self.model_dump(mode="json")
        if self.norm == "eval":
            del decisive["batch_size"]
            if not self.transform.draws:
                del decisive["seed"]
        return decisive


def extract(
    backbone: Backbone,
    images: ImageSet,
    transform: Transform,
    *,
    norm_mode: NormMode,
    batch_size: int,
    key: Key[Array, ""],
    epoch: int = 0,
) -> Features:
    """Features of every image, in the set's order.

    In train mode every batch is normalised by its own statistics. Batches are then filled in random order: a set that
    is sorted by class would be normalised class by class.

    Args:
      epoch: which look a random transform takes.
    """
    look, shuffle = jax.random.split(jax.random.fold_in(key, epoch))
    order = None if norm_mode == "eval" else np.asarray(jax.random.permutation(shuffle, len(images)))
    features: Float32[np.ndarray, "n k"] = np.empty((len(images), backbone.feature_dim), np.float32)
    for view in views(images, transform, batch_size=batch_size, key=look, order=order):
        batch_features = _forward(backbone, view.images, norm_mode).features
        features[view.indices[: view.count]] = np.asarray(batch_features)[: view.count]
    return Features(features, np.asarray(images.labels))


def with_statistics_of(
    backbone: Backbone, images: ImageSet, transform: Transform, *, batch_size: int, key: Key[Array, ""]
) -> Backbone:
    """The network after one pass over the images in train mode: weights as before, running statistics of these images.

    Statistics that were there before fade by 0.9 a batch; fewer than about fifty batches leave a trace of them.

    Args:
      key: of random transforms and of the order in which batches are filled.
    """
    look, shuffle = jax.random.split(key)
    order = np.asarray(jax.random.permutation(shuffle, len(images)))
    for view in views(images, transform, batch_size=batch_size, key=look, order=order):
        backbone = _forward(backbone, view.images, "train").network
    return backbone


def extracted(backbone: Backbone, images: ImageSet, extraction: Extraction) -> Features:
    """Features as an `Extraction` says; the views of the set one after another."""
    key, transform = jax.random.key(extraction.seed), extraction.transform
    if extraction.norm == "reestimated":
        pass_key = jax.random.fold_in(key, extraction.views)  # a look of its own
        backbone = with_statistics_of(backbone, images, transform, batch_size=extraction.batch_size, key=pass_key)
    looks = [
        extract(
            backbone,
            images,
            transform,
            norm_mode="train" if extraction.norm == "train" else "eval",
            batch_size=extraction.batch_size,
            key=key,
            epoch=look,
        )
        for look in range(extraction.views)
    ]
    return Features(*(np.concatenate(parts) for parts in zip(*looks, strict=True)))


class FeatureCache:
    """Feature files below one folder, each named by weights, images and settings.

    Several processes may use one folder. A file that was made from something else, or is damaged, is made again, and
    the outcome says why.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def __call__(
        self, backbone: Backbone, images: ImageSet, extraction: Extraction, *, weights: str, modules: Sequence[str] = ()
    ) -> tuple[Features, Outcome]:
        """The features, from the file where there is one.

        Args:
          weights: `checkpoints.weights_fingerprint` of the backbone; `catalogue.load` gives it too.
          modules: whose code counts beside that of the backbone's class.
        """
        made_from = {"weights": weights, "images": images.fingerprint, "extraction": extraction.key()}

        def build(directory: Path) -> None:
            write_tensors(directory / FEATURE_FILE, extracted(backbone, images, extraction)._asdict())

        path = self.folder / fingerprint(made_from)
        inner = (backbone.network,) if isinstance(backbone, FixedNorm) else ()
        computing = (*(type(part).__module__ for part in (backbone, *inner)), *modules)
        inputs = {**made_from, "code": feature_code(computing)}
        outcome = publish(path, inputs=inputs, build=build, versions=feature_versions(computing))
        return read_features(path / FEATURE_FILE), outcome


def read_features(file: Path) -> Features:
    """The features in a file that `FeatureCache` published."""
    arrays: Mapping[str, np.ndarray] = load_file(file)
    return Features(arrays["features"], arrays["labels"])


@eqx.filter_jit
def _forward(backbone: Backbone, images: Float32[Array, "b side side 3"], norm_mode: NormMode) -> Forward:
    return backbone(images, norm_mode)
