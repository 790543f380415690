"""What the runs of one recipe share: data, weights, prepared sets. Kept in memory while units of that recipe come."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from artifacts import UserError
from artifacts.fingerprint import canonical_json
from empirical.backbones.catalogue import BackboneChoice, Loaded, load
from empirical.backbones.classifier import Classifier, Head
from empirical.benchmark.suite import Suite
from empirical.benchmark.units import Unit, pretraining_unit, variation
from empirical.benchmark.workspace import Places
from empirical.datasets.catalogue import family
from empirical.datasets.digits import digits_dataset
from empirical.datasets.family import read_dataset
from empirical.datasets.image_sets import Dataset
from empirical.features import Extraction, FeatureCache
from empirical.linear_probe import Features
from empirical.recipes import Recipe, SolvedProbe
from empirical.runs.judging import MOVING, Judge, Judgement
from empirical.runs.publishing import file_of
from empirical.training import TrainingData, training_data

WEIGHTS_FILE = "backbone.safetensors"
#: Folder for features of training images, each file named by what it was made from.
FEATURES = "features"


@dataclass(frozen=True)
class Materials:
    """Everything is read or computed when it is first asked for."""

    recipe: Recipe
    dataset: Dataset
    loaded: Loaded
    cache: FeatureCache

    @property
    def classes(self) -> int:
        return len(self.dataset.classes)

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Hashes of data and weights: what a run is made from, beside its configuration."""
        return {
            "data": {images.name: images.fingerprint for images in self.dataset.sets},
            "weights": self.loaded.fingerprint,
        }

    @cached_property
    def training(self) -> TrainingData:
        return training_data(self.dataset.id_training, self.recipe.pipelines.training)

    @cached_property
    def judge(self) -> Judge:
        """Every set that is reported or selects."""
        reported = (self.dataset.id_validation, self.dataset.id_test, *self.dataset.ood)
        return Judge(reported, self.recipe.pipelines.evaluation, self.classes)

    @cached_property
    def pretrained(self) -> Judgement:
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
        return self.cache(self.loaded.backbone, images, extraction, weights=self.loaded.fingerprint)[0]


# The last recipe's materials, one entry a replicate (the embedded digits have several, all others one).
_kept: dict[tuple[str, int | None], Materials] = {}
_kept_group: list[str] = []


def materials(unit: Unit, suite: Suite, places: Places) -> Materials:
    """The shared ingredients of a unit.

    Raises:
      UserError: data or weights are missing, or they contradict the recipe.
    """
    recipe = suite.recipe(unit.recipe)
    choice, weights = _choice(unit, recipe, suite, places)
    group = canonical_json([recipe.model_dump(mode="json"), choice.model_dump(mode="json"), weights, str(places)])
    if _kept_group != [group]:
        _kept.clear()
        _kept_group[:] = [group]
    replicate = unit.seed if recipe.split is not None else None
    if (group, replicate) not in _kept:
        dataset = _dataset(recipe, places, replicate)
        _check(suite, recipe, dataset)
        loaded = load(choice, places.checkpoints)
        _check_side(recipe, loaded)
        _kept[group, replicate] = Materials(recipe, dataset, loaded, FeatureCache(places.folder / FEATURES))
    return _kept[group, replicate]


def _choice(unit: Unit, recipe: Recipe, suite: Suite, places: Places) -> tuple[BackboneChoice, str]:
    """Which weights; under a circumstance of pretraining those that its unit left behind, and their hash."""
    changed = variation(unit, recipe) if unit.condition else None
    if changed is None or changed.pretraining is None:
        return recipe.backbone, ""
    path, digest = file_of(pretraining_unit(recipe, changed), suite, places, WEIGHTS_FILE)
    return BackboneChoice(name="small_resnet", checkpoint=path), digest


def _dataset(recipe: Recipe, places: Places, replicate: int | None) -> Dataset:
    if recipe.split is not None:
        found = digits_dataset(recipe.split, replicate=0 if replicate is None else replicate)
        if recipe.ood is None:
            return found
        raise UserError("The embedded digits are evaluated in all their styles; leave `ood` out.")
    data = places.data
    return read_dataset(family(recipe.family, data.families), data.locations, protocol=recipe.protocol, ood=recipe.ood)


def _check(suite: Suite, recipe: Recipe, dataset: Dataset) -> None:
    if recipe.classes is not None and recipe.classes != len(dataset.classes):
        raise UserError(
            f"The recipe {recipe.name} is for {recipe.classes} classes, but its data have {len(dataset.classes)}; "
            "correct `classes`, or the data."
        )
    if not dataset.ood:
        raise UserError(f"The recipe {recipe.name} must have an OOD set, got none; name one under `ood`.")
    for images in dataset.sets:
        if len(images) == 0:
            raise UserError(f"Every set of {recipe.name} must hold images, but {images.name} holds none.")
    if suite.name == "miniature" and not dataset.miniature:
        raise UserError(
            f"The suite miniature is for miniatures, but {recipe.name} was found real; "
            "`distort bench miniature` writes them, --root names where they are."
        )


def _check_side(recipe: Recipe, loaded: Loaded) -> None:
    sides = {recipe.pipelines.training.side, recipe.pipelines.evaluation.side}
    if len(sides) > 1:
        raise UserError(f"Both transforms of {recipe.name} must give images of one side, got {sorted(sides)}.")
    wanted = loaded.backbone.side
    if wanted is not None and sides != {wanted}:
        raise UserError(
            f"{recipe.backbone.name} takes images of {wanted} pixels, but the transforms of {recipe.name} give "
            f"{min(sides)}; set `side = {wanted}`."
        )
