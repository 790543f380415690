"""A training run in a process of its own, to be killed: `python tests/support/killed_training.py KIND FOLDER`."""

import sys
from pathlib import Path

import numpy as np

from empirical.augment import Transform
from empirical.datasets.image_sets import ImageRows, ImageSet
from empirical.methods import FT, AdamW, FromTheTop, Mixup
from empirical.training import (
    Checkpoints,
    Epoch,
    Report,
    Resident,
    TrainingData,
    TrainingOutcome,
    TrainingRun,
    train,
    training_data,
)
from tests.support.tiny_network import CLASSES, SIDE, START

#: Everything that a resumed run could get wrong: memory of an optimiser, keys of a step, groups that wait.
METHOD = FT.model_copy(update={"optimiser": AdamW(), "mixing": Mixup(), "unfreezing": FromTheTop()})
RUN = TrainingRun(method=METHOD, learning_rate=0.01, epochs=3, batch_size=4, seed=1)
STEPS = 3  # of an epoch


def data(kind: str) -> TrainingData:
    draw = np.random.default_rng(1)
    pixels = draw.integers(0, 256, (12, 6, 6, 3)).astype(np.uint8)
    labels = draw.integers(0, CLASSES, 12).astype(np.int32)
    images = ImageSet(name="drawn", images=ImageRows("drawn", pixels, np.arange(12)), labels=labels)
    transform = Transform(crop="random_resized_crop", side=SIDE, flip=True)
    found = training_data(images, transform, resident_bytes=2**20 if kind == "resident" else 0)
    assert isinstance(found, Resident) == (kind == "resident")
    return found


def report(epoch: Epoch) -> Report:
    """Keeps the first epoch of lowest loss."""
    losses = [record.training_loss for record in epoch.history if record.training_loss is not None]
    best = epoch.training_loss is not None and epoch.training_loss < min(losses, default=float("inf"))
    return Report(epoch.record(), keep=best)


def run(kind: str, folder: Path | None, max_steps: int | None = None) -> TrainingOutcome:
    checkpoints = None if folder is None else Checkpoints(folder, {"data": kind}, every_steps=1)
    return train(START, data(kind), RUN, report, checkpoints=checkpoints, max_steps=max_steps)


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]))
