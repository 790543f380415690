"""What the runs share: pictures, pretrained weights, features, linear probes. Each is published once and checked.

A result names what it was made from by content (SHA-256), so a change or a damaged file anywhere is followed by the
results that depend on it and by no others.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32, Int, UInt8
from safetensors.numpy import load_file

from artifacts import Outcome, code_version, fingerprint, publish
from artifacts.files import write_json
from empirical.backbones.checkpoints import SHIPPED, read_backbone, read_provenance, write_checkpoint, write_tensors
from empirical.backbones.classifier import Classifier, Head
from empirical.backbones.small_resnet import SmallResNet
from empirical.datasets.digits import CLASSES, LOOKS, Indices, digits, indices, pictures
from empirical.evaluation import evaluate, evaluation_sets
from empirical.linear_probe import Features, ProbeHead, probe_path, selected_probe
from empirical.pretraining import Pretraining, Progress, pretrain
from empirical.recipes import Recipe
from empirical.records import ProbeResult, Record, write_lines, write_record
from empirical.selection import grid_edge

#: The modules whose text decides the numbers; the readers of other datasets in this package do not.
CODE = tuple(
    f"empirical.{module}"
    for module in (
        "backbones.checkpoints", "backbones.classifier", "backbones.small_resnet", "datasets.characters",
        "datasets.digits", "datasets.styles", "distortion", "evaluation", "linear_probe", "materials", "methods",
        "pretraining", "selection", "sweep", "training",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Ledger:
    """What was built in this call and why, and what was found up to date; safe to share between threads."""

    outcomes: list[tuple[str, Outcome]] = field(default_factory=list)

    def publish(self, name: str, path: Path, inputs: dict[str, Any], build: Callable[[Path], None]) -> Outcome:
        outcome = publish(path, inputs={**inputs, "code": code_version(*CODE)}, build=build)
        self.outcomes.append((name, outcome))
        return outcome

    @property
    def built(self) -> dict[str, str]:
        """Name and reason of whatever was made."""
        return {name: outcome.reason for name, outcome in self.outcomes if outcome.built}

    @property
    def up_to_date(self) -> int:
        return sum(not outcome.built for _, outcome in self.outcomes)


class ProbeStep(Record):
    """One penalty on a probe's path."""

    penalty: float
    validation_accuracy: float


