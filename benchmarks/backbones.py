"""Images a second of every backbone, forward and in a training step, beside PyTorch on the same device in the same run.

    python -m benchmarks.backbones [--out FILE] [--networks resnet50 ...] [--batches 64 256] [--side 224]

On a GPU: 224 pixels, bfloat16, batches of 64 and 256; PyTorch in channels-last order under bfloat16 autocast, compiled.
On a CPU, by default: full widths at 64 pixels, float32, batches of 8; PyTorch eager in channels-last order.
A training step is forward in train mode, cross-entropy of 1000 classes, gradients of everything and SGD with momentum,
on images that lie on the device. Each rate is the best of `repeats` timings of `steps` steps after two to warm up, with
JAX and PyTorch taking turns, since a machine that does other work slows both. Memory is the device's peak where it says
so. Without PyTorch its columns are null.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from artifacts.runtime import prepare_jax

prepare_jax()

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
import tyro

from artifacts import environment
from artifacts.files import write_json
from benchmarks import torch_side
from empirical.backbones.backbone import Backbone
from empirical.backbones.classifier import Classifier, cross_entropy, random_head
from empirical.backbones.clip_resnet import ClipResNet
from empirical.backbones.clip_vit import ClipViT
from empirical.backbones.resnet import ResNet
from empirical.backbones.sizes import VIT_B16, VIT_B32

CLASSES, LEARNING_RATE, MOMENTUM = 1000, 1e-3, 0.9
Network = Literal["resnet50", "clip_resnet50", "clip_vit_b16", "clip_vit_b32"]
Run = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Backbones:
    """Which networks, how large, how often."""

    networks: tuple[Network, ...] = ("resnet50", "clip_resnet50", "clip_vit_b16")
    batches: tuple[int, ...] = ()
    """By default 64 and 256 on a GPU, 8 on a CPU."""
    side: int = 0
    """By default 224 on a GPU, 64 on a CPU."""
    dtype: Literal["float32", "bfloat16", "by device"] = "by device"
    rematerialise: bool = False
    steps: int = 0
    """In one timing; by default 20 on a GPU, 2 on a CPU."""
    repeats: int = 3
    out: Path | None = None
    """File for the result; standard output by default."""


def backbone(network: Network, side: int, dtype: Any, rematerialise: bool) -> Backbone:
    options = {"key": jax.random.key(0), "compute_dtype": dtype, "rematerialise": rematerialise}
    match network:
        case "resnet50":
            return ResNet(**options)
        case "clip_resnet50":
            return ClipResNet(side=side, **options)
        case "clip_vit_b16":
            return ClipViT(VIT_B16._replace(side=side), **options)
        case "clip_vit_b32":
            return ClipViT(VIT_B32._replace(side=side), **options)


def forward_run(classifier: Classifier, images: jax.Array) -> Run:
    passed = eqx.filter_jit(lambda classifier, images: classifier(images, "eval").scores)

    def run(steps: int) -> None:
        for _ in range(steps):
            scores = passed(classifier, images)
        scores.block_until_ready()

    return run


def training_run(classifier: Classifier, images: jax.Array, labels: jax.Array) -> Run:
    optimiser = optax.sgd(LEARNING_RATE, MOMENTUM)
    # Running statistics are leaves too: their gradient is zero, and the step puts the new ones in their place.
    statistics = jax.tree.map(lambda role: role.kind == "norm_statistics", classifier.roles())

    def loss(classifier: Classifier, images: jax.Array, labels: jax.Array) -> tuple[jax.Array, Classifier]:
        scores, after = classifier(images, "train")
        return cross_entropy(scores, labels), after

    @eqx.filter_jit(donate="all-except-first")
    def step(
        data: tuple[jax.Array, jax.Array], classifier: Classifier, state: Any
    ) -> tuple[Classifier, Any, jax.Array]:
        (value, after), gradient = eqx.filter_value_and_grad(loss, has_aux=True)(classifier, *data)
        updates, state = optimiser.update(gradient, state)
        moved = eqx.apply_updates(classifier, updates)
        return jax.tree.map(lambda s, new, old: new if s else old, statistics, after, moved), state, value

    held = [jax.tree.map(jnp.copy, classifier), optimiser.init(classifier)]

    def run(steps: int) -> None:
        for _ in range(steps):
            held[0], held[1], value = step((images, labels), held[0], held[1])
        value.block_until_ready()

    return run


def rates(runs: dict[str, Run | None], batch: int, config: Backbones, steps: int) -> dict[str, float | None]:
    """Images a second of each, the runs taking turns."""
    best: dict[str, float] = {}
    for run in filter(None, runs.values()):
        run(2)
    for _ in range(config.repeats):
        for name, run in runs.items():
            if run is not None:
                began = time.perf_counter()
                run(steps)
                best[name] = max(best.get(name, 0.0), batch * steps / (time.perf_counter() - began))
    return {name: round(best[name], 2) if name in best else None for name in runs}


def main(config: Backbones) -> None:
    on_gpu = jax.devices()[0].platform != "cpu"
    side = config.side or (224 if on_gpu else 64)
    steps = config.steps or (20 if on_gpu else 2)
    by_device = "bfloat16" if on_gpu else "float32"
    dtype = by_device if config.dtype == "by device" else config.dtype
    rows = []
    for network in config.networks:
        for batch in config.batches or ((64, 256) if on_gpu else (8,)):
            image_key, label_key, head_key = jax.random.split(jax.random.key(1), 3)
            images = jax.random.uniform(image_key, (batch, side, side, 3), jnp.float32)
            labels = jax.random.randint(label_key, (batch,), 0, CLASSES)
            made = backbone(network, side, jnp.dtype(dtype), config.rematerialise)
            classifier = Classifier(made, random_head(CLASSES, made.feature_dim, key=head_key))
            other = torch_side.runs(network, batch, side, dtype, CLASSES, LEARNING_RATE, MOMENTUM, on_gpu=on_gpu)
            for kind, ours in (
                ("forward", forward_run(classifier, images)),
                ("training step", training_run(classifier, images, labels)),
            ):
                measured = rates({"jax": ours, "pytorch": other.get(kind)}, batch, config, steps)
                row = {"network": network, "pass": kind, "batch": batch, "side": side, "dtype": dtype}
                rows.append(row | {"images_per_second": measured})
                print(row, measured, file=sys.stderr, flush=True)
    memory = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
    result = {
        "rows": rows, "steps": steps, "repeats": config.repeats, "rematerialise": config.rematerialise,
        "peak_bytes_of_jax": memory, "pytorch": torch_side.description(), "environment": environment(),
    }  # fmt: skip
    if config.out is None:
        print(json.dumps(result, indent=1))
    else:
        write_json(config.out, result)


if __name__ == "__main__":
    main(tyro.cli(Backbones))
