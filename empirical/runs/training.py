"""A training run: from its head to its selected epoch, with the sets judged along the way."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from safetensors.numpy import load_file

from artifacts import Outcome
from empirical.backbones.checkpoints import read_checkpoint, write_checkpoint
from empirical.backbones.classifier import Classifier, Head, random_head
from empirical.benchmark.run import Run
from empirical.counted_code import run_code, run_versions
from empirical.records import METRICS_FILE, RESULT_FILE, RunResult, write_lines, write_record
from empirical.runs.judging import NotFinite, movements
from empirical.runs.materials import Materials, materials
from empirical.runs.probing import HEAD_FILE
from empirical.runs.publishing import file_of, publish_run
from empirical.selection import best_so_far, selected_epoch
from empirical.training import (
    Checkpoints,
    Diverged,
    Epoch,
    Report,
    TrainingOutcome,
    TrainingRun,
    starting_classifier,
    train,
)

SELECTED_FILE = "selected.safetensors"
#: Folder for runs in their middle, beside those that are finished.
STATES = "states"
#: Images x parameters from which a run is saved in its middle; shorter ones begin anew sooner than they save.
LONG_RUN = 2e9


def publish_training(run: Run, force: bool) -> Outcome:
    """Publish a training run, or the curve of one; what was cut off is continued where it was last saved."""
    ingredients = materials(run)
    head = head_source(run, ingredients)
    inputs = {**ingredients.inputs, "head": None if head is None else head[1]}
    checkpoints = _checkpoints(run, ingredients, inputs)

    def build(directory: Path) -> None:
        began = time.perf_counter()
        start = start_of(run, ingredients, None if head is None else head[0])
        reporter = _Reporter(run, ingredients)
        outcome = train(start, ingredients.training, _training_run(run), reporter, checkpoints=checkpoints)
        outcome = reporter.completed(outcome)
        if outcome.kept is not None and outcome.failure is None and run.unit.kind == "training":
            write_checkpoint(directory / SELECTED_FILE, outcome.kept, {"epoch": outcome.kept_epoch})
        write_lines(directory / METRICS_FILE, outcome.records)
        seconds = round(time.perf_counter() - began, 3)
        write_record(directory / RESULT_FILE, _result(run, outcome, seconds))

    outcome = publish_run(run, inputs=inputs, build=build, force=force)
    if checkpoints is not None:
        checkpoints.clear()
    return outcome


def head_source(run: Run, ingredients: Materials) -> tuple[Head, str] | None:
    """The linear probe's head and the hash of its file, where the run starts from it or describes it."""
    source = run.head
    if source is None:
        return None
    if source.unit.kind == "probe":
        path, digest = file_of(source, HEAD_FILE)
        arrays = load_file(path)
        return Head(jnp.asarray(arrays["weight"]), jnp.asarray(arrays["bias"])), digest
    path, digest = file_of(source, SELECTED_FILE)
    return read_checkpoint(path, _shapes(ingredients)).head, digest


def start_of(run: Run, ingredients: Materials, head: Head | None) -> Classifier:
    """What the training starts from.

    Args:
      head: the solved linear probe; None for methods that do not start from one.
    """
    return starting_classifier(
        run.method,
        ingredients.loaded.backbone,
        classes=ingredients.classes,
        seed=run.seed,
        probe=head,
        data=ingredients.training,
        batch_size=run.recipe.batch_size,
    )


def read_selected(path: Path, ingredients: Materials) -> Classifier:
    """The classifier that a run kept. Only for methods that leave the architecture as it is."""
    return read_checkpoint(path, _shapes(ingredients))


#: What is measured of a set.
Measured = TypeVar("Measured")


class _Reporter:
    """Judges every epoch; the best so far by the recipe's criterion is kept.

    Where the recipe evaluates selected epochs only, the sets that do not select are judged once, after training, in the
    state that was kept.
    """

    def __init__(self, run: Run, ingredients: Materials):
        self.recipe = run.recipe
        self.every_epoch = run.evaluate == "every_epoch"
        self.judge = ingredients.judge
        self.pretrained = ingredients.pretrained

    def __call__(self, epoch: Epoch) -> Report:
        try:
            judge = self.judge if self.every_epoch else self.judge.apart
            judged = judge(epoch.classifier)
        except NotFinite as error:
            if epoch.epoch == 0:  # the fault of what training starts from, not of its learning rate
                raise
            raise Diverged(f"{error} That was after epoch {epoch.epoch}.") from error
        record = epoch.record(judged.sets, movements(self.pretrained, judged))
        return Report(record, keep=best_so_far(record, epoch.history, self.recipe.criterion))

    def completed(self, outcome: TrainingOutcome) -> TrainingOutcome:
        """The run with everything that is reported of the epoch that was kept."""
        if self.every_epoch or outcome.kept is None or outcome.failure is not None:
            return outcome
        try:
            judged = self.judge.others(outcome.kept)
        except NotFinite as error:
            return outcome._replace(failure=f"{error} That was after epoch {outcome.kept_epoch}.")
        kept = next(record for record in outcome.records if record.epoch == outcome.kept_epoch)
        moved = movements(self.pretrained, judged)
        everything = {
            "sets": self._in_order({**kept.sets, **judged.sets}),
            "movement": self._in_order({**kept.movement, **moved}),
        }
        records = [record.model_copy(update=everything) if record is kept else record for record in outcome.records]
        return outcome._replace(records=tuple(records))

    def _in_order(self, by_set: Mapping[str, Measured]) -> dict[str, Measured]:
        return {name: by_set[name] for name in self.judge.images}


def _training_run(run: Run) -> TrainingRun:
    assert run.unit.learning_rate is not None
    assert run.unit.epochs is not None
    return TrainingRun(
        method=run.method.without_interpolation,
        learning_rate=run.unit.learning_rate,
        epochs=run.unit.epochs,
        batch_size=run.recipe.batch_size,
        seed=run.seed,
    )


def _result(run: Run, outcome: TrainingOutcome, seconds: float) -> RunResult:
    best = selected_epoch(outcome.records, run.recipe.criterion) if outcome.failure is None else None
    return RunResult(
        run=run.id,
        dataset=run.recipe.name,
        condition=run.unit.condition,
        method=run.method.name,
        norm_mode=run.method.norm_mode,
        learning_rate=run.unit.learning_rate or 0.0,
        seed=run.seed,
        status="finished" if best is not None else "diverged",
        reason=outcome.failure,
        selected_epoch=None if best is None else best.epoch,
        sets={} if best is None else best.sets,
        movement={} if best is None else best.movement,
        seconds=seconds,
        images_per_second=outcome.images_per_second,
    )


def _checkpoints(run: Run, ingredients: Materials, inputs: Mapping[str, Any]) -> Checkpoints | None:
    """None where starting again is quicker than saving."""
    parameters = sum(array.size for array in jax.tree.leaves(eqx.filter(ingredients.loaded.backbone, eqx.is_array)))
    if (run.unit.epochs or 0) * len(ingredients.dataset.id_training) * parameters < LONG_RUN:
        return None
    # A run in its middle goes on only with the code and the libraries that began it.
    made_by = {"code": run_code("training", run.recipe), "versions": run_versions("training", run.recipe)}
    return Checkpoints(run.workspace.folder / STATES / run.fingerprint, inputs={**inputs, **made_by})


def _shapes(ingredients: Materials) -> Classifier:
    head = random_head(ingredients.classes, ingredients.loaded.backbone.feature_dim, key=jax.random.key(0))
    return Classifier(ingredients.loaded.backbone, head)
