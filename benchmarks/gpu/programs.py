"""Our programs whose rate is measured: compiled ahead, side by side, and then run on data that lie on the device.

Weights, images and momenta come from the host: a program that draws them takes as long to compile as one that trains.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple
from unittest.mock import patch

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.backbones import backbone
from benchmarks.gpu.depthwise import each_by, grouped, mobilenet_v2, shifted
from empirical.backbones import normalisation
from empirical.backbones.backbone import Backbone
from empirical.backbones.classifier import Classifier, random_head
from empirical.backbones.clip_resnet import ClipResNet
from empirical.backbones.clip_vit import ClipViT
from empirical.backbones.resnet import ResNet
from empirical.backbones.sizes import ClipVitSize
from empirical.methods import FT
from empirical.training import TrainingRun
from empirical.training.groups import grouping
from empirical.training.step import Rule, State, initial, stepped
from empirical.training.variables import variables

CLASSES, LEARNING_RATE = 1000, 1e-4
#: Images of a smaller side go through narrow stand-ins, which only try the way.
FULL_SIDE = 224
Precision = str
#: Kernels that are tried in place of the networks' own.
VARIANTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "": nullcontext,
    "norms in two passes": lambda: patch("empirical.backbones.normalisation._read_once", normalisation._read_twice),
    "grouped": lambda: _depthwise(each_by(grouped, grouped)),
    "grouped, kernels' gradients shifted": lambda: _depthwise(each_by(grouped, shifted)),
    "shifted, kernels' gradients grouped": lambda: _depthwise(each_by(shifted, grouped)),
    "XLA's attention": lambda: patch("empirical.backbones.dot_product_attention.fused", lambda queries: False),
}
#: Of the compiler, by network. Triton's kernels take minutes to try for this one, most of whose convolutions are matrix
#: products, each of another shape. The library's must be tried: where they were not, products for the kernels'
#: gradients took two thirds of a step.
OPTIONS: dict[str, dict[str, Any]] = {"mobilenet_v2": {"xla_gpu_enable_triton_gemm": False}}
#: Arrays are filled with these again and again.
NUMBERS = np.random.default_rng(0).standard_normal(2**20, np.float32)


class Program(NamedTuple):
    """What is run, on how much.

    Attributes:
      kind: `training step` or `forward`.
      together: runs of one sweep in one program, each with a batch of its own.
      way: how these are put together: `vmap`, or `unrolled` as one after another in the program.
      variant: of the network's kernels; empty: its own.
    """

    network: str
    kind: str
    batch: int
    precision: Precision
    side: int
    together: int = 1
    way: str = "vmap"
    variant: str = ""

    @property
    def name(self) -> str:
        runs = f", {self.together} runs, {self.way}" if self.together > 1 else ""
        kernels = f", {self.variant}" if self.variant else ""
        return f"{self.network}, {self.kind}, batch {self.batch}, {self.precision}{runs}{kernels}"

    @property
    def alone(self) -> "Program":
        """What several runs together, or another kernel, are held against."""
        return self._replace(together=1, way="vmap", variant="")


class Ready(NamedTuple):
    """A compiled program. `run` takes so many steps and waits for the last.

    Attributes:
      bytes: of the device's memory that the program needs at once: what goes in and out and what lies between.
      operations: floating-point operations of a step, as the compiler counts them; None where it does not.
    """

    run: Callable[[int], None]
    bytes: int | None
    operations: float | None
    compile_seconds: float


def made(program: Program) -> Callable[[], Ready]:
    """The program traced; what is returned compiles it, and may be called in a thread."""
    with VARIANTS[program.variant]():
        return _traced(program)


def _traced(program: Program) -> Callable[[], Ready]:
    several = (program.together,) if program.together > 1 else ()
    images = jax.device_put(np.resize(np.abs(NUMBERS), (*several, program.batch, program.side, program.side, 3)))
    labels = jax.device_put(np.resize(np.arange(CLASSES, dtype=np.int32), (*several, program.batch)))
    if program.kind == "forward":
        network = filled(eqx.filter_eval_shape(classifier_of, program.network, program.side, program.precision))
        forward = eqx.filter_jit(lambda network, images: network(images, "eval").scores).lower(network, images)
        return lambda: _forward(forward, network, images, OPTIONS.get(program.network))
    shapes, step = described_step(program.network, program.side, program.precision, program.together, program.way)
    state = filled(shapes)
    lowered = step.lower((images, labels), state)
    return lambda: _training(lowered, (images, labels), state, OPTIONS.get(program.network))


def _depthwise(each_channel: Callable[..., Any]) -> AbstractContextManager[Any]:
    return patch("examples.mobilenet_v2.Convolution._each_channel", each_channel)


def filled(shapes: Any) -> Any:
    """Arrays on the device in place of shapes: ones where something is scaled or divided by, else small numbers."""

    def array(path: tuple[Any, ...], shape: Any) -> Any:
        if not isinstance(shape, jax.ShapeDtypeStruct):
            return shape
        ones = getattr(path[-1], "name", "") in ("scale", "variance")
        return jax.device_put(np.ones(shape.shape, shape.dtype) if ones else _numbers(shape))

    return jax.tree_util.tree_map_with_path(array, shapes)


def _numbers(shape: jax.ShapeDtypeStruct) -> np.ndarray:
    inputs = max(int(np.prod(shape.shape[:-1])), 1)
    return (np.resize(NUMBERS, shape.shape) / np.sqrt(inputs)).astype(shape.dtype)


def training_step(classifier: Classifier, together: int = 1, way: str = "vmap") -> tuple[State, Any]:
    """The state before training and the jitted step of the project's training loop, which consumes the state."""
    run = TrainingRun(method=FT, learning_rate=LEARNING_RATE, epochs=1, batch_size=64, seed=0)
    before = variables(classifier, FT, key=jax.random.key(0))
    rule = Rule.of(run, grouping(before, FT), before)

    def one(images: jax.Array, labels: jax.Array, state: State) -> tuple[State, jax.Array]:
        rates = jnp.full(len(rule.waiting), LEARNING_RATE, jnp.float32)
        return stepped(state, images, labels, rates, rule, key=jax.random.key(0))

    def several(images: jax.Array, labels: jax.Array, states: Any) -> Any:
        return [one(images[index], labels[index], state) for index, state in enumerate(states)]

    state: Any = initial(before, rule)
    if together > 1 and way == "vmap":
        taken, state = jax.vmap(one), jax.tree.map(lambda leaf: jnp.stack([leaf] * together), state)
    elif together > 1:
        taken, state = several, [initial(before, rule) for _ in range(together)]
    else:
        taken = one

    @eqx.filter_jit(donate="all-except-first")
    def step(data: tuple[jax.Array, jax.Array], state: Any) -> Any:
        return taken(*data, state)

    return state, step


