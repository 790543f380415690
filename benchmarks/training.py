"""Milliseconds an image and training step of the small network: `python benchmarks/training.py [--out FILE]`.

Five ways to take the same steps (forward, backward, SGD with momentum, running statistics) on 32 x 32 images:

- `train`: `empirical.training.train`, many steps in one compiled loop, everything beside the steps included;
- `step_by_step`: one compiled call a step, nothing donated, as training was done before there was `train`;
- `streamed`: `train` on a set that is read batch by batch, as sets that do not fit on the device are;
- `together`: four runs as one under `vmap` (an image of one run counts as one image);
- `torch`: the same network in PyTorch in its default layout, where PyTorch is installed.

The ways take turns, so that a busy neighbour disturbs all of them; medians over the rounds, the fastest round beside.
"""

import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from artifacts.runtime import prepare_jax

prepare_jax()

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import tyro

from artifacts import environment
from artifacts.files import write_json
from empirical.augment import Transform
from empirical.backbones.classifier import Classifier, cross_entropy, random_head
from empirical.backbones.sizes import SMALL_WIDTHS as WIDTHS
from empirical.backbones.small_resnet import SmallResNet
from empirical.datasets.image_sets import ImageRows, ImageSet
from empirical.methods import FT, FT_EVAL, Method
from empirical.store import order
from empirical.training import Resident, Streamed, TrainingRun, train
from empirical.training.feeds import epoch_keys
from empirical.training.groups import grouping
from empirical.training.step import Rule, initial, stepped
from empirical.training.variables import variables

RATE, CLASSES, SIDE, RUNS = 1e-3, 10, 32, 4
TakeSteps = Callable[[], Any]


@dataclass(frozen=True, kw_only=True)
class Training:
    """Sizes as (images, batch): the embedded benchmark's default and full scale."""

    sizes: tuple[tuple[int, int], ...] = ((200, 8), (800, 32))
    epochs: int = 2
    rounds: int = 7
    out: Path | None = None
    """JSON file to write; standard output where absent."""


@dataclass(frozen=True)
class Task:
    """The steps that every way has to take."""

    method: Method
    images: int
    batch: int
    epochs: int

    @cached_property
    def start(self) -> Classifier:
        backbone = SmallResNet(key=jax.random.key(0))
        return Classifier(backbone, random_head(CLASSES, backbone.feature_dim, key=jax.random.key(0)))

    @property
    def pixels(self) -> np.ndarray:
        return np.random.default_rng(0).integers(0, 256, (self.images, SIDE, SIDE, 3)).astype(np.uint8)

    @property
    def labels(self) -> np.ndarray:
        return np.random.default_rng(1).integers(0, CLASSES, self.images).astype(np.int32)

    @property
    def run(self) -> TrainingRun:
        return TrainingRun(method=self.method, learning_rate=RATE, epochs=self.epochs, batch_size=self.batch, seed=0)

    def batches(self) -> list[np.ndarray]:
        epochs = [order(self.images, seed=0, epoch=epoch).astype(np.int32) for epoch in range(self.epochs)]
        return [part for visits in epochs for part in np.split(visits, range(self.batch, self.images, self.batch))]


def with_train(task: Task) -> TakeSteps:
    data = Resident(jnp.asarray(task.pixels) / jnp.float32(255), jnp.asarray(task.labels))
    return lambda: train(task.start, data, task.run).classifier


def streamed(task: Task) -> TakeSteps:
    rows = ImageRows("drawn", task.pixels, np.arange(task.images))
    data = Streamed(ImageSet(name="drawn", images=rows, labels=task.labels), Transform(crop="resize", side=SIDE))
    return lambda: train(task.start, data, task.run).classifier


def step_by_step(task: Task) -> TakeSteps:
    pixels, labels, start = jnp.asarray(task.pixels), jnp.asarray(task.labels), task.start
    mode, trace = task.method.norm_mode, optax.trace(decay=0.9)
    moves = jax.tree.map(lambda role: role.kind != "norm_statistics", start.roles())

    @eqx.filter_jit
    def step(classifier: Classifier, momentum: Any, batch: jax.Array, rate: jax.Array) -> tuple:
        trained, fixed = eqx.partition(classifier, moves)

        def loss(trained: Classifier) -> tuple:
            scores, after = eqx.combine(trained, fixed)(pixels[batch] / jnp.float32(255), mode)
            return cross_entropy(scores, labels[batch]), after

        (value, after), gradient = eqx.filter_value_and_grad(loss, has_aux=True)(trained)
        updates, momentum = trace.update(gradient, momentum)
        moved = eqx.combine(jax.tree.map(lambda p, u: p - rate * u, trained, updates), fixed)
        return jax.tree.map(lambda moves, new, old: new if moves else old, moves, moved, after), momentum, value

    def take() -> Classifier:
        classifier, momentum = start, trace.init(eqx.filter(start, moves))
        losses = []
        for batch in task.batches():
            classifier, momentum, loss = step(classifier, momentum, jnp.asarray(batch), jnp.float32(RATE))
            losses.append(loss)
        np.mean([float(loss) for loss in losses])
        return classifier

    return take