@dataclass(frozen=True)
class Materials:
    """The shared ingredients of one recipe in one folder; published on first use, read when needed."""

    folder: Path
    recipe: Recipe
    ledger: Ledger
    progress: Progress
    lock: AbstractContextManager[Any] = field(default_factory=RLock)  # held while runs load what they share
    _probes: dict[int, Outcome] = field(default_factory=dict)

    def split(self, seed: int) -> Indices:
        return indices(self.recipe.split, len(self.labels), replicate=seed)

    # -- pictures ------------------------------------------------------------------------------------------------

    @cached_property
    def pictures_artifact(self) -> Outcome:
        config = {"dataset": "digits", "looks": {name: style.model_dump(mode="json") for name, style in LOOKS.items()}}

        def build(directory: Path) -> None:
            strokes, labels = digits()
            looks = {name: pictures(strokes, style, seed=place) for place, (name, style) in enumerate(LOOKS.items())}
            write_tensors(directory / "pictures.safetensors", {"labels": labels, **looks})

        self.progress("digits in every style", 0.0)
        return self.ledger.publish("pictures", self.place("pictures", config), {"config": config}, build)

    @cached_property
    def _pictures(self) -> dict[str, np.ndarray]:
        return load_file(self.pictures_artifact.artifact.path / "pictures.safetensors")

    @property
    def labels(self) -> Int[np.ndarray, " n"]:
        return self._pictures["labels"]

    def images(self, name: str, at: Int[np.ndarray, " p"]) -> UInt8[np.ndarray, "p 32 32 3"]:
        return self._pictures[name][at]

    # -- pretrained weights --------------------------------------------------------------------------------------

    @cached_property
    def weights_artifact(self) -> Outcome:
        """Weights are copied into the folder, so that a results folder holds all that its numbers came from."""
        wanted = self.recipe.pretraining
        config = {"pretraining": None if wanted is None else wanted.model_dump(mode="json")}

        def build(directory: Path) -> None:
            path = directory / "backbone.safetensors"
            if wanted is None:
                path.write_bytes(SHIPPED.read_bytes())
            else:
                made = pretrain(Pretraining(steps=wanted.steps, seed=wanted.seed), self.progress)
                write_checkpoint(path, made.network, made.provenance)
            write_json(directory / "result.json", read_provenance(path))

        return self.ledger.publish("pretrained weights", self.place("weights", config), {"config": config}, build)

    @cached_property
    def backbone(self) -> SmallResNet:
        return read_backbone(self.weights_artifact.artifact.path / "backbone.safetensors")

    @property
    def provenance(self) -> dict[str, Any]:
        """How the weights came to be."""
        return read_provenance(self.weights_artifact.artifact.path / "backbone.safetensors")

    # -- features ------------------------------------------------------------------------------------------------

    @cached_property
    def features_artifact(self) -> Outcome:
        inputs = {
            "pictures": self.pictures_artifact.artifact.files["pictures.safetensors"],
            "weights": self.weights_artifact.artifact.files["backbone.safetensors"],
        }

        def build(directory: Path) -> None:
            head = Head(jnp.zeros((CLASSES, self.backbone.feature_dim), jnp.float32), jnp.zeros(CLASSES, jnp.float32))
            sets = evaluation_sets({name: (self._pictures[name], self.labels) for name in LOOKS})
            features = evaluate(Classifier(self.backbone, head), sets).features
            write_tensors(directory / "features.safetensors", features)

        self.progress("pretrained features", 0.0)
        return self.ledger.publish("features", self.place("features", inputs), inputs, build)

    @cached_property
    def _features(self) -> dict[str, np.ndarray]:
        return load_file(self.features_artifact.artifact.path / "features.safetensors")

    def features(self, name: str, at: Int[np.ndarray, " p"]) -> Float32[np.ndarray, "p k"]:
        return self._features[name][at]

    def labelled_features(self, name: str, at: Int[np.ndarray, " p"]) -> Features:
        return Features(self.features(name, at), self.labels[at])

    # -- linear probes -------------------------------------------------------------------------------------------

    def probe_artifact(self, seed: int) -> Outcome:
        with self.lock:
            if seed not in self._probes:
                self._probes[seed] = self._published_probe(seed)
            return self._probes[seed]

    def _published_probe(self, seed: int) -> Outcome:
        inputs = {
            "features": self.features_artifact.artifact.files["features.safetensors"],
            "config": {"seed": seed, "split": self.recipe.split.model_dump(mode="json"), "C": self.recipe.penalties},
        }

        def build(directory: Path) -> None:
            training, validation, test = self.split(seed)
            path = probe_path(
                self.labelled_features("id", training),
                self.labelled_features("id", validation),
                penalties=self.recipe.penalties,
            )
            best = selected_probe(path)
            tests = {f"{name}_test" if name == "id" else name: self.labelled_features(name, test) for name in LOOKS}
            accuracy = {name: best.head.accuracy(data) for name, data in tests.items()}
            write_tensors(directory / "head.safetensors", best.head._asdict())
            steps = (ProbeStep(penalty=p.penalty, validation_accuracy=p.validation_accuracy) for p in path)
            write_lines(directory / "metrics.jsonl", steps)
            write_record(
                directory / "result.json",
                ProbeResult(
                    seed=seed,
                    penalty=best.penalty,
                    edge=grid_edge(best.penalty, self.recipe.penalties),
                    accuracy={"id_validation": best.validation_accuracy, **accuracy},
                ),
            )

        return self.ledger.publish(f"linear probe, seed {seed}", self.place("probes", inputs["config"]), inputs, build)

    def place(self, kind: str, config: dict[str, Any]) -> Path:
        return self.folder / kind / fingerprint(config)


def read_head(directory: Path) -> ProbeHead:
    """The head that a probe published."""
    arrays = load_file(directory / "head.safetensors")
    return ProbeHead(arrays["weight"], arrays["bias"])
