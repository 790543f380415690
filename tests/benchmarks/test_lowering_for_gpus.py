"""The main programs lower for a GPU, on a machine that has none: no operation in them is a CPU's alone."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.gaussian_inputs import gaussian_setting
from benchmarks.gpu.ahead import ANSWERS
from benchmarks.gpu.programs import described_step
from empirical.augment import apply
from empirical.backbones.dot_product_attention import attended
from empirical.datasets.catalogue import TRANSFORMS
from empirical.linear_probe.exact import rotated
from empirical.linear_probe.newton import minimise
from empirical.linear_probe.problem import problem
from simulations.gradient_flow import starting_point
from simulations.integration import Numerics, integrate
from theory.problem import Problem

DRAW = np.random.default_rng(0)


def lowered(function, *arguments) -> str:
    """The program as a GPU's compiler is given it; arguments may be shapes without values."""
    arrays, rest = eqx.partition(arguments, lambda one: eqx.is_array(one) or isinstance(one, jax.ShapeDtypeStruct))
    traced = jax.jit(lambda arrays: function(*eqx.combine(arrays, rest))).trace(arrays)
    return traced.lower(lowering_platforms=("cuda",)).as_text()


def lowered_step(network: str, precision: str, *, together: int = 1) -> str:
    """A training step of a narrow network; none of its weights is ever drawn."""
    state, step = described_step(network, 32, precision, together)
    several = () if together == 1 else (together,)
    images, labels = jnp.zeros((*several, 2, 32, 32, 3), jnp.float32), jnp.zeros((*several, 2), jnp.int32)
    return lowered(lambda *given: step.__wrapped__(*given), (images, labels), state)


@pytest.mark.parametrize(
    ("network", "precision"), [("resnet50", "bfloat16"), ("clip_resnet50", "float32"), ("clip_vit_b16", "bfloat16")]
)
def test_a_training_step(network, precision):
    text = lowered_step(network, precision)
    assert ("stablehlo.convolution" in text) == (network != "clip_vit_b16"), "whose patches are cut, not convolved"
    assert "stablehlo.dot_general" in text
    assert "f64" not in text.replace("tensor<f64>", ""), "images' numbers must stay in single precision"


def test_several_runs_under_vmap():
    assert "stablehlo.convolution" in lowered_step("resnet50", "bfloat16", together=2)


@pytest.mark.parametrize("tokens", [6, 7])
def test_attention_by_cudnn(tokens, monkeypatch):
    """Forward and backward, of an odd number of tokens too; what is asked of the device is answered for it."""
    for name, answer in ANSWERS.items():
        monkeypatch.setattr(name, answer)
    three = (jax.ShapeDtypeStruct((2, tokens, 3, 16), jnp.bfloat16),) * 3

    def energy(*three):
        return jnp.sum(attended(*three, causal=False).astype(jnp.float32) ** 2)

    gradients = jax.grad(energy, (0, 1, 2))
    text = lowered(gradients, *three)
    assert text.count("@__cudnn$fmhaSoftmax(") == text.count("@__cudnn$fmhaSoftmaxBackward(") == 1
    beside = jax.jit(gradients).trace(*three).lower(lowering_platforms=("cpu",)).as_text()
    assert "cudnn" not in beside, "a program for the CPU beside the GPU must do without"


def test_augmentation():
    images, extents = jnp.zeros((2, 40, 40, 3), jnp.uint8), jnp.full((2, 2), 40, jnp.int32)
    both = [one for pipelines in TRANSFORMS.values() for one in (pipelines.training, pipelines.evaluation)]
    kinds = {(one.crop, one.kernel): one.at_side(32) for one in both}  # what else differs are numbers
    for transform in kinds.values():

        def transformed(images, extents, key, transform=transform):
            return apply(images, extents, jnp.arange(2), transform=transform, key=key)

        assert lowered(transformed, images, extents, jax.random.key(0))


@pytest.mark.parametrize("examples", [30, 5])
def test_the_probe_path(examples):
    """More examples than features, and fewer, which are rotated by other decompositions."""
    asked = problem(DRAW.standard_normal((examples, 8)), DRAW.integers(0, 3, examples), 3)

    def solved(inputs, penalty):
        coordinates = rotated(asked._replace(inputs=inputs)).coordinates
        start = jnp.zeros((len(asked.present), coordinates.inputs.shape[1]))
        return minimise(coordinates, start, penalty, jnp.float64(1e-4))

    assert "while" in lowered(solved, jnp.asarray(asked.inputs), jnp.float64(1.0))


@pytest.mark.parametrize("stiff", [False, True])
def test_the_reduced_flow(stiff, monkeypatch):
    # Errors are raised from a compiled program by a call of Python, which only a real device can be lowered for.
    monkeypatch.setattr("equinox._errors.EQX_ON_ERROR", "nan")
    truth, pretrained, inputs = gaussian_setting(12, 3, 6)
    reduced = starting_point(Problem.from_inputs(truth, pretrained, inputs), "fine_tuning")
    times = jnp.array([0.0, 1.0, jnp.inf])
    numerics = Numerics(stiff=stiff)
    assert "while" in lowered(
        lambda reduced, times: integrate(reduced, times, lambda state: state, numerics=numerics), reduced, times
    )
