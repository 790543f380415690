"""OOD images without labels: how far their features lie from those of ID images, and what was best on sets that far.

Neither the carry-over gap nor how good the features are can be measured without labels, so the regime stays open.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from empirical.advice.premises import ID_TEST, MEASURED, energy_ratio
from empirical.advice.rule import LARGE_SHIFT
from empirical.advice.track_record import COMPARED, Score, TrackRecord
from empirical.benchmark.run import Run
from empirical.datasets.image_sets import ImageFiles, ImageSet, spread
from empirical.datasets.listings import image_names
from empirical.distortion import energy_outside, exposure, principal_span
from empirical.features import extract
from empirical.linear_probe import Features
from empirical.records.record import Record
from empirical.runs.materials import materials
from empirical.views import any_key

BATCH_SIZE = 64


class UnlabelledSet(Record):
    """What is known of it; the attributes are those of `SetPremises`."""

    dataset: str
    name: str
    images: int
    energy_outside: float
    id_energy_outside: float
    on_cosine: float

    @property
    def energy_ratio(self) -> float:
        """Energy off the span, as a multiple of that of ID test images."""
        return energy_ratio(self.energy_outside, self.id_energy_outside)

    @property
    def is_far(self) -> bool:
        """Whether the shift is large, by the rule's threshold."""
        return self.energy_ratio >= LARGE_SHIFT


def unlabelled_sets(run: Run, folders: Mapping[str, Path]) -> list[UnlabelledSet]:
    """The sets measured, with the network and ID images of a description's run.

    Args:
      folders: of image files, by the name of the set.
    Raises:
      UserError: a folder holds no images, or one cannot be read.
    """
    shared = materials(run)
    span = principal_span(_some(shared.training_features(seed=run.seed).features))
    id_test = _some(shared.features[ID_TEST])
    at_home = energy_outside(id_test, span)
    sets = []
    for name, folder in folders.items():
        features = _features(run, name, folder)
        rows = _some(features.features)
        sets.append(
            UnlabelledSet(
                dataset=run.recipe.name,
                name=name,
                images=len(features.labels),
                energy_outside=energy_outside(rows, span),
                id_energy_outside=at_home,
                on_cosine=exposure(id_test, rows).on_cosine,
            )
        )
    return sets


def best_that_far(unlabelled: UnlabelledSet, record: TrackRecord) -> dict[str, Score]:
    """How good each method was on the measured sets that lie on the same side of the threshold; none: no such set."""
    cases = [case for case in record.cases if (case.energy_ratio >= LARGE_SHIFT) == unlabelled.is_far]
    here = TrackRecord(cases=cases, unmeasured=0)
    return {method: here.always(method) for method in COMPARED} if cases else {}


def _features(run: Run, name: str, folder: Path) -> Features:
    shared, names = materials(run), image_names(folder)
    nothing = np.zeros(len(names), np.int32)  # no label is looked at
    images = ImageSet(name=name, images=ImageFiles(folder, names), labels=nothing)
    evaluation = run.recipe.pipelines.evaluation
    return extract(shared.loaded.backbone, images, evaluation, norm_mode="eval", batch_size=BATCH_SIZE, key=any_key())


def _some(rows: np.ndarray) -> np.ndarray:
    """At most `MEASURED` rows, spread evenly."""
    return rows[spread(len(rows), MEASURED)]
