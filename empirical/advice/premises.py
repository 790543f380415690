"""The theory's premises on one data set, measured before any training: does the head carry over, do the features?

Features are extracted once and the linear probe is solved on them; a second head sees half of an OOD set's labels
beside the training images and is judged on the other half, and the other way round. What it reads and the probe does
not is the carry-over gap: there the features are good and the ID head is what fails.
"""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from empirical.benchmark.run import Run
from empirical.datasets.image_sets import spread
from empirical.distortion import can_be_halved, exposure, feature_error
from empirical.linear_probe import Features, ProbeHead, probe_path
from empirical.records import Benchmark, BenchmarkRow, SetDescription
from empirical.records.record import Record
from empirical.runs.materials import Materials, materials
from theory.bounds.linear_probing import linear_probing_distance_bound

HALVES = 2
#: Images of a set from which second moments and feature errors are measured.
MEASURED = 2000
ID_TEST = "id_test"
#: Less than this share of energy off the span is none: what rounding leaves.
LEAST_ENERGY = 1e-4
#: An accuracy of nothing is counted as this, so that another can be divided by it.
LEAST_ACCURACY = 1e-4


def energy_ratio(outside: float, at_home: float) -> float:
    """Energy of a set off the span of ID training features, as a multiple of that of ID test images."""
    return max(outside, LEAST_ENERGY) / max(at_home, LEAST_ENERGY)


class SetPremises(Record):
    """One OOD set.

    Attributes:
      probe_accuracy: of the linear probe. `shared_accuracy`: of a head that has seen labels of half of the set.
      energy_outside, id_energy_outside: share of the features' energy off the span of ID training features; of the set,
        and of ID test images.
      on_cosine: c_S, how well the feature that ID images excite least can be seen on them; 1 is full sight.
      feature_error: a lower estimate of eps, in [0, 1]; None: a set has one image of each class, or it is not measured.
      probing_bound: the theory's bound on the root mean squared error of a logit under linear probing, over W; None
        where it says nothing.
    """

    name: str
    images: int
    probe_accuracy: float
    shared_accuracy: float
    energy_outside: float
    id_energy_outside: float
    on_cosine: float | None = None
    feature_error: float | None = None
    probing_bound: float | None = None

    @property
    def gap(self) -> float:
        """What a head that has seen the set reads, and the probe does not."""
        return self.shared_accuracy - self.probe_accuracy

    @property
    def energy_ratio(self) -> float:
        """Energy off the span, as a multiple of that of ID test images."""
        return energy_ratio(self.energy_outside, self.id_energy_outside)

    def shared_ratio(self, id_accuracy: float) -> float:
        """What the head that has seen the set reads of it, as a multiple of what the probe reads of ID test images."""
        return self.shared_accuracy / max(id_accuracy, LEAST_ACCURACY)


class Premises(Record):
    """A data set and its pretrained features.

    Attributes:
      fingerprint: SHA-256 of the pretrained weights.
      id_accuracy: of the linear probe on ID test images.
      truth_norm: W, the norm of the best head on ID and OOD images together, in logits; None: not measured.
    """

    dataset: str
    fingerprint: str
    id_accuracy: float
    truth_norm: float | None
    sets: list[SetPremises]


def measured_premises(run: Run, probe: BenchmarkRow, benchmark: Benchmark) -> Premises:
    """Premises of the recipe of a description's run, whose probe is solved.

    Args:
      probe: the row of LP.
      benchmark: has the descriptions of the recipe's OOD sets.
    """
    shared = materials(run)
    training = shared.training_features(seed=run.seed)
    id_test = _features(shared, ID_TEST)
    described = {
        description.name: description for description in benchmark.sets if description.dataset == run.recipe.name
    }
    truth = [
        quantities.truth_norm
        for quantities in benchmark.quantities
        if quantities.dataset == run.recipe.name and not quantities.condition
    ]
    sets = [
        _set_premises(shared, images.name, described[images.name], training, id_test, probe)
        for images in shared.dataset.ood
        if images.name in described
    ]
    return Premises(
        dataset=run.recipe.name,
        fingerprint=shared.loaded.fingerprint,
        id_accuracy=probe.id_accuracy,
        truth_norm=truth[0] if truth else None,
        sets=sets,
    )


def shared_accuracy(
    training: Features, ood: Features, *, classes: int, penalty: float, valid: Sequence[int] | None = None
) -> float:
    """Accuracy on OOD images of heads that have seen the training images and the other half of the OOD images.

    Args:
      penalty: C of the heads.
      valid: classes that predictions on the OOD images are restricted to; None: all.
    """
    drawn = np.random.default_rng(0).permutation(len(ood.labels))
    # Class by class, so that halves hold as many of each: a weak head would learn which class has more.
    order = drawn[np.argsort(ood.labels[drawn], kind="stable")]
    right = 0
    for half in range(HALVES):
        held, seen = order[half::HALVES], np.concatenate([order[i::HALVES] for i in range(HALVES) if i != half])
        both = Features(
            np.concatenate([training.features, ood.features[seen]]), np.concatenate([training.labels, ood.labels[seen]])
        )
        head = probe_path(both, classes=classes, penalties=(penalty,))[0].head
        right += int(np.sum(_predicted(head, ood.features[held], valid) == ood.labels[held]))
    return right / len(order)


def _set_premises(
    shared: Materials, name: str, described: SetDescription, training: Features, id_test: Features, probe: BenchmarkRow
) -> SetPremises:
    ood = _features(shared, name)
    valid = next(images.valid_labels for images in shared.dataset.ood if images.name == name)
    penalty = sorted(probe.penalties)[len(probe.penalties) // 2]
    some_id, some_ood = _some(id_test), _some(ood)
    seen = exposure(some_id.features, some_ood.features)
    halved = all(can_be_halved(part.labels) for part in (some_id, some_ood))
    error = feature_error(some_id, some_ood) if halved else None
    return SetPremises(
        name=name,
        images=len(ood.labels),
        probe_accuracy=probe.per_ood_set[name].accuracy,
        shared_accuracy=shared_accuracy(training, ood, classes=shared.classes, penalty=penalty, valid=valid),
        energy_outside=described.feature_energy_outside,
        id_energy_outside=described.id_energy_outside,
        on_cosine=seen.on_cosine,
        feature_error=error,
        probing_bound=None if error is None else _probing_bound(error, seen.on_cosine),
    )


def _probing_bound(error: float, on_cosine: float) -> float | None:
    bound = float(linear_probing_distance_bound(jnp.asarray(error), jnp.asarray(on_cosine), jnp.asarray(1.0)))
    return bound if np.isfinite(bound) else None


def _features(shared: Materials, name: str) -> Features:
    images = next(images for images in shared.dataset.sets if images.name == name)
    return Features(shared.features[name], images.labels.astype(np.int32))


def _some(whole: Features) -> Features:
    chosen = spread(len(whole.labels), MEASURED)
    return Features(whole.features[chosen], whole.labels[chosen])


def _predicted(head: ProbeHead, rows: np.ndarray, valid: Sequence[int] | None) -> Int[np.ndarray, " n"]:
    scores = head.logits(rows)
    if valid is None:
        return np.argmax(scores, axis=1)
    allowed = np.asarray(valid)
    return allowed[np.argmax(scores[:, allowed], axis=1)]
