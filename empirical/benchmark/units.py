"""Units of work: what a worker is told to do, and everything that determines what comes out of it.

A unit is small and speaks in names; the suite's file gives the names their meaning (`configuration`). The directory of
its run is named by the hash of that meaning, so a unit can be given out any number of times, to any worker.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from artifacts import UserError, fingerprint
from empirical.benchmark.suite import Suite
from empirical.methods import Method
from empirical.recipes import Recipe, TrainedProbe, Variation

Kind = Literal["pretraining", "description", "probe", "training", "interpolation"]
FOLDERS: dict[Kind, str] = {
    "pretraining": "pretraining",
    "description": "descriptions",
    "probe": "probes",
    "training": "runs",
    "interpolation": "interpolations",
}


class Unit(BaseModel):
    """One run, by names.

    Attributes:
      condition: name of the recipe's variation; empty for its own circumstance.
      method: label of the method that is trained.
      epochs: of training, which the sweep, the recipe or the trained probe decides.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    recipe: str
    condition: str = ""
    method: str = ""
    learning_rate: float | None = None
    epochs: int | None = None
    seed: int | None = None

    def __str__(self) -> str:
        rate = None if self.learning_rate is None else f"learning rate {self.learning_rate:g}"
        seed = None if self.seed is None else f"seed {self.seed}"
        what = {"probe": "linear probe", "training": ""}.get(self.kind, self.kind)
        said = (what, self.method, rate, seed)
        return f"{self.recipe}{self.condition and f' [{self.condition}]'}: {', '.join(word for word in said if word)}"


def configuration(unit: Unit, suite: Suite) -> dict[str, Any]:
    """Everything that determines a unit's result, apart from data, weights and code; JSON values.

    Raises:
      UserError: the unit names what the suite does not have.
    """
    recipe = suite.recipe(unit.recipe)
    if unit.kind == "pretraining":
        # Not the recipe: all recipes share a backbone that was pretrained for as long.
        return {"kind": unit.kind, "pretraining": _dumped(variation(unit, recipe).pretraining)}
    common = {
        "kind": unit.kind,
        "recipe": recipe.name,
        "condition": unit.condition,
        "family": recipe.family,
        "ood": recipe.ood,
        "classes": recipe.classes,
        "protocol": _dumped(recipe.protocol),
        "split": None if recipe.split is None else _dumped(recipe.split),
        "backbone": _backbone(unit, recipe),
        "pipelines": _dumped(recipe.pipelines),
        "seed": unit.seed,
    }
    if unit.kind in ("probe", "description"):
        return {**common, "probe": _dumped(recipe.probe), "criterion": _dumped(recipe.criterion)}
    method = method_of(unit, recipe)
    return {
        **common,
        "criterion": _dumped(recipe.criterion),
        "method": _dumped(method.without_interpolation),
        "probe": _dumped(recipe.probe) if method.needs_probe else None,
        "learning_rate": unit.learning_rate,
        "epochs": unit.epochs,
        "batch_size": recipe.batch_size,
    }


def place(unit: Unit, suite: Suite, folder: Path) -> Path:
    """The directory of a unit's run."""
    return folder / FOLDERS[unit.kind] / fingerprint(configuration(unit, suite))


def run_id(unit: Unit, suite: Suite) -> str:
    """Its directory below the suite's folder: what records call it."""
    return place(unit, suite, Path()).as_posix()


def dependencies(unit: Unit, suite: Suite) -> tuple[Unit, ...]:
    """What must be finished before a unit begins; in the order in which it is done."""
    recipe = suite.recipe(unit.recipe)
    changed = variation(unit, recipe) if unit.condition else None
    first: tuple[Unit, ...] = ()
    if changed is not None and changed.pretraining is not None and unit.kind != "pretraining":
        first = (pretraining_unit(recipe, changed),)
    if unit.kind == "interpolation":
        return (*first, unit.model_copy(update={"kind": "training"}))
    described = unit.kind == "description" and recipe.describe and recipe.solves
    if described or (unit.kind == "training" and method_of(unit, recipe).needs_probe):
        return (*first, probe_unit(recipe, unit))
    return first


def probe_unit(recipe: Recipe, unit: Unit) -> Unit:
    """What the head of a unit that starts from a linear probe comes from: replicate i from probe i, as in the paper."""
    if isinstance(recipe.probe, TrainedProbe):
        return trained_probe_unit(recipe, unit.condition)
    # A head start is a change of method alone: its probe is the recipe's own.
    changed = variation(unit, recipe) if unit.condition else None
    condition = unit.condition if changed is not None and changed.kind == "pretraining" else ""
    return Unit(kind="probe", recipe=recipe.name, condition=condition, seed=unit.seed)


def trained_probe_unit(recipe: Recipe, condition: str = "") -> Unit:
    """The one run whose head every LP-FT of the recipe starts from."""
    probe = recipe.probe
    assert isinstance(probe, TrainedProbe)
    return Unit(
        kind="training",
        recipe=recipe.name,
        condition=condition,
        method=probe.method.label,
        learning_rate=probe.learning_rate,
        epochs=probe.epochs,
        seed=probe.seed,
    )


def pretraining_unit(recipe: Recipe, changed: Variation) -> Unit:
    return Unit(kind="pretraining", recipe=recipe.name, condition=changed.name)


def variation(unit: Unit, recipe: Recipe) -> Variation:
    """The circumstance that a unit names.

    Raises:
      UserError: the recipe has none of that name.
    """
    for one in recipe.variations:
        if one.name and one.name == unit.condition:
            return one
    names = ", ".join(one.name for one in recipe.variations if one.name) or "none"
    raise UserError(f"A condition must be one of the recipe {recipe.name} ({names}), got {unit.condition!r}.")


def method_of(unit: Unit, recipe: Recipe) -> Method:
    """The method that a unit trains.

    Raises:
      UserError: the recipe has none of that label.
    """
    changed = [variation(unit, recipe).method] if unit.condition else []
    probe = [recipe.probe.method] if isinstance(recipe.probe, TrainedProbe) else []
    for method in (*(one for one in changed if one is not None), *(sweep.method for sweep in recipe.sweeps), *probe):
        if method.label == unit.method:
            return method
    labels = ", ".join(sweep.label for sweep in recipe.sweeps)
    raise UserError(f"A method must be one of the recipe {recipe.name} ({labels}), got {unit.method!r}.")


def _backbone(unit: Unit, recipe: Recipe) -> dict[str, Any]:
    """As the recipe names it. Where its file lies is no part of the meaning: the weights' hash is an input instead."""
    changed = variation(unit, recipe) if unit.condition else None
    pretraining = None if changed is None or changed.pretraining is None else _dumped(changed.pretraining)
    return {**recipe.backbone.model_dump(mode="json", exclude={"checkpoint"}), "pretraining": pretraining}


def _dumped(settings: BaseModel | None) -> Any:
    return None if settings is None else settings.model_dump(mode="json")
