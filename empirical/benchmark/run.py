"""A run: a unit with everything that its names mean, what it needs, and where it lies."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from artifacts import UserError, fingerprint
from artifacts.directory import MANIFEST
from empirical.backbones.catalogue import BackboneChoice
from empirical.benchmark.suite import Suite, read_suite
from empirical.benchmark.units import FOLDERS, Unit, pretraining_unit, trained_probe_unit
from empirical.benchmark.workspace import Workspace
from empirical.methods import Method
from empirical.recipes import Condition, Evaluate, PretrainedFor, Recipe, TrainedProbe


@dataclass(frozen=True)
class Run:
    """A unit of a suite in a workspace.

    Its directory is named by the hash of its configuration, so a unit can be given out any number of times, to any
    worker. Everything is worked out when it is first asked for.
    """

    unit: Unit
    suite: Suite = field(compare=False, repr=False)
    workspace: Workspace

    def __str__(self) -> str:
        return str(self.unit)

    @property
    def seed(self) -> int:
        """The unit's; 0 where nothing is drawn."""
        return self.unit.seed or 0

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe that the unit names.

        Raises:
          UserError: the suite has none of that name.
        """
        return self.suite.recipe(self.unit.recipe)

    @cached_property
    def condition(self) -> Condition | None:
        """What is changed beside the recipe; None for the main rows.

        Raises:
          UserError: the recipe has no condition of that name.
        """
        if not self.unit.condition:
            return None
        for condition in self.recipe.conditions:
            if condition.name == self.unit.condition:
                return condition
        names = ", ".join(condition.name for condition in self.recipe.conditions if condition.name) or "none"
        raise UserError(
            f"A condition must be one of the recipe {self.recipe.name} ({names}), got {self.unit.condition!r}."
        )

    @cached_property
    def method(self) -> Method:
        """The method that the unit trains.

        Raises:
          UserError: the recipe has none of that label.
        """
        candidates = [sweep.method for sweep in self.recipe.sweeps]
        if self.condition is not None and self.condition.method is not None:
            candidates.insert(0, self.condition.method)
        if isinstance(self.recipe.probe, TrainedProbe):
            candidates.append(self.recipe.probe.method)
        for method in candidates:
            if method.label == self.unit.method:
                return method
        labels = ", ".join(sweep.label for sweep in self.recipe.sweeps)
        raise UserError(f"A method must be one of the recipe {self.recipe.name} ({labels}), got {self.unit.method!r}.")

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """Everything that determines the result, apart from data, weights and code; JSON values."""
        recipe, unit = self.recipe, self.unit
        if unit.kind == "pretraining":
            # Not the recipe: all recipes share a backbone that was pretrained for as long.
            return {"kind": unit.kind, "pretraining": _dumped(self.pretrained_for)}
        common = {
            "kind": unit.kind,
            "recipe": recipe.name,
            "condition": unit.condition,
            "family": recipe.family,
            "ood": recipe.ood,
            "classes": recipe.classes,
            "protocol": _dumped(recipe.protocol),
            "split": _dumped(recipe.split),
            "backbone": self._backbone,
            "pipelines": _dumped(recipe.pipelines),
            "seed": unit.seed,
        }
        if unit.kind in ("probe", "description"):
            return {**common, "probe": _dumped(recipe.probe), "criterion": _dumped(recipe.criterion)}
        return {
            **common,
            "criterion": _dumped(recipe.criterion),
            "evaluate": self.evaluate,
            "method": _dumped(self.method.without_interpolation),
            "probe": _dumped(recipe.probe) if self.method.needs_probe else None,
            "learning_rate": unit.learning_rate,
            "epochs": unit.epochs,
            "batch_size": recipe.batch_size,
        }

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the configuration."""
        return fingerprint(self.configuration)

    @property
    def id(self) -> str:
        """Its directory below the suite's folder: what records call it."""
        return f"{FOLDERS[self.unit.kind]}/{self.fingerprint}"

    @cached_property
    def folder(self) -> Path:
        """Its directory."""
        return self.workspace.folder / FOLDERS[self.unit.kind] / self.fingerprint

    @cached_property
    def manifest(self) -> str:
        """The file that is there once it is finished."""
        return str(self.folder / MANIFEST)

    @cached_property
    def pretraining(self) -> "Run | None":
        """The run that pretrains its backbone, where its recipe or its condition asks for one."""
        if self.unit.kind == "pretraining":
            return None
        unit = pretraining_unit(self.recipe, self.condition, self.unit.seed)
        return None if unit is None else self.beside(unit)

    @cached_property
    def pretrained_for(self) -> PretrainedFor | None:
        """The pretraining of the network that it starts from, its seed worked out; None where weights are given."""
        varied = None if self.condition is None else self.condition.pretraining
        pretraining = varied or self.recipe.pretraining
        return None if pretraining is None else pretraining.from_seed(self.seed)

    @cached_property
    def backbone(self) -> BackboneChoice:
        """As the recipe names it, with the length of features that the condition gives them."""
        feature_norm = None if self.condition is None else self.condition.feature_norm
        named = self.recipe.backbone
        return named if feature_norm is None else named.model_copy(update={"feature_norm": feature_norm})

    @cached_property
    def head(self) -> "Run | None":
        """The probe whose head it starts from or describes: replicate i starts from probe i, as in the paper."""
        if self.unit.kind == "description":
            needed = self.recipe.describe and self.recipe.solves
        else:
            needed = self.unit.kind in ("training", "curve", "interpolation") and self.method.needs_probe
        if not needed:
            return None
        if isinstance(self.recipe.probe, TrainedProbe):
            return self.beside(trained_probe_unit(self.recipe, self.unit.condition))
        # A head start is a change of method alone: its probe is the recipe's own.
        condition = self.unit.condition if self.condition and self.condition.changes_features else ""
        # Where nothing is drawn, the first seed's probe is every seed's.
        seeds = self.recipe.probe_seeds
        seed = self.unit.seed if self.unit.seed in seeds else seeds[0]
        return self.beside(Unit(kind="probe", recipe=self.recipe.name, condition=condition, seed=seed))

    @property
    def evaluate(self) -> Evaluate:
        """When the sets that do not select are judged: along a curve after every epoch."""
        return "every_epoch" if self.unit.kind == "curve" else self.recipe.evaluate

    @cached_property
    def trained(self) -> "Run":
        """The training run whose end an interpolation or a refitting judges."""
        return self.beside(self.unit.model_copy(update={"kind": "training"}))

    @cached_property
    def dependencies(self) -> "tuple[Run, ...]":
        """What must be finished before it begins, in the order in which it is done."""
        needed = self.trained if self.unit.kind in ("interpolation", "refitting") else self.head
        return tuple(run for run in (self.pretraining, needed) if run is not None)

    def beside(self, unit: Unit) -> "Run":
        """Another unit of the same suite and workspace."""
        return Run(unit, self.suite, self.workspace)

    @property
    def _backbone(self) -> dict[str, Any]:
        """Where its file lies is no part of the meaning: the weights' hash is an input."""
        named = self.backbone.model_dump(mode="json", exclude={"checkpoint"})
        return {**named, "pretraining": _dumped(self.pretrained_for)}


class Assignment(NamedTuple):
    """What a worker is sent: small and JSON-able. It reads the suite that gives the unit its meaning itself.

    Attributes:
      force: the run is to be made whether or not it is up to date.
    """

    unit: Unit
    workspace: Workspace
    force: bool = False

    def run(self) -> Run:
        """The unit, as the suite in the workspace's folder has it.

        Raises:
          UserError: the folder holds no suite.
        """
        return Run(self.unit, read_suite(self.workspace.folder), self.workspace)


def _dumped(settings: BaseModel | None) -> Any:
    return None if settings is None else settings.model_dump(mode="json")
