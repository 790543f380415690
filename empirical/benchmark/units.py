"""Units of work: what a worker is told to do, in names. What the names mean says `empirical.benchmark.run`."""

from typing import Literal

from artifacts.frozen import Frozen
from empirical.recipes import Condition, Recipe, TrainedProbe

Kind = Literal["pretraining", "description", "probe", "training", "curve", "interpolation", "refitting"]
FOLDERS: dict[Kind, str] = {
    "pretraining": "pretraining",
    "description": "descriptions",
    "probe": "probes",
    "training": "runs",
    "curve": "curves",
    "interpolation": "interpolations",
    "refitting": "refittings",
}


class Unit(Frozen):
    """One run, by names.

    Attributes:
      condition: name of the recipe's condition; empty for the main rows.
      method: label of the method that is trained.
      epochs: of training, which the sweep, the recipe or the trained probe decides.
    """

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
        words = (what, self.method, rate, seed)
        return f"{self.recipe}{self.condition and f' [{self.condition}]'}: {', '.join(word for word in words if word)}"

    @property
    def work(self) -> str:
        """What kind of work it is, as plans and reports name it: a method, or a kind of unit; and its condition."""
        name = self.method if self.kind == "training" else self.kind
        return f"{name} [{self.condition}]" if self.condition else name


def description_unit(recipe: Recipe, condition: str = "") -> Unit:
    """What describes a recipe's data, with the first seed's images."""
    return Unit(kind="description", recipe=recipe.name, condition=condition, seed=recipe.seeds[0])


def probe_units(recipe: Recipe, condition: Condition | None = None) -> list[Unit]:
    """The solved linear probes that differ, those of a condition's own features; none where the recipe solves none."""
    name, own = ("", None) if condition is None else (condition.name, condition.seeds)
    seeds = [seed for seed in recipe.probe_seeds if own is None or seed in own]
    return [Unit(kind="probe", recipe=recipe.name, condition=name, seed=seed) for seed in seeds]


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


def pretraining_unit(recipe: Recipe, condition: Condition | None, seed: int | None) -> Unit | None:
    """What pretrains the backbone that a seed of a recipe, or of its condition, starts from; None: nothing does."""
    varied = None if condition is None else condition.pretraining
    pretraining = varied or recipe.pretraining
    if pretraining is None:
        return None
    # All conditions that leave the recipe's own pretraining as it is share its network.
    name = condition.name if condition is not None and varied is not None else ""
    return Unit(kind="pretraining", recipe=recipe.name, condition=name, seed=seed if pretraining.each_seed else None)
