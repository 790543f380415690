"""Beyond the paper: the paper's linear network on real digits, whose ink turns from red to blue.

Inputs are pixels of handwritten digits, features the directions that tell printed characters apart in any ink, the
task is to name the digit, in red ink. Turned ink leaves the span of the training pixels by a known angle, so every
premise of the linear theory but noise-free labels holds, and the inputs are real. LP, FT and LP-FT are solved, not
simulated; each stops where ID validation is best.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float

from bridge.comparison import ComparedMethods, compare_on
from bridge.inks import Strokes, handwritten, in_ink, printed
from bridge.measured_task import MeasuredTask
from bridge.pretrained_features import reduced_rank_features
from simulations.experiment import Configuration, Experiment, Scale
from simulations.sweeps import ALONE, Watch

CLASSES = 10
#: Decides which digits are for testing, whatever is drawn for training.
DIVISION_SEED = 1234
SOLVED_BY = "reduced flow of several outputs"


class LinearNetworkOnDigits(Configuration):
    """`draws` of training and validation images and of the head; angles of the ink in degrees, the first of training.

    Heads are uniform within `head_scale` / sqrt(features) as fresh linear layers are.
    """

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = MappingProxyType({"angles": (0.0, 90.0)})
    angles: tuple[float, ...] = (0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0)
    features: int = 20
    characters: int = 12_000
    training: int = 600
    validation: int = 500
    test: int = 1000
    head_scale: float = 1.0
    draws: int
    seed: int = 20


class LinearNetworkOnDigitsData(eqx.Module):
    """Arrays (draw, angle) and (draw)."""

    angles: Float[np.ndarray, " s"]
    compared: ComparedMethods
    solved_by: str


def task_of(config: LinearNetworkOnDigits, draw: int) -> MeasuredTask:
    """One draw of training and validation images; test images and pretraining are the same for all."""
    strokes = handwritten()
    features, scale = _pretrained(config.characters, config.features, config.seed)
    order = np.random.default_rng(DIVISION_SEED).permutation(len(strokes.labels))
    test, rest = order[: config.test], np.random.default_rng([config.seed, draw]).permutation(order[config.test :])
    training, validation = rest[: config.training], rest[config.training : config.training + config.validation]
    mean = in_ink(strokes.ink[training], config.angles[0]).mean(0)

    def inputs(chosen: np.ndarray, angle: float) -> Float[np.ndarray, "n d"]:
        return scale * (in_ink(strokes.ink[chosen], angle) - mean)

    return MeasuredTask(
        features=features,
        training=np.stack([inputs(training, angle) for angle in config.angles]),
        training_labels=strokes.labels[training],
        validation=inputs(validation, config.angles[0]),
        validation_labels=strokes.labels[validation],
        test=np.stack([inputs(test, angle) for angle in config.angles]),
        test_labels=strokes.labels[test],
        classes=CLASSES,
    )


def random_head(config: LinearNetworkOnDigits, draw: int, task: MeasuredTask) -> Float[np.ndarray, "k q"]:
    """A fresh head, in the axes of the outputs."""
    width = config.head_scale / np.sqrt(config.features)
    head = np.random.default_rng([config.seed, draw, 1]).uniform(-width, width, (config.features, CLASSES))
    return head @ task.outputs.T


@cache
def _pretrained(characters: int, count: int, seed: int) -> tuple[Float[np.ndarray, "k d"], float]:
    """Features, and the factor that makes the characters' inputs of length 1 about their mean."""
    strokes: Strokes = printed(characters, seed=seed)
    turns = np.random.default_rng(seed).uniform(0.0, 90.0, characters)
    inputs = in_ink(strokes.ink, turns)
    length = np.sqrt(np.mean(np.sum((inputs - inputs.mean(0)) ** 2, axis=1)))
    return reduced_rank_features(inputs, strokes.labels, count), float(1 / length)


def simulate(config: LinearNetworkOnDigits, watch: Watch = ALONE) -> LinearNetworkOnDigitsData:
    """Every draw."""
    compared = []
    for draw in range(config.draws):
        task = task_of(config, draw)
        compared.append(compare_on(task, random_head(config, draw, task)))
        if watch.progress:
            watch.progress(draw + 1, config.draws)
    stacked = jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *compared)
    return LinearNetworkOnDigitsData(np.array(config.angles), stacked, SOLVED_BY)


def configuration(scale: Scale) -> LinearNetworkOnDigits:
    """How much at which scale."""
    if scale == "quick":
        return LinearNetworkOnDigits(characters=3000, training=300, validation=300, test=500, draws=1)
    return LinearNetworkOnDigits(draws={"default": 3, "full": 10}[scale])


EXPERIMENT = Experiment(
    "linear_network_on_digits",
    "Beyond the paper: the linear network on real digits",
    configuration,
    simulate,
    LinearNetworkOnDigitsData,
    beyond_the_paper=True,
    order=180,
)
