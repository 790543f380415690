"""Features and one training step of each network, against PyTorch on the same device with the same random weights."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from artifacts.runtime import wrong_in_bfloat16
from benchmarks import torch_side
from benchmarks.gpu.references import NETWORKS, Reference, Truth, truth
from benchmarks.gpu.report import Report, within
from benchmarks.gpu.setting import Setting
from empirical.backbones.backbone import Backbone
from empirical.backbones.checkpoints import tensors
from empirical.backbones.classifier import Classifier, Head
from empirical.methods import FT
from empirical.training import TrainingRun
from empirical.training.groups import grouping
from empirical.training.step import Rule, State, initial, stepped
from empirical.training.variables import variables

#: Of float32 features, by norm: sums of products in another order.
FEATURES = 1e-4
#: In train mode a batch's statistics magnify rounding; ours may err as much as PyTorch's float32 does, times this.
ROUNDING = 5.0
#: And this much more where there are ReLUs: one that rounding tips to its other side is a jump of the gradient, which
#: meets us or PyTorch by chance. Of narrow ResNets at several draws, ours erred by 7.5e-3 and PyTorch by 4e-6 at one,
#: ours by 3e-6 and PyTorch by 1.4e-3 at another.
JUMPS = {"resnet50": 0.02, "clip_resnet50": 0.02, "clip_vit_b16": 0.0}
#: bfloat16 keeps 8 bits; ours may err as much as PyTorch's autocast does, times this.
HALF = 2.0
CLASSES = 10


def measure(report: Report, setting: Setting) -> None:
    on_gpu = jax.devices()[0].platform != "cpu"
    with ThreadPoolExecutor(4 if on_gpu else 1) as compilers:
        waiting = []
        for name in NETWORKS:
            if report.has(*(f"{name}: {check}" for check in ("float32", "bfloat16", "step"))):
                continue
            reason = torch_side.why_not(name, on_gpu=on_gpu)
            if reason:
                report.leave_out(name, reason)
                continue
            begin = partial(_begin, name, compilers, setting, on_gpu=on_gpu)
            case = report.measure(f"{name}: PyTorch", begin, seconds=10, keep=False)
            waiting += [] if case is None else [case]
        wrong = wrong_in_bfloat16()
        for case in waiting:
            for check in (case.float32, case.bfloat16, case.step):
                if wrong and check == case.bfloat16:
                    report.leave_out(f"{case.name}: bfloat16", wrong)
                    continue
                report.measure(f"{case.name}: {check.__name__}", check)


class Case:
    """One network: PyTorch's answers, and our programs, which compile side by side."""

    def __init__(self, name: str, reference: Reference, expected: Truth, compiled: dict[str, Future], inputs: Any):
        self.name, self.reference, self.expected, self.compiled, self.inputs = (
            name, reference, expected, compiled, inputs
        )  # fmt: skip

    def float32(self) -> dict[str, Any]:
        """Features in single precision, matrix products in full."""
        network, images, _ = self.inputs["float32"]
        features = np.asarray(self.compiled["float32"].result()(network, images))
        values = {
            "from_pytorch": _apart(features, self.expected.single),
            "from_double": _apart(features, self.expected.double),
            "pytorch_from_double": _apart(self.expected.single, self.expected.double),
        }
        return within(values, {"from_pytorch": FEATURES})

    def bfloat16(self) -> dict[str, Any]:
        """Features in half precision, beside PyTorch's under autocast."""
        network, images, _ = self.inputs["bfloat16"]
        features = np.asarray(self.compiled["bfloat16"].result()(network, images))
        theirs = _apart(self.expected.autocast, self.expected.double)
        values = {"from_double": _apart(features, self.expected.double), "pytorch_from_double": theirs}
        return within(values, {"from_double": HALF * theirs})

    def step(self) -> dict[str, Any]:
        """One step of the training loop's own, in train mode: its loss, and its gradients by norm over all arrays."""
        state, images, labels = self.inputs["step"]
        after, loss = self.compiled["step"].result()(state, images, labels)
        moment = eqx.combine(
            *(state.trace for memory in after.optimiser for state in memory if hasattr(state, "trace"))
        )
        traced = tensors(moment.classifier.backbone)
        apart = {}
        for name, gradients in (("pytorch", self.expected.rounded), ("double", self.expected.gradients)):
            apart[name] = tensors(self.reference.ours(gradients, self.inputs["folder"]))
        names = [name for name, role in _roles(state).items() if role != "norm_statistics"]
        join = lambda tree: np.concatenate([np.ravel(tree[name]) for name in names])  # noqa: E731
        theirs = _apart(join(apart["pytorch"]), join(apart["double"]))
        values = {
            "loss": float(loss), "loss_from_double": abs(float(loss) / self.expected.loss - 1),
            "gradients_from_double": _apart(join(traced), join(apart["double"])),
            "pytorch_gradients_from_double": theirs,
        }  # fmt: skip
        bound = FEATURES + ROUNDING * theirs + JUMPS[self.name]
        return within(values, {"loss_from_double": FEATURES, "gradients_from_double": bound})


