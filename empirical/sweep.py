"""Every fine-tuning run of a recipe: method x learning rate x seed, each in its own published directory."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from artifacts.files import write_json
from empirical.backbones.checkpoints import write_checkpoint
from empirical.backbones.classifier import Classifier, Head, random_head
from empirical.datasets.digits import CLASSES, OOD_SETS
from empirical.distortion import feature_movement
from empirical.evaluation import Evaluation, EvaluationSets, evaluate, evaluation_sets
from empirical.materials import Materials, read_head
from empirical.methods import Method
from empirical.records import EpochRecord, Movement, RunResult, write_lines, write_record
from empirical.selection import SELECTION_SET, selected_epoch
from empirical.training import Epoch, TrainingRun, TrainingSet, fine_tune

# Two runs at a time: a step is too small to keep two cores busy (0.16 ms an image alone, 0.12 with a neighbour).
WORKERS = min(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Replicate:
    """The data of one seed, on the device once for all its runs."""

    materials: Materials
    seed: int

    @cached_property
    def training(self) -> TrainingSet:
        at = self.materials.split(self.seed).training
        return TrainingSet(
            jnp.asarray(self.materials.images("id", at)), jnp.asarray(self.materials.labels[at], jnp.int32)
        )

    @cached_property
    def sets(self) -> EvaluationSets:
        _, validation, test = self.materials.split(self.seed)
        return evaluation_sets(
            [
                self.materials.evaluation_set("id", validation, name=SELECTION_SET),
                self.materials.evaluation_set("id", test, name="id_test"),
                *(self.materials.evaluation_set(ood.name, test) for ood in OOD_SETS),
            ]
        )

    @cached_property
    def pretrained(self) -> Evaluation:
        """Features before training: they do not depend on the head."""
        return evaluate(self.start(None), self.sets, feature_limit=None)

    @cached_property
    def probe_head(self) -> Head:
        weight, bias = read_head(self.materials.probe_artifact(self.seed).artifact.path)
        return Head(jnp.asarray(weight), jnp.asarray(bias))

    def start(self, method: Method | None) -> Classifier:
        """Where a method starts: the pretrained backbone under a random or a linear-probe head."""
        backbone = self.materials.backbone
        if method is not None and method.head_start == "linear_probe":
            return Classifier(backbone, self.probe_head)
        return Classifier(backbone, random_head(CLASSES, backbone.feature_dim, key=jax.random.key(self.seed)))

    def prepare(self) -> "Replicate":
        """Load everything now, while no other run does."""
        with self.materials.lock:
            _ = self.training, self.pretrained, self.probe_head
        return self


@dataclass
class History:
    """Collects a run's epochs and keeps the selected one."""

    replicate: Replicate
    records: list[EpochRecord] = field(default_factory=list)
    best: tuple[Classifier, Evaluation] | None = None

    def __call__(self, epoch: Epoch) -> None:
        now = evaluate(epoch.classifier, self.replicate.sets, feature_limit=None)
        before = self.replicate.pretrained.features
        self.records.append(
            EpochRecord(
                epoch=epoch.epoch,
                learning_rate=epoch.learning_rate,
                training_loss=epoch.training_loss,
                accuracy=now.accuracy,
                movement={name: float(np.mean((now.features[name] - before[name]) ** 2)) for name in before},
            )
        )
        if epoch.epoch > 0 and selected_epoch(self.records) is self.records[-1]:
            self.best = (epoch.classifier, now)

    def result(self, run: TrainingRun, failure: str | None) -> RunResult:
        movement: dict[str, Movement] = {}
        if failure is None and self.best is not None:
            before, after = self.replicate.pretrained.features, self.best[1].features
            movement = {name: _movement(before[name], after[name]) for name in before}
        chosen = selected_epoch(self.records) if failure is None else None
        return RunResult(
            method=run.method.name,
            norm_mode=run.method.norm_mode,
            learning_rate=run.learning_rate,
            seed=run.seed,
            status="finished" if failure is None else "diverged",
            reason=failure,
            selected_epoch=None if chosen is None else chosen.epoch,
            accuracy={} if chosen is None else chosen.accuracy,
            movement=movement,
        )


def _movement(before: Float32[np.ndarray, "n k"], after: Float32[np.ndarray, "n k"]) -> Movement:
    moved = feature_movement(before, after)
    return Movement(mean_squared=moved.mean_squared, euclidean=moved.euclidean, cosine=moved.cosine)


def planned_runs(materials: Materials) -> Iterator[TrainingRun]:
    """Every run of the recipe, the paper's own methods first."""
    recipe = materials.recipe
    for sweep in recipe.sweeps:
        for learning_rate in sweep.learning_rates:
            for seed in recipe.seeds:
                yield TrainingRun(
                    method=sweep.method,
                    learning_rate=learning_rate,
                    epochs=recipe.epochs,
                    batch_size=recipe.batch_size,
                    seed=seed,
                )


def run_sweep(materials: Materials) -> list[Path]:
    """Make sure that every planned run is published; the directories, in the order of the plan."""
    runs = list(planned_runs(materials))
    replicates = {seed: Replicate(materials, seed) for seed in materials.recipe.seeds}
    probes = {seed: materials.probe_artifact(seed).artifact.files["head.safetensors"] for seed in replicates}
    with ThreadPoolExecutor(WORKERS) as executor:
        futures = {executor.submit(_publish_run, replicates[run.seed], run, probes[run.seed]): run for run in runs}
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                run = futures[future]
                future.result()
                label = f"{run.method.name} ({run.method.norm_mode}), learning rate {run.learning_rate:g}"
                materials.progress(f"{label}, seed {run.seed}", done / len(runs))
        except BaseException:
            executor.shutdown(cancel_futures=True)
            raise
    return [_place(materials, run) for run in runs]


def _publish_run(replicate: Replicate, run: TrainingRun, probe: str) -> None:
    materials = replicate.materials
    inputs = {
        "config": _config(materials, run),
        "pictures": materials.pictures_artifact.artifact.files["pictures.safetensors"],
        "weights": materials.weights_artifact.artifact.files["backbone.safetensors"],
        "head": probe if run.method.head_start == "linear_probe" else None,
    }

    def build(directory: Path) -> None:
        history = History(replicate.prepare())
        failure = fine_tune(replicate.start(run.method), replicate.training, run, history)
        result = history.result(run, failure)
        write_json(directory / "config.json", inputs["config"])
        write_lines(directory / "metrics.jsonl", history.records)
        if failure is None and history.best is not None:
            write_checkpoint(directory / "selected.safetensors", history.best[0], {"epoch": result.selected_epoch})
        write_record(directory / "result.json", result)

    name = f"{run.method.name} ({run.method.norm_mode}), learning rate {run.learning_rate:g}, seed {run.seed}"
    materials.ledger.publish(name, _place(materials, run), inputs, build)


def _config(materials: Materials, run: TrainingRun) -> dict[str, object]:
    return {**run.model_dump(mode="json"), "split": materials.recipe.split.model_dump(mode="json")}


def _place(materials: Materials, run: TrainingRun) -> Path:
    return materials.place("runs", _config(materials, run))
