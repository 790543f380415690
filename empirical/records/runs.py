"""What one run leaves behind: a line for every epoch (or penalty), and how it ended.

Sets are named `id_validation`, `id_test` and as the data set names its OOD sets. Where a set restricts predictions to
some classes (ImageNet-R and -A), accuracy, NLL and ECE are the restricted ones, as in the paper's tables, and
`unmasked` has the others.
"""

from typing import Literal

from empirical.records.record import Record

#: Of batch normalisation in training: "train": batch statistics, running averages follow; "eval": running averages,
#: which stay as they are.
NormMode = Literal["train", "eval"]
Edge = Literal["low", "high"]
RunStatus = Literal["finished", "diverged"]


def method_label(method: str, norm_mode: NormMode) -> str:
    """What tables, rows and `--only` call a method in a norm mode: "LP-FT (eval)"."""
    return f"{method} ({norm_mode})"


class Metrics(Record):
    """Of a classifier on a set: accuracy in [0, 1], negative log likelihood in nats, expected calibration error."""

    accuracy: float
    nll: float
    ece: float


class SetMetrics(Metrics):
    """`count` images; `unmasked` over all classes, where the rest is restricted to the set's own."""

    count: int
    unmasked: Metrics | None = None


#: Images of each set whose features are compared before and after training, spread evenly over the set.
MOVING = 10_000


class Movement(Record):
    """Feature distance before and after training; `mean_squared` is the paper's measure.

    `cka` is linear centred kernel alignment, 1 where features only turned; None where it was not measured.
    """

    mean_squared: float
    euclidean: float
    cosine: float
    cka: float | None = None


STILL = Movement(mean_squared=0.0, euclidean=0.0, cosine=0.0, cka=1.0)


class EpochRecord(Record):
    """One line of a run's metrics; epoch 0 is before training and has neither loss nor learning rate."""

    epoch: int
    learning_rate: float
    training_loss: float | None
    sets: dict[str, SetMetrics]
    movement: dict[str, Movement]

    @property
    def accuracy(self) -> dict[str, float]:
        """Of every set."""
        return {name: metrics.accuracy for name, metrics in self.sets.items()}


class RunResult(Record):
    """How a training run ended.

    Attributes:
      run: its directory below the benchmark's folder; the configuration and the metrics of every epoch lie there.
      dataset: name of the recipe that it belongs to.
      condition: what was changed beside the recipe (`ConditionRecord.name`); empty in the main rows.
      reason: why a diverged run ended.
      selected_epoch: first epoch of highest value of the selection metric, epoch 0 excluded.
      sets, movement: at that epoch; empty where the run diverged.
      images_per_second: of training alone, compilation left out; None where a run was too short to tell.
    """

    run: str
    dataset: str
    condition: str = ""
    method: str
    norm_mode: NormMode
    learning_rate: float
    seed: int
    status: RunStatus
    reason: str | None
    selected_epoch: int | None
    sets: dict[str, SetMetrics]
    movement: dict[str, Movement]
    seconds: float
    images_per_second: float | None


class PenaltyRecord(Record):
    """One line of a probe's metrics: a penalty C (the inverse of the L2 strength) on its path."""

    penalty: float
    converged: bool
    iterations: int
    sets: dict[str, SetMetrics]

    @property
    def accuracy(self) -> dict[str, float]:
        """Of every set."""
        return {name: metrics.accuracy for name, metrics in self.sets.items()}

    @property
    def movement(self) -> dict[str, Movement]:
        """None at all: a probe trains no feature."""
        return dict.fromkeys(self.sets, STILL)


class ProbeResult(Record):
    """A linear probe: the penalty that ID validation chose, and what the probe does on every set."""

    run: str
    dataset: str
    condition: str = ""
    seed: int
    penalty: float
    edge: Edge | None
    sets: dict[str, SetMetrics]
    seconds: float


class OfTrainedRun(Record):
    """What was made of a training run once it had ended.

    Attributes:
      end: that run; `method` to `seed` are its own.
    """

    run: str
    end: str
    dataset: str
    method: str
    norm_mode: NormMode
    learning_rate: float
    seed: int

    @property
    def label(self) -> str:
        """Method and norm mode."""
        return method_label(self.method, self.norm_mode)


class Refitting(OfTrainedRun):
    """What fine-tuning left of the features, at its selected epoch.

    Attributes:
      accuracies: on the ID test images and every OOD set whose images have counterparts in training, each with a head
        refitted on the tuned features of training images in that look. The heads have seen OOD labels: they say
        where fine-tuning's loss lies, and compete with no method.
      followed: of the displacement of ID features, the share that features of the same images in that look follow.
    """

    accuracies: dict[str, float]
    followed: dict[str, float | None]


class InterpolationPoint(Record):
    """Weights (1 - alpha) start + alpha end (WiSE-FT)."""

    alpha: float
    sets: dict[str, SetMetrics]


class Interpolation(OfTrainedRun):
    """The whole curve between where a run started and its selected epoch."""

    points: list[InterpolationPoint]
