"""What runs ask of a machine: images through the network with and without gradients, and linear probes solved.

Counted as one process does it, in the order of the plan: what `runs.materials` keeps is computed once and again after
another recipe or other weights came between; features of training images are kept in files.
"""

from collections.abc import Sequence
from typing import NamedTuple

from empirical.benchmark.ledger import Ledger
from empirical.benchmark.run import Run
from empirical.benchmark.set_sizes import SetSizes
from empirical.benchmark.units import Unit
from empirical.methods import InterpolationWeights, Method, PartialProbe
from empirical.pretraining_settings import AS_SHIPPED, HELD_OUT_PICTURES
from empirical.recipes import Recipe, SolvedProbe
from empirical.records import MOVING


class Effort(NamedTuple):
    """Of one run or several.

    Attributes:
      trained: images that pass through the network with gradients.
      head_trained: those of a head on a frozen network, which costs no more than a pass without.
      passed: images that pass without gradients.
      solved: size of linear probes: images x classes x penalties.
    """

    trained: int = 0
    head_trained: int = 0
    passed: int = 0
    solved: int = 0

    def __add__(self, other: "Effort") -> "Effort":  # type: ignore[override]
        return Effort(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def efforts(ledger: Ledger, units: Sequence[Unit], sizes: dict[str, SetSizes]) -> dict[Unit, Effort]:
    """What every unit that is missing asks for.

    Args:
      sizes: by recipe; units of other recipes are left out.
    """
    counter = _Counter(sizes)
    for unit in units:
        if unit.kind in ("probe", "description") and unit.recipe in sizes and ledger.finished(unit):
            counter.features_exist(ledger.run(unit))
    return {
        unit: counter.effort(ledger.run(unit)) for unit in units if unit.recipe in sizes and not ledger.finished(unit)
    }


class _Counter:
    """What is in memory and in files as one run after another is made."""

    def __init__(self, sizes: dict[str, SetSizes]):
        self._sizes = sizes
        self._recipe = ""
        self._in_memory: set[tuple[str, str, int]] = set()
        self._in_files: set[tuple[str, str, int]] = set()

    def features_exist(self, run: Run) -> None:
        self._in_files.add(self._file(run))

    def effort(self, run: Run) -> Effort:
        match run.unit.kind:
            case "pretraining":
                return _pretraining(run)
            case "training" | "curve":
                return self._pretrained(run) + self._training(run)
            case "interpolation":
                self._enter(run)
                weights = (run.method.interpolation or InterpolationWeights()).weights
                return Effort(passed=len(weights) * self._sizes[run.recipe.name].judged)
            case "refitting":
                return self._every_feature(run) + self._refitting(run)
            case "probe":
                return self._training_features(run) + self._every_feature(run) + self._solved(run)
            case "description":
                return self._description(run)

    def _refitting(self, run: Run) -> Effort:
        sizes = self._sizes[run.recipe.name]
        looks = sizes.looks + 1
        solved = looks * sizes.training * sizes.classes
        return Effort(passed=looks * sizes.training + sizes.judged, solved=solved)

    def _enter(self, run: Run) -> None:
        if run.recipe.name != self._recipe:
            self._recipe = run.recipe.name
            self._in_memory.clear()

    def _once(self, run: Run, what: str) -> Effort:
        """One evaluation of everything, unless it is in memory."""
        self._enter(run)
        key = (what, _network(run), run.seed if run.recipe.split is not None else 0)
        if key in self._in_memory:
            return Effort()
        self._in_memory.add(key)
        return Effort(passed=self._sizes[run.recipe.name].judged)

    def _pretrained(self, run: Run) -> Effort:
        return self._once(run, "pretrained")

    def _every_feature(self, run: Run) -> Effort:
        first = self._pretrained(run)
        return first + (self._once(run, "all") if self._sizes[run.recipe.name].largest > MOVING else Effort())

    def _file(self, run: Run) -> tuple[str, str, int]:
        probe, pipelines = run.recipe.probe, run.recipe.pipelines
        looks = isinstance(probe, SolvedProbe) and probe.view == "training" and pipelines.training.draws
        return run.recipe.name, _network(run), run.seed if looks or run.recipe.split is not None else 0

    def _training_features(self, run: Run) -> Effort:
        if self._file(run) in self._in_files:
            return Effort()
        self._in_files.add(self._file(run))
        return Effort(passed=self._sizes[run.recipe.name].training)

    def _solved(self, run: Run) -> Effort:
        probe = run.recipe.probe
        penalties = len(probe.penalties) if isinstance(probe, SolvedProbe) else 0
        sizes = self._sizes[run.recipe.name]
        return Effort(solved=sizes.training * sizes.classes * penalties)

    def _training(self, run: Run) -> Effort:
        sizes, epochs = self._sizes[run.recipe.name], run.unit.epochs or 0
        images = epochs * sizes.training
        if run.evaluate == "every_epoch":
            passed = (epochs + 1) * sizes.judged
        else:
            passed = (epochs + 1) * sizes.selecting + sizes.others
        start = _partly_probed(run.method, run.recipe, sizes)
        frozen = set(run.method.trains) == {"head"} and run.method.adapter is None
        return start + (Effort(head_trained=images) if frozen else Effort(trained=images)) + Effort(passed=passed)

    def _description(self, run: Run) -> Effort:
        effort = self._pretrained(run)
        if not run.recipe.describe:
            return effort
        sizes = self._sizes[run.recipe.name]
        effort += self._training_features(run)
        if sizes.looks:  # probes on the training images in every look, on each and on all together
            effort += self._every_feature(run)
            solved = (2 * sizes.looks + 1) * sizes.training * sizes.classes
            effort += Effort(passed=sizes.looks * sizes.training, solved=solved)
        else:
            effort += Effort(solved=(sizes.training + sizes.others) * sizes.classes)
        for condition in () if run.unit.condition else run.recipe.conditions:
            if condition.method is not None and not condition.method.needs_probe:
                effort += _partly_probed(condition.method, run.recipe, sizes)
        return effort


def _network(run: Run) -> str:
    """What tells apart networks whose features differ."""
    return f"{run.backbone.model_dump_json()} {run.pretrained_for!r}"


def _partly_probed(method: Method, recipe: Recipe, sizes: SetSizes) -> Effort:
    if not isinstance(method.head_start, PartialProbe):
        return Effort()
    batches = -(-sizes.training // recipe.batch_size)
    epochs, rest = divmod(method.head_start.steps, batches)
    return Effort(head_trained=epochs * sizes.training + min(rest * recipe.batch_size, sizes.training))


def _pretraining(run: Run) -> Effort:
    assert run.pretrained_for is not None
    if run.pretrained_for.shipped:
        return Effort()
    return Effort(trained=run.pretrained_for.steps * AS_SHIPPED.batch_size, passed=HELD_OUT_PICTURES)
