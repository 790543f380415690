"""A recipe: everything that determines the runs on one data set, frozen and complete.

What is not in the recipe does not change a number: where the data and checkpoints lie, how many processes work.
"""

import math
from typing import Literal

from pydantic import Field, model_validator

from artifacts.frozen import Frozen
from empirical.augment.transforms import Pipelines
from empirical.backbones.catalogue import SMALL, BackboneChoice
from empirical.datasets.naming import Title
from empirical.datasets.protocols import Protocol, Split
from empirical.linear_probe.settings import Solver, StandardisationName
from empirical.methods import Method
from empirical.recipes.penalties import PAPER_PENALTIES
from empirical.records import PretrainingLooks
from empirical.selection import ID_VALIDATION, Criterion

#: Of the embedded benchmark.
Scale = Literal["quick", "default", "full"]
#: When the sets that do not select are judged.
Evaluate = Literal["every_epoch", "selected"]


class SolvedProbe(Frozen):
    """Logistic regression on cached features, for LP and for the head of LP-FT.

    Attributes:
      penalties: values of C, ascending; the best by the recipe's criterion is chosen, the smaller on ties.
      solver: `exact` to a gradient tolerance; `faithful` as the paper's code has it (scikit-learn, 200 iterations).
      view: which transform the training features see; the paper takes one augmented view of each image.
    """

    kind: Literal["solved"] = "solved"
    penalties: tuple[float, ...] = Field(default=PAPER_PENALTIES, min_length=1)
    standardisation: StandardisationName = "scalar"
    solver: Solver = "exact"
    view: Literal["training", "evaluation"] = "training"

    @model_validator(mode="after")
    def _ascending(self) -> "SolvedProbe":
        _check_grid("penalties", self.penalties)
        return self


class TrainedProbe(Frozen):
    """A head trained by SGD on a frozen backbone, for the head of LP-FT where features are too many to solve on.

    One run serves every seed of LP-FT, as in the paper's ImageNet experiments.
    """

    kind: Literal["trained"] = "trained"
    method: Method
    learning_rate: float = Field(gt=0)
    epochs: int = Field(ge=1)
    seed: int = 0


class Sweep(Frozen):
    """One method over a grid of learning rates.

    Attributes:
      extensions: how many values may be added at an end of the grid while the optimum lies on it; 0: never.
      epochs: instead of the recipe's.
      published: the learning rate that the authors went on with, where it is known.
    """

    method: Method
    learning_rates: tuple[float, ...] = Field(min_length=1)
    extensions: int = Field(default=0, ge=0)
    epochs: int | None = Field(default=None, ge=1)
    published: float | None = None

    @property
    def label(self) -> str:
        """The method's."""
        return self.method.label

    @model_validator(mode="after")
    def _grid(self) -> "Sweep":
        _check_grid("learning_rates", self.learning_rates)
        if self.method.solved:
            raise ValueError("a sweep trains, but LP is solved: it comes with `probe` and has no learning rates")
        if self.extensions and len(self.learning_rates) < 2:
            raise ValueError("`extensions` needs a grid of at least 2 learning rates, whose step it continues")
        return self


class PretrainedFor(Frozen):
    """The small network pretrained on rendered characters, here and now: for series over the quality of features.

    Attributes:
      steps: 0: random features.
      seed: of the pretraining.
      each_seed: one network for each seed of the recipe, pretrained from `seed` plus that seed; else one for all.
      shipped: the weights are those that come with the package (`empirical.backbones.shipped`), which were pretrained
        so; else they are made here and now.
    """

    steps: int = Field(ge=0)
    looks: PretrainingLooks = "all"
    seed: int = 0
    each_seed: bool = False
    shipped: bool = False

    def from_seed(self, seed: int) -> "PretrainedFor":
        """The network that one seed of the recipe starts from, which serves it alone."""
        return self.model_copy(update={"seed": self.seed + seed, "each_seed": False}) if self.each_seed else self


#: What a condition changes: the network's pretraining, what the head starts from, how large it is at the start, or the
#: length of the features.
ConditionKind = Literal["pretraining", "head_start", "head_scale", "feature_norm"]
#: Those that leave the features, and so LP, as they are.
OF_HEADS: tuple[ConditionKind, ...] = ("head_start", "head_scale")


class Condition(Frozen):
    """What is changed beside the recipe; several of one kind, with the recipe's own among them, make a series.

    Attributes:
      name: what the runs are filed under; empty for the recipe as it is, whose runs are the main ones.
      kind: `pretraining`: another backbone, LP and the methods in `like`. `head_start`, `head_scale`: another method,
        one row. `feature_norm`: features of another length, LP and the methods in `like`.
      value: the position on the series' axis.
      like: sweeps of the recipe whose selected learning rates are taken over; one where `method` is given.
      pretraining, method, feature_norm: what is different.
      rate_factor: of the selected learning rate, where the method needs another scale.
      learning_rates: a grid of its own, from which ID validation selects, in place of the rates that are taken over.
      seeds: some of the recipe's; None: all.
    """

    name: str = Field(default="", pattern=r"^[A-Za-z0-9_. -]*$")
    kind: ConditionKind
    label: str
    value: float
    like: tuple[str, ...] = Field(min_length=1)
    pretraining: PretrainedFor | None = None
    method: Method | None = None
    feature_norm: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    rate_factor: float = Field(default=1.0, gt=0)
    learning_rates: tuple[float, ...] = ()
    seeds: tuple[int, ...] | None = Field(default=None, min_length=1)

    @property
    def changes_features(self) -> bool:
        """Whether LP is another one: its features differ from the recipe's."""
        return self.pretraining is not None or self.feature_norm is not None

    @model_validator(mode="after")
    def _of_its_kind(self) -> "Condition":
        changes = {"pretraining": self.pretraining, "method": self.method, "feature_norm": self.feature_norm}
        given = {field for field, change in changes.items() if change is not None}
        wanted = "method" if self.kind in OF_HEADS else self.kind
        if given != ({wanted} if self.name else set()):
            raise ValueError(
                "a condition with a name must have `pretraining`, `method` or `feature_norm`, as its kind says, one "
                "without name none of them"
            )
        if self.kind in OF_HEADS and len(self.like) != 1:
            raise ValueError(f"a head start is like one sweep, got {list(self.like)}")
        _check_grid("learning_rates", self.learning_rates)
        if self.learning_rates and self.rate_factor != 1:
            raise ValueError("`rate_factor` scales rates that are taken over, but `learning_rates` are the condition's")
        return self


