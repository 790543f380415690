"""A data set and the pretrained features on it, before any training: sizes, distances, how good a shared head is."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32

from artifacts import Outcome
from empirical.benchmark.run import Run
from empirical.datasets.image_sets import ImageSet, spread
from empirical.distortion import energy_outside, paired_distance, principal_angles, principal_span
from empirical.linear_probe import Features, ProbeHead, probe_path
from empirical.records import RESULT_FILE, Description, SetDescription, write_record
from empirical.runs.materials import Materials, materials
from empirical.runs.publishing import publish_run
from empirical.runs.quantities import quantities, start_heads
from empirical.views import any_key, views

#: Fixed, since a diagnostic needs no selection.
PENALTY = 0.01
#: Images of a set that are described at most, spread evenly: distances need no more.
DESCRIBED = 2000
#: A shift is large where features leave the span of ID training features by so many times as much as ID test images do.
LARGE = 2.0
#: Values of an image, beyond which the span of pixels is not measured.
PIXELS = 32 * 32 * 3
ID_TEST = "id_test"
Rows = Float32[np.ndarray, "n k"]


def publish_description(run: Run, force: bool) -> Outcome:
    """Publish what is known of a recipe's data set."""
    ingredients = materials(run)

    def build(directory: Path) -> None:
        describe, dataset = run.recipe.describe, ingredients.dataset
        heads = _Heads(ingredients, run.seed) if describe and dataset.counterparts else None
        sets = _descriptions(ingredients, heads, run.seed) if describe else []
        starts = start_heads(run, ingredients) if describe else {}
        write_record(
            directory / RESULT_FILE,
            Description(
                run=run.id,
                dataset=run.recipe.name,
                condition=run.unit.condition,
                miniature=dataset.miniature,
                classes=ingredients.classes,
                sizes={images.name: len(images) for images in dataset.sets},
                backbone=ingredients.loaded.provenance,
                fingerprint=ingredients.loaded.fingerprint,
                sets=sets,
                id_shared_head_accuracy=None if heads is None else heads.shared[ID_TEST],
                quantities=quantities(run, ingredients, starts, None if heads is None else heads.truth),
            ),
        )

    return publish_run(run, inputs=ingredients.inputs, build=build, force=force)


def _descriptions(ingredients: Materials, heads: "_Heads | None", seed: int) -> list[SetDescription]:
    features = ingredients.pretrained.features
    id_test = _some(features[ID_TEST])
    # As many directions as a head of so many classes tells apart.
    dim = max(1, min(ingredients.classes - 1, id_test.shape[1] // 2, len(id_test) // 2))
    feature_span = principal_span(_some(ingredients.training_features(seed=seed).features))
    at_home = energy_outside(id_test, feature_span)
    small = ingredients.recipe.pipelines.evaluation.side**2 * 3 <= PIXELS
    pixel_span = principal_span(_pixels(ingredients, ingredients.dataset.id_training)) if small else None
    parts = {part.name: part for part in ingredients.family.ood}
    described = []
    for images in ingredients.dataset.ood:
        here = _some(features[images.name])
        angles = principal_angles(id_test, here, dim=max(1, min(dim, len(here) // 2)))
        outside = None if pixel_span is None else energy_outside(_pixels(ingredients, images), pixel_span)
        feature_energy = energy_outside(here, feature_span)
        described.append(
            SetDescription(
                dataset=ingredients.recipe.name,
                name=images.name,
                premises=parts[images.name].premises,
                reason=parts[images.name].reason,
                count=len(images),
                pixel_energy_outside=outside,
                feature_energy_outside=feature_energy,
                id_energy_outside=at_home,
                shift="large" if feature_energy >= LARGE * at_home else "small",
                largest_angle=float(angles[0]),
                mean_angle=float(angles.mean()),
                # The same images in another look: the only ones that have counterparts.
                paired_distance=paired_distance(_some(features[ID_TEST][: len(images)]), here)
                if heads is not None and images.name in heads.training
                else None,
                own_head_accuracy=None if heads is None else heads.own(images.name),
                shared_head_accuracy=None if heads is None else heads.shared[images.name],
            )
        )
    return described


class _Heads:
    """Probes trained on OOD looks, to say how good features are; for families whose looks share their images."""

    def __init__(self, ingredients: Materials, seed: int):
        self.ingredients = ingredients
        # Without the training images themselves, whose features are kept.
        features = ingredients.images.looks.others(ingredients.headless, moving=None).features
        id_training = ingredients.training_features(seed=seed)
        self.training = {name: Features(rows, id_training.labels) for name, rows in features.items()}
        self.truth = self._head([id_training, *self.training.values()])
        self.shared = self._accuracies(self.truth, None)

    def own(self, name: str) -> float | None:
        if name not in self.training:
            return None
        return self._accuracies(self._head([self.training[name]]), [name])[name]

    def _head(self, parts: list[Features]) -> ProbeHead:
        data = Features(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
        return probe_path(data, classes=self.ingredients.classes, penalties=(PENALTY,))[0].head

    def _accuracies(self, head: ProbeHead, names: list[str] | None) -> dict[str, float]:
        tests = self.ingredients.judge.of_head(head, self.ingredients.features, names)
        return {name: metrics.accuracy for name, metrics in tests.items()}


def _some(rows: Rows) -> Rows:
    """At most `DESCRIBED` rows, spread evenly."""
    return rows[spread(len(rows), DESCRIBED)]


def _pixels(ingredients: Materials, images: ImageSet) -> Rows:
    """Images as the network sees them, one a row."""
    chosen = _some(np.arange(len(images), dtype=np.float32)[:, None])[:, 0].astype(np.int64)
    transform = ingredients.recipe.pipelines.evaluation
    batches = views(images, transform, batch_size=min(64, len(chosen)), key=any_key(), order=chosen)
    return np.concatenate([np.asarray(view.images[: view.count]).reshape(view.count, -1) for view in batches])
