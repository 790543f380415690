"""Part 4: whether images come fast enough: from a packed store through augmentation on the device, and evaluation.

`feed` reads a store as training does, by so many threads, and transforms on the device; nothing else happens there.
`training` is the project's own loop on the same images, once streamed and once resident: the two rates are the same
where the stream keeps up. `evaluation` judges resident images in passes of different size.
"""

import math
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.data_loading import STORES, write_photographs
from benchmarks.gpu.programs import FULL_SIDE, network_of
from benchmarks.gpu.report import Report
from benchmarks.gpu.setting import Setting
from empirical.augment import Transform, apply
from empirical.backbones.backbone import Backbone
from empirical.backbones.classifier import Classifier, random_head
from empirical.datasets.catalogue import TRANSFORMS
from empirical.datasets.image_sets import ImageSet
from empirical.evaluation import EvaluationSet, evaluate, evaluation_sets
from empirical.methods import FT
from empirical.store import epoch_batches, open_store, order, pack
from empirical.training import Resident, Streamed, TrainingRun, train
from empirical.training.data import training_data

CLASSES = 10
#: Seconds of a timing: shorter ones say little.
LONG = 1.0


def measure(report: Report, setting: Setting) -> None:
    # Few, since packing them takes most of the part's time; all is measured over many epochs.
    count, batch = (16, 4) if setting.small else (256, 64)
    cores = os.cpu_count() or 1
    threads = sorted({2, min(8, cores), cores}) if not setting.small else [2]
    transform = TRANSFORMS["living17"].training.at_side(32 if setting.small else FULL_SIDE)
    feeds = {(name, number): f"feed: {name}, {number} threads" for name in STORES for number in threads}
    evaluations = {size: f"evaluation: passes of {size}" for size in ((4, 8) if setting.small else (64, 256))}
    streams = {number: f"training: streamed, {number} threads" for number in reversed(threads)}
    if report.has(*feeds.values(), *evaluations.values(), "training: resident", *streams.values()):
        return
    stores = report.measure("packing", lambda: _packed(setting.scratch / "feeding", count), keep=False)
    if stores is None:
        return
    for (name, number), title in feeds.items():
        feed = partial(_feed, stores[name], transform, batch, number)
        _measured(report, title, feed, seconds=setting.about(4))
    network, images = network_of("resnet50", transform.side, "bfloat16"), stores["raw_256"]
    for size, title in evaluations.items():
        evaluation = partial(_evaluation, network, images, transform.side, size)
        _measured(report, title, evaluation, seconds=setting.about(10))
    resident = partial(_training, network, training_data(images, transform), batch)
    _measured(report, "training: resident", resident, seconds=setting.about(25))
    for number, title in streams.items():
        streamed = partial(_training, network, Streamed(images, transform, threads=number), batch)
        _measured(report, title, streamed, seconds=setting.about(25))


def _measured(report: Report, name: str, work: Callable[[], Any], *, seconds: float) -> None:
    if not report.has(name):
        report.measure(name, work, seconds=seconds)


def _packed(folder: Path, count: int) -> dict[str, ImageSet]:
    """Photographs of ImageNet's size, drawn, in every kind of store that this machine can read."""
    (folder / "files").mkdir(parents=True)
    photographs = write_photographs(folder / "files", count)
    labels = np.arange(count, dtype=np.int32) % CLASSES
    photographs = ImageSet(name="photographs", images=photographs.images, labels=labels)
    classes = tuple(map(str, range(CLASSES)))
    sets = {}
    for name, form in STORES.items():
        pack(photographs, folder / name, form, classes=classes, workers=min(8, os.cpu_count() or 1))
        sets[name] = open_store(folder / name).image_set()
    return sets


def _feed(images: ImageSet, transform: Transform, batch: int, threads: int) -> dict[str, Any]:
    """Images a second of many epochs in one, after an epoch that compiles and fills the page cache."""

    def pass_over(epochs: int) -> None:
        visits = np.concatenate([order(len(images), seed=0, epoch=epoch) for epoch in range(epochs)])
        for read in epoch_batches(images, visits, batch, threads=threads, ahead=2):
            arrays = jax.device_put((read.images, read.extents, read.indices))
            shown = apply(*arrays, transform=transform, key=jax.random.key(0))
        shown.block_until_ready()

    return {"images_per_second": len(images) * times_a_second(pass_over), "threads": threads}


def times_a_second(work: Callable[[int], None]) -> float:
    """How often a second `work` is done, which is told how often; over `LONG` seconds or more, the first one apart."""
    work(1)
    times = 1
    while True:
        began = time.perf_counter()
        work(times)
        seconds = time.perf_counter() - began
        if seconds >= LONG:
            return times / seconds
        times = max(2 * times, math.ceil(1.2 * times * LONG / seconds))


def _classifier(network: Backbone) -> Classifier:
    return Classifier(network, random_head(CLASSES, network.feature_dim, key=jax.random.key(0)))


def _training(network: Backbone, data: Resident | Streamed, batch: int) -> dict[str, Any]:
    """ResNet-50 in bfloat16, trained for some epochs; compilation apart."""
    run = TrainingRun(method=FT, learning_rate=1e-4, epochs=15, batch_size=batch, seed=0)
    outcome = train(_classifier(network), data, run)
    if outcome.failure is not None:
        raise RuntimeError(outcome.failure)
    return {"images_per_second": outcome.images_per_second, "form": type(data).__name__}


def _evaluation(network: Backbone, images: ImageSet, side: int, size: int) -> dict[str, Any]:
    """Images a second of a whole evaluation, metrics and features included, as after every epoch of training."""
    transform = TRANSFORMS["living17"].evaluation.at_side(side)
    sets = evaluation_sets([EvaluationSet(images, transform)], batch_size=size)
    classifier = _classifier(network)

    def judged(times: int) -> None:
        for _ in range(times):
            evaluate(classifier, sets, feature_limit=None)

    return {"images_per_second": len(images) * times_a_second(judged)}
