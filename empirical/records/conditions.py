"""What the rows are held against: how far each OOD set lies from ID, how good features and heads are at the start."""

from typing import Any, Literal

from pydantic import Field

from empirical.records.record import Record
from empirical.records.rows import BenchmarkRow, Premises

#: Of printed characters in pretraining: all that the embedded benchmark uses, or that of its ID images alone.
PretrainingLooks = Literal["all", "plain"]


class SetDescription(Record):
    """An OOD set: whether the theory's premises hold by construction, and how far it lies from ID, measured.

    Attributes:
      pixel_energy_outside, feature_energy_outside: share in [0, 1] of the set's squared distance from the ID mean that
        leaves the span of the ID training images, or of their features. None where the images are too large for it.
      id_energy_outside: the same share of ID test images' features, which leave the span a little too.
      shift: `large` where the set's features leave the span at least twice as far (in energy) as ID test images do:
        where the theory lets fine-tuning lose. Measured before any training.
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
    id_energy_outside: float
    shift: Literal["large", "small"]
    largest_angle: float
    mean_angle: float
    paired_distance: float | None
    own_head_accuracy: float | None
    shared_head_accuracy: float | None


class TheoryQuantities(Record):
    """The theory's quantities, estimated from features of one data set; the letters are those of `theory.bounds`.

    How, and under which assumptions, says `empirical.distortion.theory_estimates`. ID test images are held against
    those OOD sets together that make up the data set's columns; the truth is a probe that has seen labels of both.

    Attributes:
      head: name of the start: `random`, `linear_probe`, or a head start's name.
      feature_error: a lower estimate of eps, in [0, 1]; better pretraining makes it smaller.
      truth_norm: W, the norm of the head that the theory calls w*, in logits.
      head_alignment_error: phi, how far the head is from that truth at the start; zero is a perfect head.
      relative_head_alignment_error: phi / W^2, free of the scale of logits: 1 for a head of zero.
      on_subspace_cosine: c_S, how well the feature that ID data excite least can be seen on them.
      linear_probing_upper_bound: what the theory's bound says of the largest root mean squared error of a logit over
        OOD directions; None where it is infinite.
    """

    dataset: str
    condition: str = ""
    head: str
    seed: int
    feature_error: float | None = None
    truth_norm: float | None = None
    head_alignment_error: float | None = None
    relative_head_alignment_error: float | None = None
    on_subspace_cosine: float | None = None
    linear_probing_upper_bound: float | None = None
    largest_angle: float | None = None
    id_dim: int | None = None
    feature_dim: int | None = None


class Description(Record):
    """What was learnt of a data set and of the pretrained features on it, before any training.

    Attributes:
      run: its directory below the benchmark's folder.
      sizes: images in each set.
      backbone: provenance of the pretrained weights, as JSON values; `fingerprint` is the SHA-256 of the weights.
      sets, quantities: empty where the recipe does not ask for them; quantities too where ID or OOD images show every
        class once.
    """

    run: str
    dataset: str
    condition: str = ""
    miniature: bool
    classes: int
    sizes: dict[str, int]
    backbone: dict[str, Any]
    fingerprint: str
    sets: list[SetDescription]
    id_shared_head_accuracy: float | None
    quantities: list[TheoryQuantities]


class PretrainingResult(Record):
    """A backbone that was pretrained for a series: its provenance, as JSON values, and the hash of its weights."""

    run: str
    provenance: dict[str, Any]
    fingerprint: str


class ConditionRecord(Record):
    """One data set under a condition (`recipes.Condition`), everything else as in its main rows.

    Attributes:
      kind: `pretraining`: how long the backbone was pretrained, `value` in steps, rows of LP, FT and LP-FT;
        `head_start`: what head full training starts from, `value` an order from worst to best, one row each;
        `head_scale`: how large a random head is at the start, `value` a multiple of its usual size, one row each;
        `feature_norm`: how long features are, `value` their length, rows of LP and of fine-tuning.
        The main rows are among the conditions, so that each kind is a complete series.
      name: as the rows' `condition` (empty for the main rows).
      label: for an axis or a legend.
      backbone_accuracy: what pretraining reached on held-out pretraining data; None where features do not differ.
      head_accuracy: ID validation accuracy of the head at the start; None where features differ.
      sets: how far the OOD sets lie from ID in these features, measured before any training; none where
        features do not differ.
    """

    dataset: str
    kind: Literal["pretraining", "head_start", "head_scale", "feature_norm"]
    name: str
    label: str
    value: float
    backbone_accuracy: float | None
    head_accuracy: float | None
    quantities: TheoryQuantities | None
    sets: list[SetDescription] = Field(default_factory=list)
    rows: list[BenchmarkRow]
