"""Says of every OOD set, before training, how far it lies from ID data and how good pretrained features are on it."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int

from artifacts import Outcome
from empirical.datasets.digits import CLASSES, OOD_SETS
from empirical.distortion import energy_outside, paired_distance, principal_angles, principal_span
from empirical.linear_probe import Features, probe_path
from empirical.materials import LOOKS, Materials
from empirical.records import Record, SetDescription, write_record

# Ten rows of a head tell classes apart in nine directions.
ANGLE_DIM = 9
# Fixed, since a diagnostic needs no selection.
PENALTY = 0.01


class SetDescriptions(Record):
    """All OOD sets; `id_shared_head_accuracy` is the shared head on ID test digits."""

    sets: list[SetDescription]
    id_shared_head_accuracy: float


def describe_sets(materials: Materials) -> Outcome:
    """Publish `sets.json`, on the split of the recipe's first seed."""
    seed = materials.recipe.seeds[0]
    inputs = {
        "features": materials.features_artifact.artifact.files["features.safetensors"],
        "pictures": materials.pictures_artifact.artifact.files["pictures.safetensors"],
        "config": {"split": materials.recipe.split.model_dump(mode="json"), "seed": seed},
    }

    def build(directory: Path) -> None:
        write_record(directory / "sets.json", _descriptions(materials, seed))

    return materials.ledger.publish("set descriptions", materials.place("sets", inputs["config"]), inputs, build)


def _descriptions(materials: Materials, seed: int) -> SetDescriptions:
    materials.progress("how far the OOD sets lie from ID", 0.0)
    training, _, test = materials.split(seed)
    shared = _test_accuracies(materials, seed, tuple(LOOKS))
    id_test = materials.features("id", test)
    pixel_span = principal_span(_pixels(materials, "id", training))
    feature_span = principal_span(materials.features("id", training))
    sets = []
    for ood in OOD_SETS:
        features = materials.features(ood.name, test)
        angles = principal_angles(id_test, features, dim=ANGLE_DIM)
        sets.append(
            SetDescription(
                name=ood.name,
                premises=ood.premises,
                reason=ood.reason,
                pixel_energy_outside=energy_outside(_pixels(materials, ood.name, test), pixel_span),
                feature_energy_outside=energy_outside(features, feature_span),
                largest_angle=float(angles[0]),
                mean_angle=float(angles.mean()),
                paired_distance=paired_distance(id_test, features),
                own_head_accuracy=_test_accuracies(materials, seed, (ood.name,))[ood.name],
                shared_head_accuracy=shared[ood.name],
            )
        )
    return SetDescriptions(sets=sets, id_shared_head_accuracy=shared["id"])


def _test_accuracies(materials: Materials, seed: int, names: tuple[str, ...]) -> dict[str, float]:
    """Test accuracies of one probe trained on training images in all of these looks."""
    training, _, test = materials.split(seed)
    data = _joined([materials.labelled_features(name, training) for name in names])
    head = probe_path(data, classes=CLASSES, penalties=(PENALTY,))[0].head
    return {name: head.accuracy(materials.labelled_features(name, test)) for name in names}


def _pixels(materials: Materials, name: str, at: Int[np.ndarray, " p"]) -> Float32[np.ndarray, "p 3072"]:
    return materials.images(name, at).reshape(len(at), -1).astype(np.float32) / np.float32(255)


def _joined(parts: list[Features]) -> Features:
    return Features(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