def together(task: Task) -> TakeSteps:
    data = Resident(jnp.asarray(task.pixels) / jnp.float32(255), jnp.asarray(task.labels))
    before = variables(task.start, task.method, key=jax.random.key(0))
    rule = Rule.of(task.run, grouping(before, task.method), before)
    steps = task.images // task.batch * task.epochs
    batches = jnp.asarray(np.stack([task.batches()[:steps]] * RUNS))
    rates, keys = jnp.full((RUNS, steps, 1), RATE, jnp.float32), epoch_keys(0, 0)
    states = jax.tree.map(lambda array: jnp.stack([array] * RUNS), initial(before, rule))

    @eqx.filter_jit
    @eqx.filter_vmap
    def loop(state: Any, batches: jax.Array, rates: jax.Array) -> Any:
        def body(row: jax.Array, state: Any) -> Any:
            images = data.batch(batches[row], key=keys.augmentation)
            return stepped(state, images, data.labels[batches[row]], rates[row], rule, key=keys.mixing)[0]

        return jax.lax.fori_loop(0, steps, body, state)

    return lambda: loop(states, batches, rates)


def in_torch(task: Task) -> TakeSteps:
    import torch
    from torch import nn

    torch.set_num_threads(os.cpu_count() or 1)

    def convolution(inputs: int, outputs: int, size: int, stride: int) -> nn.Module:
        return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)

    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int):
            super().__init__()
            self.branch = nn.Sequential(
                convolution(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs), nn.ReLU(),
                convolution(outputs, outputs, 3, 1), nn.BatchNorm2d(outputs),
            )  # fmt: skip
            same = inputs == outputs and stride == 1
            self.shortcut = nn.Identity() if same else convolution(inputs, outputs, 1, stride)

        def forward(self, x: Any) -> Any:
            return nn.functional.relu(self.branch(x) + self.shortcut(x))

    def network() -> nn.Module:
        inputs = (WIDTHS[0], *WIDTHS)
        blocks = [Block(inputs[i], width, 1 if i == 0 else 2) for i, width in enumerate(WIDTHS)]
        stem = [convolution(3, WIDTHS[0], 7, 4), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU()]
        return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTHS[-1], CLASSES))

    pixels = torch.tensor(task.pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    labels = torch.tensor(task.labels, dtype=torch.long)

    def take() -> None:
        model = network().train(task.method.norm_mode == "train")
        optimiser = torch.optim.SGD(model.parameters(), RATE, momentum=0.9)
        losses = []
        for batch in task.batches():
            chosen = torch.tensor(batch, dtype=torch.long)
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(model(pixels[chosen]), labels[chosen])
            loss.backward()
            optimiser.step()
            losses.append(loss.detach())
        np.mean([float(loss) for loss in losses])

    return take


def measured(task: Task, rounds: int) -> dict[str, Any]:
    """Milliseconds an image and step of each way, and how many times `train` is faster."""
    ways = {"train": with_train, "step_by_step": step_by_step, "streamed": streamed, "together": together}
    if importlib.util.find_spec("torch") is not None:
        ways["torch"] = in_torch
    ready = {name: way(task) for name, way in ways.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ready}
    for take in ready.values():
        jax.block_until_ready(take())  # compiles
    for _ in range(rounds):
        for name, take in ready.items():
            began = time.perf_counter()
            jax.block_until_ready(take())
            seconds[name].append(time.perf_counter() - began)
    images = {name: task.images * task.epochs * (RUNS if name == "together" else 1) for name in ready}
    per_image = {name: [1e3 * duration / images[name] for duration in times] for name, times in seconds.items()}
    medians = {name: statistics.median(values) for name, values in per_image.items()}
    return {
        "norm_mode": task.method.norm_mode,
        "images": task.images,
        "batch_size": task.batch,
        "milliseconds_an_image": {name: round(value, 4) for name, value in medians.items()},
        "fastest": {name: round(min(values), 4) for name, values in per_image.items()},
        "times_faster_is_train_than": {
            name: round(value / medians["train"], 2) for name, value in medians.items() if name != "train"
        },
    }


def main(config: Training) -> None:
    """Measure, and write or print the result."""
    tasks = [Task(method, images, batch, config.epochs) for images, batch in config.sizes for method in (FT, FT_EVAL)]
    result = {
        "cores": os.cpu_count(),
        "rounds": config.rounds,
        "measured": list(map(partial(measured, rounds=config.rounds), tasks)),
        "environment": environment(),
    }
    if config.out is None:
        json.dump(result, sys.stdout, indent=1)
    else:
        write_json(config.out, result)


if __name__ == "__main__":
    main(tyro.cli(Training))
