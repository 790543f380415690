"""Pretrains the small network on rendered characters: `python -m empirical.pretraining --out PATH`.

The network tells which character it sees and in which look: plain, inverted, coloured, textured and so on, those of
the benchmark's OOD sets among them. So the paper's premises can hold: features are good in every look (one head reads
characters in all of them), and looks lie apart in feature space (the other head reads the look). Pretrained on
characters alone the features come out nearly invariant to the look, and there is no shift left in which fine-tuning
could lose. What is held out is fonts; no handwriting is seen. The second task was chosen by set descriptions: how much
energy of the OOD sets lies outside the ID features' span, how well a head shared by all looks does (docs/benchmark.md).
"""

import time
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
import tyro
from jaxtyping import Array, Float32, Key, UInt8

from artifacts.progress import Progress
from empirical.backbones.checkpoints import write_checkpoint
from empirical.backbones.classifier import Classifier, cross_entropy, random_head
from empirical.backbones.small_resnet import SmallResNet
from empirical.datasets.characters import CLASSES, HELD_OUT_FONTS, MANY_STYLES, TRAINING_FONTS, Characters, draw, glyphs
from empirical.datasets.styles import NONE, Range, Style

HELD_OUT_PICTURES = 4096


def _look(colour: Range, texture: Range, inversion: float) -> Style:
    """Geometry and pen as in all styles, paint as said."""
    return MANY_STYLES.model_copy(update={"colour": colour, "texture": texture, "inversion": inversion})


COLOURED, TEXTURED = (0.6, 1.0), (0.3, 0.5)
#: What the second head tells apart; each makes up a sixth of every batch.
LOOKS = (
    _look(NONE, NONE, 0.0),
    _look(NONE, NONE, 1.0),
    _look(COLOURED, NONE, 0.0),
    _look(COLOURED, NONE, 1.0),
    _look(NONE, TEXTURED, 0.0),
    _look(NONE, TEXTURED, 1.0),
)


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """How long, how fast, from which seed; `batch_size` counts the images of one look."""

    steps: int = 4000
    batch_size: int = 22
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """The network and how it came to be, as JSON values."""

    network: SmallResNet
    provenance: dict[str, Any]


def pretrain(config: Pretraining, progress: Progress = lambda message, fraction: None) -> Pretrained:
    """Train on rendered characters; AdamW, one warm-up and one cosine descent. Deterministic from the seed."""
    began = time.perf_counter()
    network, head, held_out, pictures = jax.random.split(jax.random.key(config.seed), 4)
    backbone = SmallResNet(key=network)
    # Rows for the characters, then rows for the looks: two heads as one.
    classifier = Classifier(backbone, random_head(len(CLASSES) + len(LOOKS), backbone.feature_dim, key=head))
    schedule = optax.warmup_cosine_decay_schedule(0.0, config.learning_rate, config.steps // 20, config.steps)
    optimiser = optax.adamw(lambda count: jnp.asarray(schedule(count), jnp.float32), weight_decay=config.weight_decay)
    # Running statistics are leaves too; their gradient is zero and their value is overwritten in every step.
    state = optimiser.init(eqx.filter(classifier, eqx.is_array))
    strokes = jnp.asarray(glyphs(TRAINING_FONTS))

    @eqx.filter_jit
    def step(classifier: Classifier, state: Any, key: Key[Array, ""]) -> tuple[Classifier, Any, Float32[Array, ""]]:
        parts = [draw(strokes, config.batch_size, look, key=one) for look, one in zip(LOOKS, _split(key), strict=True)]
        batch = Characters(*map(jnp.concatenate, zip(*parts, strict=True)))
        (loss, after), gradient = eqx.filter_value_and_grad(_loss, has_aux=True)(classifier, batch)
        updates, state = optimiser.update(gradient, state, cast(Any, classifier))
        return _with_statistics_of(after, eqx.apply_updates(classifier, updates)), state, loss

    for count in range(config.steps):
        classifier, state, loss = step(classifier, state, jax.random.fold_in(pictures, count))
        if count % 250 == 0:
            progress(f"pretraining, loss {float(loss):.2f}", count / config.steps)
    accuracy = held_out_accuracy(classifier, key=held_out)
    trained = classifier.backbone
    assert isinstance(trained, SmallResNet)
    return Pretrained(
        network=trained,
        provenance={
            "data": f"{len(CLASSES)} characters in {len(TRAINING_FONTS)} fonts of matplotlib, in {len(LOOKS)} looks",
            "tasks": ["which character", "which look"],
            "configuration": asdict(config),
            "held_out_fonts": list(HELD_OUT_FONTS),
            "held_out_font_accuracy": round(accuracy, 4),
            "seconds": round(time.perf_counter() - began),
            "versions": {name: metadata.version(name) for name in ("jax", "equinox", "optax", "matplotlib", "Pillow")},
        },
    )


def held_out_accuracy(classifier: Classifier, *, key: Key[Array, ""]) -> float:
    """Accuracy on characters in fonts that were never trained on, in the same styles."""
    strokes = jnp.asarray(glyphs(HELD_OUT_FONTS))
    predict = eqx.filter_jit(lambda images: jnp.argmax(_scores(classifier, images)[:, : len(CLASSES)], axis=1))
    correct = 0
    for one in jax.random.split(key, HELD_OUT_PICTURES // 256):
        sample = draw(strokes, 256, MANY_STYLES, key=one)
        correct += int(jnp.sum(predict(sample.pictures) == sample.labels))
    return correct / HELD_OUT_PICTURES


def _scores(classifier: Classifier, pictures: UInt8[Array, "n 32 32 3"]) -> Float32[Array, "n classes"]:
    return classifier(pictures / jnp.float32(255), "eval").scores


def _split(key: Key[Array, ""]) -> Key[Array, " looks"]:
    return jax.random.split(key, len(LOOKS))


def _loss(classifier: Classifier, batch: Characters) -> tuple[Float32[Array, ""], Classifier]:
    """Both tasks with the same weight; the looks lie one after another in the batch."""
    scores, after = classifier(batch.pictures / jnp.float32(255), "train")
    looks = jnp.repeat(jnp.arange(len(LOOKS), dtype=jnp.int32), len(batch.labels) // len(LOOKS))
    characters = len(CLASSES)
    return cross_entropy(scores[:, :characters], batch.labels) + cross_entropy(scores[:, characters:], looks), after


def _with_statistics_of(after: Classifier, stepped: Classifier) -> Classifier:
    return jax.tree.map(
        lambda role, new, old: new if role.kind == "norm_statistics" else old, stepped.roles(), after, stepped
    )


def main(
    out: Annotated[Path, tyro.conf.arg(help="where the checkpoint is written")], config: Pretraining = Pretraining()
) -> None:
    """Pretrain the small network on rendered characters and write a checkpoint with its provenance."""
    made = pretrain(config, lambda message, fraction: print(f"{fraction:4.0%} {message}", flush=True))
    command = "python -m empirical.pretraining --out PATH"
    if config != Pretraining():
        command += "".join(f" --config.{name.replace('_', '-')} {value}" for name, value in asdict(config).items())
    write_checkpoint(out, made.network, {"command": command, **made.provenance})
    print(f"held-out fonts: {made.provenance['held_out_font_accuracy']:.3f}; written to {out}")


if __name__ == "__main__":
    tyro.cli(main)