def described_step(
    network: str, side: int, precision: Precision, together: int = 1, way: str = "vmap"
) -> tuple[Any, Any]:
    """As `training_step`, with shapes in place of arrays: no weight is drawn."""
    steps: list[Any] = []

    def start() -> Any:
        state, step = training_step(classifier_of(network, side, precision), together, way)
        steps.append(step)
        return state

    return eqx.filter_eval_shape(start), steps[0]


def classifier_of(network: str, side: int, precision: Precision) -> Classifier:
    """A backbone and a head at random weights."""
    backbone = network_of(network, side, precision)
    return Classifier(backbone, random_head(CLASSES, backbone.feature_dim, key=jax.random.key(2)))


@eqx.filter_jit
def network_of(network: str, side: int, precision: Precision) -> Backbone:
    """A backbone at random weights, as published at full side; drawn in one program, which compiles once."""
    dtype = jnp.dtype(precision)
    if network == "mobilenet_v2":
        return mobilenet_v2(key=jax.random.key(0))
    if side >= FULL_SIDE:
        return backbone(network, side, dtype, False)
    options = {"key": jax.random.key(0), "compute_dtype": dtype}
    match network:
        case "resnet50":
            return ResNet((1, 1), 8, **options)
        case "clip_resnet50":
            return ClipResNet((1, 1, 1, 1), 8, 16, side, **options)
        case _:
            return ClipViT(ClipVitSize(side, 16, 64, 2, 32), **options)


def _forward(lowered: Any, classifier: Classifier, images: jax.Array, options: dict[str, Any] | None) -> Ready:
    compiled, *costs = _compiled(lowered, options)

    def run(steps: int) -> None:
        for _ in range(steps):
            scores = compiled(classifier, images)
        jax.block_until_ready(scores)

    return Ready(run, *costs)


def _training(lowered: Any, data: tuple[jax.Array, jax.Array], state: Any, options: dict[str, Any] | None) -> Ready:
    compiled, *costs = _compiled(lowered, options)
    held = [state]

    def run(steps: int) -> None:
        for _ in range(steps):
            outputs = compiled(data, held[0])
            held[0] = [state for state, _ in outputs] if isinstance(outputs, list) else outputs[0]
        jax.block_until_ready(outputs)

    return Ready(run, *costs)


def _compiled(lowered: Any, options: dict[str, Any] | None) -> tuple[Any, int | None, float | None, float]:
    """The program, its bytes, its operations, and the seconds that compiling took."""
    began = time.perf_counter()
    compiled = lowered.compile(compiler_options=options)
    seconds = time.perf_counter() - began
    memory = compiled.compiled.memory_analysis()
    size = None
    if memory is not None:
        size = memory.argument_size_in_bytes + memory.output_size_in_bytes + memory.temp_size_in_bytes
        size -= memory.alias_size_in_bytes
    # As it was written: a GPU's compiler calls libraries, whose operations it does not count.
    cost = lowered.lowered.cost_analysis()
    return compiled, size, cost.get("flops") if cost else None, seconds
