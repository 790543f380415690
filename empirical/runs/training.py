"""A training run: from its head to its selected epoch, with every set judged after every epoch."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from safetensors.numpy import load_file

from artifacts import Outcome, fingerprint
from empirical.backbones.checkpoints import read_checkpoint, write_checkpoint
from empirical.backbones.classifier import Classifier, Head, random_head
from empirical.benchmark.suite import Suite
from empirical.benchmark.units import Unit, configuration, method_of, probe_unit, run_id
from empirical.benchmark.workspace import Places
from empirical.methods import Method
from empirical.records import EpochRecord, RunResult, write_lines, write_record
from empirical.runs.judging import NotFinite
from empirical.runs.materials import Materials, materials
from empirical.runs.probing import HEAD_FILE
from empirical.runs.publishing import METRICS_FILE, RESULT_FILE, file_of, publish_run
from empirical.selection import selected_epoch
from empirical.training import Checkpoints, Diverged, Epoch, Report, TrainingRun, starting_classifier, train
from empirical.training import Outcome as Trained

SELECTED_FILE = "selected.safetensors"
#: Folder for runs in their middle, beside those that are finished.
STATES = "states"
#: Images x parameters from which a run is saved in its middle; shorter ones begin anew sooner than they save.
LONG_RUN = 2e9


def publish_training(unit: Unit, suite: Suite, places: Places, force: bool) -> Outcome:
    """Publish a training run; one that was cut off is continued where it was last saved."""
    found = materials(unit, suite, places)
    head = head_source(unit, suite, places, found)
    inputs = {**found.inputs, "head": None if head is None else head[1]}
    checkpoints = _checkpoints(unit, suite, places, found, inputs)

    def build(directory: Path) -> None:
        began = time.perf_counter()
        run = _run(unit, found)
        start = start_of(unit, found, None if head is None else head[0])
        trained = train(start, found.training, run, _Reporter(found), checkpoints=checkpoints)
        records = [EpochRecord.model_validate(record) for record in trained.records]
        if trained.kept is not None and trained.failure is None:
            write_checkpoint(directory / SELECTED_FILE, trained.kept, {"epoch": trained.kept_epoch})
        write_lines(directory / METRICS_FILE, records)
        seconds = round(time.perf_counter() - began, 3)
        write_record(directory / RESULT_FILE, _result(unit, suite, found, records, trained, seconds))

    outcome = publish_run(unit, suite, places, inputs=inputs, build=build, force=force)
    if checkpoints is not None:
        checkpoints.clear()
    return outcome


def head_source(unit: Unit, suite: Suite, places: Places, found: Materials) -> tuple[Head, str] | None:
    """The linear probe's head and the hash of its file, where the unit's method starts from it or describes it."""
    recipe = found.recipe
    if unit.kind != "description" and not method_of(unit, recipe).needs_probe:
        return None
    source = probe_unit(recipe, unit)
    if source.kind == "probe":
        path, digest = file_of(source, suite, places, HEAD_FILE)
        arrays = load_file(path)
        return Head(jnp.asarray(arrays["weight"]), jnp.asarray(arrays["bias"])), digest
    path, digest = file_of(source, suite, places, SELECTED_FILE)
    return read_checkpoint(path, _shapes(found)).head, digest


def start_of(unit: Unit, found: Materials, head: Head | None) -> Classifier:
    """What the unit's training starts from."""
    return starting_classifier(
        method_of(unit, found.recipe),
        found.loaded.backbone,
        classes=found.classes,
        seed=unit.seed or 0,
        probe=head,
        data=found.training,
        batch_size=found.recipe.batch_size,
    )


def read_selected(path: Path, found: Materials) -> Classifier:
    """The classifier that a run kept. Only for methods that leave the architecture as it is."""
    return read_checkpoint(path, _shapes(found))


class _Reporter:
    """Judges every epoch; the best so far by the recipe's criterion is kept."""

    def __init__(self, found: Materials):
        self.found = found

    def __call__(self, epoch: Epoch) -> Report:
        try:
            judged = self.found.judge(epoch.classifier)
        except NotFinite as error:
            if epoch.epoch == 0:  # the fault of what training starts from, not of its learning rate
                raise
            raise Diverged(f"{error} That was after epoch {epoch.epoch}.") from error
        record = EpochRecord(
            epoch=epoch.epoch,
            learning_rate=epoch.learning_rate,
            training_loss=epoch.training_loss,
            sets=judged.sets,
            movement=judged.movement_from(self.found.pretrained),
        )
        earlier = [EpochRecord.model_validate(one) for one in epoch.history]
        best = epoch.epoch > 0 and selected_epoch([*earlier, record], self.found.recipe.criterion) is record
        return Report(record.model_dump(mode="json"), keep=best)


def _run(unit: Unit, found: Materials) -> TrainingRun:
    assert unit.learning_rate is not None
    assert unit.epochs is not None
    return TrainingRun(
        method=method_of(unit, found.recipe).without_interpolation,
        learning_rate=unit.learning_rate,
        epochs=unit.epochs,
        batch_size=found.recipe.batch_size,
        seed=unit.seed or 0,
    )


def _result(
    unit: Unit, suite: Suite, found: Materials, records: list[EpochRecord], trained: Trained, seconds: float
) -> RunResult:
    method: Method = method_of(unit, found.recipe)
    best = selected_epoch(records, found.recipe.criterion) if trained.failure is None else None
    return RunResult(
        run=run_id(unit, suite),
        dataset=found.recipe.name,
        condition=unit.condition,
        method=method.name,
        norm_mode=method.norm_mode,
        learning_rate=unit.learning_rate or 0.0,
        seed=unit.seed or 0,
        status="finished" if best is not None else "diverged",
        reason=trained.failure,
        selected_epoch=None if best is None else best.epoch,
        sets={} if best is None else best.sets,
        movement={} if best is None else best.movement,
        seconds=seconds,
        images_per_second=trained.images_per_second,
    )


def _checkpoints(
    unit: Unit, suite: Suite, places: Places, found: Materials, inputs: Mapping[str, Any]
) -> Checkpoints | None:
    """None where starting again is quicker than saving."""
    parameters = sum(array.size for array in jax.tree.leaves(eqx.filter(found.loaded.backbone, eqx.is_array)))
    if (unit.epochs or 0) * len(found.dataset.id_training) * parameters < LONG_RUN:
        return None
    name = fingerprint(configuration(unit, suite))
    return Checkpoints(places.folder / STATES / name, inputs=inputs)


def _shapes(found: Materials) -> Classifier:
    head = random_head(found.classes, found.loaded.backbone.feature_dim, key=jax.random.key(0))
    return Classifier(found.loaded.backbone, head)
