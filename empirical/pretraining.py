"""Pretrains the small network on rendered characters: `python -m empirical.pretraining --out PATH`.

It learns which character it sees, in eight looks at once: plain, coloured, textured and outlined, each in both
polarities, those of the benchmark's OOD sets among them. So the paper's premise can hold: features are good in every
look, and the head that a probe finds in one look reads the others. A second task, which look it is, takes that away:
features then have directions along which looks differ and which ID images do not show (docs/benchmark.md). What is held
out is fonts; no handwriting is seen.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
import tyro
from jaxtyping import Array, Float32, Int, Key, UInt8

from artifacts.progress import Progress, silent
from artifacts.runtime import prepare_jax
from empirical.backbones.checkpoints import write_checkpoint
from empirical.backbones.classifier import Classifier, cross_entropy, random_head
from empirical.backbones.small_resnet import SmallResNet
from empirical.datasets.characters import CLASSES, HELD_OUT_FONTS, MANY_STYLES, TRAINING_FONTS, Characters, draw, glyphs
from empirical.datasets.styles import NONE, TOGETHER, Range, Style
from empirical.pretraining_settings import AS_SHIPPED, HELD_OUT_PICTURES, Pretraining
from empirical.records import PretrainingLooks


def _look(colour: Range, texture: Range, inversion: float, outline: float = 0.0) -> Style:
    """Geometry and pen as in all styles, paint as said."""
    return MANY_STYLES.model_copy(
        update={"colour": colour, "texture": texture, "inversion": inversion, "outline": outline}
    )


COLOURED, TEXTURED = (0.6, 1.0), (0.3, 0.5)
#: Each makes up an equal share of every batch. `plain` is the look of ID images alone: features that are good on
#: nothing else, for a control.
LOOKS: Mapping[PretrainingLooks, tuple[Style, ...]] = {
    "all": (
        _look(NONE, NONE, 0.0),
        _look(NONE, NONE, 1.0),
        _look(COLOURED, NONE, 0.0),
        _look(COLOURED, NONE, 1.0),
        _look(NONE, TEXTURED, 0.0),
        _look(NONE, TEXTURED, 1.0),
        _look(NONE, NONE, 0.0, 1.0),
        _look(NONE, NONE, 1.0, 1.0),
    ),
    "plain": (_look(NONE, NONE, 0.0),),
}


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """The network and how it came to be, as JSON values."""

    network: SmallResNet
    provenance: dict[str, Any]


def pretrain(config: Pretraining, progress: Progress = silent) -> Pretrained:
    """Train on rendered characters; AdamW, one warm-up and one cosine descent. Deterministic from the seed."""
    began = time.perf_counter()
    network, head, held_out, pictures = jax.random.split(jax.random.key(config.seed), 4)
    backbone = SmallResNet(key=network)
    classifier = Classifier(backbone, random_head(len(CLASSES), backbone.feature_dim, key=head))
    schedule = optax.warmup_cosine_decay_schedule(0.0, config.learning_rate, config.steps // 20, max(config.steps, 1))
    optimiser = optax.adamw(lambda count: jnp.asarray(schedule(count), jnp.float32), weight_decay=config.weight_decay)
    # Running statistics are leaves too; their gradient is zero and their value is overwritten in every step.
    state = optimiser.init(eqx.filter(classifier, eqx.is_array))
    strokes, looks = jnp.asarray(glyphs(TRAINING_FONTS)), LOOKS[config.looks]
    size = config.batch_size // len(looks)

    @eqx.filter_jit
    def step(classifier: Classifier, state: Any, key: Key[Array, ""]) -> tuple[Classifier, Any, Float32[Array, ""]]:
        keys = jax.random.split(key, len(looks))
        parts = [draw(strokes, size, look, key=key) for look, key in zip(looks, keys, strict=True)]
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
            "data": f"{len(CLASSES)} characters in {len(TRAINING_FONTS)} fonts of matplotlib, in {len(looks)} looks",
            "tasks": ["which character"],
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
    correct = 0
    for batch_key in jax.random.split(key, HELD_OUT_PICTURES // TOGETHER):
        sample = draw(strokes, TOGETHER, MANY_STYLES, key=batch_key)
        correct += int(jnp.sum(_predicted(classifier, sample.pictures) == sample.labels))
    return correct / HELD_OUT_PICTURES


@eqx.filter_jit
def _predicted(classifier: Classifier, pictures: UInt8[Array, "n 32 32 3"]) -> Int[Array, " n"]:
    return jnp.argmax(classifier(pictures / jnp.float32(255), "eval").scores, axis=1)


def _loss(classifier: Classifier, batch: Characters) -> tuple[Float32[Array, ""], Classifier]:
    scores, after = classifier(batch.pictures / jnp.float32(255), "train")
    return cross_entropy(scores, batch.labels), after


def _with_statistics_of(after: Classifier, stepped: Classifier) -> Classifier:
    return jax.tree.map(
        lambda role, new, old: new if role.kind == "norm_statistics" else old, stepped.roles(), after, stepped
    )


def main(
    out: Annotated[Path, tyro.conf.arg(help="where the checkpoint is written")], config: Pretraining = AS_SHIPPED
) -> None:
    """Pretrain the small network on rendered characters and write a checkpoint with its provenance."""
    prepare_jax()  # as where runs pretrain
    made = pretrain(config, lambda message, fraction: print(f"{fraction:4.0%} {message}", flush=True))
    command = "python -m empirical.pretraining --out PATH"
    if config != AS_SHIPPED:
        command += "".join(f" --config.{name.replace('_', '-')} {value}" for name, value in asdict(config).items())
    write_checkpoint(out, made.network, {"command": command, **made.provenance})
    print(f"held-out fonts: {made.provenance['held_out_font_accuracy']:.3f}; written to {out}")


if __name__ == "__main__":
    tyro.cli(main)
