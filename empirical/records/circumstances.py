"""What the rows are held against: how far each OOD set lies from ID, how good features and heads are at the start."""

from typing import Literal

from empirical.records.record import Record
from empirical.records.rows import BenchmarkRow, Premises


class SetDescription(Record):
    """An OOD set: whether the theory's premises hold by construction, and how far it lies from ID, measured.

    Attributes:
      pixel_energy_outside, feature_energy_outside: share in [0, 1] of the set's squared distance from the ID mean that
        leaves the span of the ID training images, or of their features. None where the images are too large for it.
      largest_angle, mean_angle: principal angles in radians between leading ID and OOD feature subspaces.
      paired_distance: root mean squared feature difference between two looks of the same images over the spread of
        the first; None where images have no counterpart.
      own_head_accuracy: a probe trained on training images of this set; `shared_head_accuracy`: one probe trained on ID
        and all OOD sets together, the head whose existence the theory assumes. Both look at OOD training data and
        serve only to say how good the pretrained features are; None where there are no such data.
    """

    dataset: str
    name: str
    premises: Premises
    reason: str
    count: int
    pixel_energy_outside: float | None
    feature_energy_outside: float
    largest_angle: float
    mean_angle: float
    paired_distance: float | None
    own_head_accuracy: float | None
    shared_head_accuracy: float | None


class TheoryQuantities(Record):
    """The theory's quantities, estimated from features of one data set; the letters are those of `theory.bounds`.

    Attributes:
      head: name of the start: `random`, `linear_probe`, ...
      feature_error: eps, how far the best shared head is from the truth; better pretraining makes it smaller.
      truth_norm: W, the norm of the head that the theory calls w*.
      head_alignment_error: phi, how far the head is from that truth at the start; zero is a perfect head.
      off_subspace_cosine: c, how much of the feature space OOD data see and ID data do not.
    """

    dataset: str
    condition: str = ""
    head: str
    seed: int
    feature_error: float | None = None
    truth_norm: float | None = None
    head_alignment_error: float | None = None
    off_subspace_cosine: float | None = None
    largest_angle: float | None = None
    id_dim: int | None = None
    feature_dim: int | None = None


class Condition(Record):
    """One data set under a changed circumstance, everything else as in its main rows.

    Attributes:
      kind: `pretraining`: how long the backbone was pretrained, `value` in steps, rows of LP, FT and LP-FT;
        `head_start`: what head full training starts from, `value` an order from worst to best, one row each.
        The main rows' own circumstance is among the conditions, so that each kind is a complete series.
      name: as the rows' `condition` (empty for the circumstance of the main rows).
      label: for an axis or a legend.
      backbone_accuracy: what pretraining reached on held-out pretraining data; None for `head_start`.
      head_accuracy: ID validation accuracy of the head at the start; None for `pretraining`.
    """

    dataset: str
    kind: Literal["pretraining", "head_start"]
    name: str
    label: str
    value: float
    backbone_accuracy: float | None
    head_accuracy: float | None
    quantities: TheoryQuantities | None
    rows: list[BenchmarkRow]