class Recipe(Frozen):
    """All runs on one data set.

    Attributes:
      family: whose images (`datasets.catalogue`, or a data set of the user's own).
      classes: how many the data must have; None: whatever they have.
      ood: OOD sets that are evaluated; None: all that the family has.
      split: of a pooled family, which has none of its own; each seed is a replicate with images of its own.
      evaluate: `every_epoch`: every set after every epoch. `selected`: the sets that do not select once, at the epoch
        that is selected: there are no curves then, and rows selected on OOD sets choose learning rates, not epochs.
      watched: seeds whose selected runs are made once more with every set judged after every epoch, so that there are
        curves of theirs where `evaluate` is `selected`; where there are any, they alone are interpolated.
      interpolate: sweeps whose selected runs are interpolated with their start (WiSE-FT).
      refit: sweeps on whose selected features heads are refitted; the family needs training images in its OOD looks.
      pretraining: the backbone is the small network, pretrained here and now; None: `backbone` names its weights.
      conditions: series over pretraining, head starts and lengths of features, each complete with the recipe as it is.
      describe: measure how far the OOD sets lie from ID.
      source: where the settings come from.
    """

    name: str = Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    title: Title
    family: str
    protocol: Protocol
    backbone: BackboneChoice
    pipelines: Pipelines
    probe: SolvedProbe | TrainedProbe | None = Field(discriminator="kind")
    sweeps: tuple[Sweep, ...]
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    seeds: tuple[int, ...] = Field(default=(0, 1, 2), min_length=1)
    criterion: Criterion = ID_VALIDATION
    classes: int | None = Field(default=None, ge=2)
    ood: tuple[str, ...] | None = None
    split: Split | None = None
    evaluate: Evaluate = "every_epoch"
    watched: tuple[int, ...] = ()
    interpolate: tuple[str, ...] = ()
    refit: tuple[str, ...] = ()
    pretraining: PretrainedFor | None = None
    conditions: tuple[Condition, ...] = ()
    describe: bool = True
    source: str

    def sweep(self, label: str) -> Sweep:
        """The sweep of the method with that label."""
        return next(sweep for sweep in self.sweeps if sweep.label == label)

    @property
    def solves(self) -> bool:
        """Whether LP is solved on features, so that there is a row of it."""
        return isinstance(self.probe, SolvedProbe)

    @property
    def probe_seeds(self) -> tuple[int, ...]:
        """Seeds whose solved probes differ: one where neither images nor their looks are drawn; none without LP."""
        if not isinstance(self.probe, SolvedProbe):
            return ()
        looks = self.probe.view == "training" and self.pipelines.training.draws
        return self.seeds if looks or self.split is not None else self.seeds[:1]

    @model_validator(mode="after")
    def _no_contradiction(self) -> "Recipe":
        labels = [sweep.label for sweep in self.sweeps]
        repeated = next((label for label in labels if labels.count(label) > 1), None)
        if repeated:
            raise ValueError(f"every method must be swept once, got {repeated} twice; give a variant its own name")
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"`seeds` must differ, got {list(self.seeds)}")
        if not self.sweeps and not self.solves:
            raise ValueError("a recipe must have a probe or a sweep, got neither")
        for sweep in self.sweeps:
            if sweep.method.needs_probe and self.probe is None:
                raise ValueError(f"{sweep.label} starts from a linear probe, so the recipe must have a `probe`")
        for label in (
            *self.interpolate,
            *self.refit,
            *(label for condition in self.conditions for label in condition.like),
        ):
            if label not in labels:
                raise ValueError(f"`interpolate`, `refit` and `like` must name sweeps of the recipe, got {label!r}")
        for condition in self.conditions:
            foreign = sorted(set(condition.seeds or ()) - set(self.seeds))
            if foreign:
                raise ValueError(f"`seeds` of {condition.name} must be among {list(self.seeds)}, got {foreign[0]}")
        if self.watched and self.evaluate == "every_epoch":
            raise ValueError('`watched` seeds must be left out where `evaluate` is "every_epoch": all have curves then')
        unknown = sorted(set(self.watched) - set(self.seeds))
        if unknown:
            raise ValueError(f"`watched` must be among the seeds {list(self.seeds)}, got {unknown[0]}")
        if self.pretraining is not None and self.backbone.name != SMALL:
            raise ValueError(f"`pretraining` makes {SMALL}, so `backbone` must name it, got {self.backbone.name}")
        if self.criterion != ID_VALIDATION and set(self.criterion.sets) != {"id_validation"}:
            raise ValueError("selection must be on id_validation; rows selected on OOD sets are collected beside")
        return self


def _check_grid(name: str, values: tuple[float, ...]) -> None:
    if any(not (math.isfinite(value) and value > 0) for value in values) or list(values) != sorted(set(values)):
        raise ValueError(f"`{name}` must be positive and ascend, got {list(values)}")