def _begin(name: str, compilers: ThreadPoolExecutor, setting: Setting, *, on_gpu: bool) -> Case:
    """PyTorch's side, and our three programs on their way through the compiler."""
    import torch

    torch.manual_seed(0)
    device = torch.device("cuda" if on_gpu else "cpu")
    reference = NETWORKS[name](device, small=setting.small)
    folder = setting.scratch / name
    folder.mkdir(exist_ok=True)
    draw = np.random.default_rng(0)
    shape = (8 if setting.small else 32, reference.side, reference.side, 3)
    images = draw.random(shape, np.float32) if reference.standardised else draw.standard_normal(shape, np.float32)
    labels = draw.integers(0, CLASSES, shape[0])
    weights = reference.model.state_dict()
    ours = {dtype: reference.ours(weights, folder, dtype=jnp.dtype(dtype)) for dtype in ("float32", "bfloat16")}
    k = ours["float32"].feature_dim
    head = (draw.standard_normal((CLASSES, k)) / np.sqrt(k)).astype(np.float32)
    start = Classifier(ours["float32"], Head(jnp.asarray(head), jnp.zeros(CLASSES, jnp.float32)))
    state, rule = _start(start)
    shown, truths = jnp.asarray(images), jnp.asarray(labels, jnp.int32)
    programs: dict[str, tuple[Callable, tuple]] = {
        "float32": (_features, (ours["float32"], shown)),
        "bfloat16": (_features, (ours["bfloat16"], shown)),
        "step": (partial(_step, rule), (state, shown, truths)),
    }
    compiled = {}
    with jax.default_matmul_precision("highest"):
        for kind, (function, inputs) in programs.items():
            compiled[kind] = compilers.submit(eqx.filter_jit(function).lower(*inputs).compile)
    expected = truth(reference, images, labels, head, device)
    inputs = {kind: (*inputs, None)[:3] for kind, (_, inputs) in programs.items()}
    return Case(name, reference, expected, compiled, inputs | {"folder": folder})


def _start(start: Classifier) -> tuple[State, Rule]:
    run = TrainingRun(method=FT, learning_rate=1e-3, epochs=1, batch_size=32, seed=0)
    before = variables(start, FT, key=jax.random.key(0))
    rule = Rule.of(run, grouping(before, FT), before)
    return initial(before, rule), rule


def _features(network: Backbone, images: jax.Array) -> jax.Array:
    return network(images, "eval").features


def _step(rule: Rule, state: State, images: jax.Array, labels: jax.Array) -> tuple[State, jax.Array]:
    return stepped(state, images, labels, jnp.full(len(rule.waiting), 1e-3), rule, key=jax.random.key(0))


def _roles(state: State) -> dict[str, str]:
    """The kind of every array of the backbone, by name."""
    network = state.variables.classifier.backbone
    return {name: role.kind for name, role in zip(tensors(network), jax.tree.leaves(network.roles()), strict=True)}


def _apart(actual: np.ndarray, expected: np.ndarray) -> float:
    """Norm of the difference over the norm of what is expected."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    return float(np.linalg.norm(actual - expected) / np.linalg.norm(expected))
