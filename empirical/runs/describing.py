"""A data set and the pretrained features on it, before any training: sizes, distances, how good a shared head is."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32

from artifacts import Outcome
from empirical.benchmark.columns import premises
from empirical.benchmark.suite import Suite
from empirical.benchmark.units import Unit, run_id
from empirical.benchmark.workspace import Places
from empirical.datasets.digits import OOD_SETS, training_looks
from empirical.datasets.image_sets import ImageSet
from empirical.distortion import energy_outside, paired_distance, principal_angles, principal_span
from empirical.linear_probe import Features, ProbeHead, probe_path
from empirical.records import Description, SetDescription, write_record
from empirical.runs.judging import Judge
from empirical.runs.materials import Materials, materials
from empirical.runs.publishing import RESULT_FILE, publish_run
from empirical.runs.quantities import quantities, start_heads
from empirical.views import any_key, views

#: Fixed, since a diagnostic needs no selection.
PENALTY = 0.01
#: Images of a set that are described at most, spread evenly: distances need no more.
DESCRIBED = 2000
#: Values of an image, beyond which the span of pixels is not measured.
PIXELS = 32 * 32 * 3
ID_TEST = "id_test"
Rows = Float32[np.ndarray, "n k"]


def publish_description(unit: Unit, suite: Suite, places: Places, force: bool) -> Outcome:
    """Publish what is known of a recipe's data set."""
    found = materials(unit, suite, places)

    def build(directory: Path) -> None:
        seed = unit.seed or 0
        describe = found.recipe.describe
        heads = _Heads(found, seed) if describe and found.recipe.split is not None else None
        sets = _descriptions(found, heads, seed) if describe else []
        starts = start_heads(unit, suite, places, found) if describe else {}
        write_record(
            directory / RESULT_FILE,
            Description(
                run=run_id(unit, suite),
                dataset=found.recipe.name,
                condition=unit.condition,
                miniature=found.dataset.miniature,
                classes=found.classes,
                sizes={images.name: len(images) for images in found.dataset.sets},
                backbone=found.loaded.provenance,
                fingerprint=found.loaded.fingerprint,
                sets=sets,
                id_shared_head_accuracy=None if heads is None else heads.shared[ID_TEST],
                quantities=quantities(unit, found, starts, None if heads is None else heads.truth),
            ),
        )

    return publish_run(unit, suite, places, inputs=found.inputs, build=build, force=force)


def _descriptions(found: Materials, heads: "_Heads | None", seed: int) -> list[SetDescription]:
    features = found.pretrained.features
    id_test = _some(features[ID_TEST])
    # As many directions as a head of so many classes tells apart.
    dim = max(1, min(found.classes - 1, id_test.shape[1] // 2, len(id_test) // 2))
    feature_span = principal_span(_some(found.training_features(seed=seed).features))
    small = found.recipe.pipelines.evaluation.side**2 * 3 <= PIXELS
    pixel_span = principal_span(_pixels(found, found.dataset.id_training)) if small else None
    known = premises(found.recipe)
    described = []
    for images in found.dataset.ood:
        here = _some(features[images.name])
        angles = principal_angles(id_test, here, dim=max(1, min(dim, len(here) // 2)))
        outside = None if pixel_span is None else energy_outside(_pixels(found, images), pixel_span)
        described.append(
            SetDescription(
                dataset=found.recipe.name,
                name=images.name,
                premises=known.get(images.name, "unknown"),
                reason=_reason(found, images),
                count=len(images),
                pixel_energy_outside=outside,
                feature_energy_outside=energy_outside(here, feature_span),
                largest_angle=float(angles[0]),
                mean_angle=float(angles.mean()),
                # The same digits in another style: the only images that have counterparts.
                paired_distance=None if heads is None else paired_distance(id_test, here),
                own_head_accuracy=None if heads is None else heads.own(images.name),
                shared_head_accuracy=None if heads is None else heads.shared[images.name],
            )
        )
    return described


class _Heads:
    """Probes trained on OOD looks, to say how good features are; only the embedded digits have such images."""

    def __init__(self, found: Materials, seed: int):
        assert found.recipe.split is not None
        self.found = found
        looks = training_looks(found.recipe.split, replicate=seed)
        judge = Judge(looks, found.recipe.pipelines.evaluation, found.classes)
        features = judge(found.headless, moving=None).features
        id_training = found.training_features(seed=seed)
        self.training = {name: Features(rows, id_training.labels) for name, rows in features.items()}
        self.truth = self._head([id_training, *self.training.values()])
        self.shared = self._accuracies(self.truth)

    def own(self, name: str) -> float:
        return self._accuracies(self._head([self.training[name]]))[name]

    def _head(self, parts: list[Features]) -> ProbeHead:
        data = Features(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
        return probe_path(data, classes=self.found.classes, penalties=(PENALTY,))[0].head

    def _accuracies(self, head: ProbeHead) -> dict[str, float]:
        tests = self.found.judge.of_head(head, self.found.features)
        return {name: metrics.accuracy for name, metrics in tests.items()}


def _some(rows: Rows) -> Rows:
    """At most `DESCRIBED` rows, spread evenly."""
    return rows[np.linspace(0, len(rows), min(len(rows), DESCRIBED), endpoint=False).astype(np.int64)]


def _pixels(found: Materials, images: ImageSet) -> Rows:
    """Images as the network sees them, one a row."""
    chosen = _some(np.arange(len(images), dtype=np.float32)[:, None])[:, 0].astype(np.int64)
    transform = found.recipe.pipelines.evaluation
    batches = views(images, transform, batch_size=min(64, len(chosen)), key=any_key(), order=chosen)
    return np.concatenate([np.asarray(view.images[: view.count]).reshape(view.count, -1) for view in batches])


def _reason(found: Materials, images: ImageSet) -> str:
    """Why the premises hold or not, where that is known from how the set was built."""
    if found.recipe.split is None:
        return "Photographs: nobody knows by construction; the distances are measured."
    return next(one.reason for one in OOD_SETS if one.name == images.name)
