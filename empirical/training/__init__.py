"""Training: what a method says, done to a network. `train` is the loop; the files beside it are its parts in order.

`variables` and `groups` say what moves, `schedule` how fast, `objective` and `step` what one step is, `feeds` where the
batches come from, `checkpoints` how a run is continued, `devices` how it is divided.
"""

from empirical.training.checkpoints import Checkpoints
from empirical.training.data import Resident, Streamed, TrainingData, training_data
from empirical.training.heads import norm_matched, starting_classifier
from empirical.training.interpolation import interpolated
from empirical.training.run import TrainingRun
from empirical.training.schedule import learning_rate
from empirical.training.train import Diverged, Epoch, Report, TrainingOutcome, train

__all__ = [
    "Checkpoints",
    "Diverged",
    "Epoch",
    "Report",
    "Resident",
    "Streamed",
    "TrainingData",
    "TrainingOutcome",
    "TrainingRun",
    "interpolated",
    "learning_rate",
    "norm_matched",
    "starting_classifier",
    "train",
    "training_data",
]
