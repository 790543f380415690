"""Rates of this device, measured now: images a second of training, seconds of a linear probe."""

import time

import jax
import jax.numpy as jnp
import numpy as np

from empirical.augment import Transform
from empirical.backbones.catalogue import feature_dim
from empirical.backbones.loading import load
from empirical.benchmark.workspace import Workspace
from empirical.linear_probe import Features, probe_path
from empirical.methods import FT_EVAL
from empirical.recipes import Recipe, SolvedProbe
from empirical.training import Resident, TrainingRun, starting_classifier, train

#: Training steps that a measurement takes, after one that compiles.
STEPS = 3
#: Images and classes of the linear probe that a measurement solves.
PROBE_IMAGES, PROBE_CLASSES = 2000, 10


def timed_rate(recipe: Recipe, workspace: Workspace) -> float:
    """Images a second of training with the recipe's backbone and batch, measured now on random images.

    Raises:
      UserError: the weights are not there.
    """
    loaded = load(recipe.backbone, workspace.checkpoints)
    transform: Transform = recipe.pipelines.training
    count = recipe.batch_size * STEPS
    pictures = jax.random.uniform(jax.random.key(0), (count, transform.side, transform.side, 3), jnp.float32)
    classes = recipe.classes or PROBE_CLASSES
    data = Resident(pictures, jnp.arange(count, dtype=jnp.int32) % classes)
    start = starting_classifier(FT_EVAL, loaded.backbone, classes=classes, seed=0)
    run = TrainingRun(method=FT_EVAL, learning_rate=1e-6, epochs=2, batch_size=recipe.batch_size, seed=0)
    began = time.perf_counter()
    outcome = train(start, data, run)
    return outcome.images_per_second or 2 * count / (time.perf_counter() - began)


def timed_solving(recipe: Recipe, workspace: Workspace) -> float:
    """Seconds of the recipe's solver for one image, class and penalty, measured now on random features.

    Raises:
      UserError: the width of its features is its network's to say, which cannot be made.
    """
    probe = recipe.probe
    assert isinstance(probe, SolvedProbe)
    width = feature_dim(recipe.backbone) or load(recipe.backbone, workspace.checkpoints).backbone.feature_dim
    draw = np.random.default_rng(0)
    labels = (np.arange(PROBE_IMAGES) % PROBE_CLASSES).astype(np.int32)
    centres = draw.normal(size=(PROBE_CLASSES, width))
    features = (centres[labels] + draw.normal(size=(PROBE_IMAGES, width)) * 2).astype(np.float32)
    penalties = probe.penalties[:: max(len(probe.penalties) // 5, 1)]
    began = time.perf_counter()
    probe_path(Features(features, labels), classes=PROBE_CLASSES, penalties=penalties, solver=probe.solver)
    return (time.perf_counter() - began) / (PROBE_IMAGES * PROBE_CLASSES * len(penalties))
