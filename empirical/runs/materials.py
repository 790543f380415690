"""What the runs of one recipe share: data, weights, prepared sets. Kept in memory while units of that recipe come."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from artifacts import canonical_json, fingerprint
from empirical.backbones.catalogue import BackboneChoice
from empirical.backbones.classifier import Classifier, Head
from empirical.backbones.loading import Loaded, load
from empirical.benchmark.run import Run
from empirical.counted_code import own_module
from empirical.datasets.catalogue import family
from empirical.datasets.family import Family
from empirical.datasets.file_digests import keep_in
from empirical.datasets.image_sets import Dataset
from empirical.evaluation import Evaluation
from empirical.features import Extraction, FeatureCache
from empirical.linear_probe import Features
from empirical.recipes import Recipe, SolvedProbe
from empirical.records import MOVING
from empirical.runs.images import read_images
from empirical.runs.judging import Judge
from empirical.runs.publishing import WEIGHTS_FILE, file_of
from empirical.runs.sides import check_side
from empirical.training import TrainingData, training_data

#: Folder for features of training images, each file named by what it was made from; beside it digests of image files.
FEATURES, DIGESTS = "features", "digests"


@dataclass(frozen=True)
class PreparedImages:
    """What runs on the same images share, whatever their network: the sets, made ready when first asked for."""

    recipe: Recipe
    dataset: Dataset

    @cached_property
    def training(self) -> TrainingData:
        """ID training images in the form that is fastest to train on."""
        return training_data(self.dataset.id_training, self.recipe.pipelines.training)

    @cached_property
    def judge(self) -> Judge:
        """Every set that is reported or selects."""
        reported = (self.dataset.id_validation, self.dataset.id_test, *self.dataset.ood)
        apart = () if self.recipe.evaluate == "every_epoch" else self.recipe.criterion.sets
        return Judge(reported, self.recipe.pipelines.evaluation, len(self.dataset.classes), apart=apart)

    @cached_property
    def looks(self) -> Judge:
        """ID training images, apart, and the same in the looks of OOD sets: for heads that are not selected."""
        seen = self.dataset.id_training
        shown = (seen, *self.dataset.counterparts)
        return Judge(shown, self.recipe.pipelines.evaluation, len(self.dataset.classes), apart=(seen.name,))


@dataclass(frozen=True)
class Materials:
    """Everything is read or computed when it is first asked for."""

    recipe: Recipe
    family: Family
    images: PreparedImages
    loaded: Loaded
    cache: FeatureCache

    @property
    def dataset(self) -> Dataset:
        """The sets of images."""
        return self.images.dataset

    @property
    def classes(self) -> int:
        """How many."""
        return len(self.dataset.classes)

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Hashes of data and weights: what a run is made from, beside its configuration."""
        return {
            "data": {images.name: images.fingerprint for images in self.dataset.sets},
            "classes": fingerprint(list(self.dataset.classes)),
            "weights": self.loaded.fingerprint,
        }

    @property
    def training(self) -> TrainingData:
        """ID training images in the form that is fastest to train on."""
        return self.images.training

    @property
    def judge(self) -> Judge:
        """Every set that is reported or selects."""
        return self.images.judge

    @cached_property
    def pretrained(self) -> Evaluation:
        """Features before training, of the images whose movement is measured: they do not depend on the head."""
        return self.judge(self.headless)

    @cached_property
    def features(self) -> Mapping[str, Float32[np.ndarray, "n k"]]:
        """Features of every image of every set, for heads that are solved on them."""
        most = max(len(images) for images in self.dataset.sets)
        return self.pretrained.features if most <= MOVING else self.judge(self.headless, moving=None).features

    @property
    def headless(self) -> Classifier:
        """The pretrained backbone under a head of zeros."""
        shape = (self.classes, self.loaded.backbone.feature_dim)
        return Classifier(self.loaded.backbone, Head(jnp.zeros(shape, jnp.float32), jnp.zeros(shape[0], jnp.float32)))

    def training_features(self, *, seed: int) -> Features:
        """Of the training images, in eval mode, through the transform that the probe asks for."""
        probe = self.recipe.probe
        pipelines = self.recipe.pipelines
        augmented = isinstance(probe, SolvedProbe) and probe.view == "training"
        extraction = Extraction(transform=pipelines.training if augmented else pipelines.evaluation, seed=seed)
        images = self.dataset.id_training
        modules = own_module(self.recipe)
        return self.cache(self.loaded.backbone, images, extraction, weights=self.loaded.fingerprint, modules=modules)[0]


# The last recipe's materials: images by replicate (a pooled family has several, all others one), and what belongs to a
# network by its weights too.
_images: dict[int, PreparedImages] = {}
_kept: dict[tuple[str, int], Materials] = {}
_kept_group: list[str] = []


def materials(run: Run) -> Materials:
    """The shared ingredients of a run.

    Raises:
      UserError: data or weights are missing, or they contradict the recipe.
    """
    recipe = run.recipe
    choice, weights = _choice(run)
    group = canonical_json([recipe.model_dump(mode="json"), str(run.workspace)])
    if _kept_group != [group]:
        _images.clear()
        _kept.clear()
        _kept_group[:] = [group]
    source = family(recipe.family, run.workspace.data.families)
    replicate = run.seed if source.pooled else 0
    network = canonical_json([choice.model_dump(mode="json"), weights])
    if (network, replicate) not in _kept:
        if replicate not in _images:
            keep_in(run.workspace.folder / DIGESTS)
            _images[replicate] = PreparedImages(recipe, read_images(run, source))
        loaded = load(choice, run.workspace.checkpoints)
        check_side(recipe, loaded.backbone.side)
        cache = FeatureCache(run.workspace.folder / FEATURES)
        _kept[network, replicate] = Materials(recipe, source, _images[replicate], loaded, cache)
    return _kept[network, replicate]


def _choice(run: Run) -> tuple[BackboneChoice, str]:
    """Which weights; where they are pretrained here those that the run left behind, and their hash."""
    if run.pretraining is None:
        return run.backbone, ""
    path, digest = file_of(run.pretraining, WEIGHTS_FILE)
    return run.backbone.model_copy(update={"checkpoint": path}), digest
