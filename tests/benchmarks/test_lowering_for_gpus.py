"""The main programs lower for a GPU, on a machine that has none: no operation in them is a CPU's alone."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.gaussian_inputs import gaussian_setting
from benchmarks.gpu.programs import Program, network_of, training_step
from empirical.augment import TRANSFORMS, apply
from empirical.backbones.classifier import Classifier, random_head
from empirical.evaluation import EvaluationSet, evaluation_sets
from empirical.linear_probe.exact import rotated
from empirical.linear_probe.newton import minimise
from empirical.linear_probe.problem import problem
from simulations.gradient_flow import starting_point
from simulations.integration import Numerics, integrate
from theory.fine_tuning import one_active_unit, one_id_direction
from theory.problem import Problem

DRAW = np.random.default_rng(0)


def lowered(function, *arguments) -> str:
    """The program as a GPU's compiler is given it."""
    arrays, rest = eqx.partition(arguments, eqx.is_array)
    traced = jax.jit(lambda arrays: function(*eqx.combine(arrays, rest))).trace(arrays)
    return traced.lower(lowering_platforms=("cuda",)).as_text()


def classifier(network: str, precision: str) -> Classifier:
    backbone = network_of(Program(network, "training step", 2, precision, 32))
    return Classifier(backbone, random_head(5, backbone.feature_dim, key=jax.random.key(0)))


@pytest.mark.parametrize("network", ["resnet50", "clip_resnet50", "clip_vit_b16"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_training_step(network, precision):
    images, labels = jnp.zeros((2, 32, 32, 3), jnp.float32), jnp.zeros(2, jnp.int32)
    state, step = training_step(classifier(network, precision))
    text = lowered(lambda *given: step.__wrapped__(*given), (images, labels), state)
    assert "stablehlo.convolution" in text
    # A CPU is given gathered patches in place of small convolutions; a GPU must not be.
    assert "f64" not in text.replace("tensor<f64>", ""), "an image's numbers must stay in single precision"


def test_several_runs_under_vmap():
    images, labels = jnp.zeros((2, 2, 32, 32, 3), jnp.float32), jnp.zeros((2, 2), jnp.int32)
    state, step = training_step(classifier("resnet50", "bfloat16"), 2)
    assert "stablehlo.convolution" in lowered(lambda *given: step.__wrapped__(*given), (images, labels), state)


def test_augmentation():
    images, extents = jnp.zeros((2, 40, 40, 3), jnp.uint8), jnp.full((2, 2), 40, jnp.int32)
    for pipelines in TRANSFORMS.values():
        for transform in (pipelines.training, pipelines.evaluation):
            small = transform.at_side(32)
            assert lowered(
                lambda images, extents, key, small=small: apply(
                    images, extents, jnp.arange(2), transform=small, key=key
                ),
                images, extents, jax.random.key(0),
            )  # fmt: skip


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
def test_the_reduced_flow(stiff):
    truth, pretrained, inputs = gaussian_setting(12, 3, 6)
    reduced = starting_point(Problem.from_inputs(truth, pretrained, inputs), "fine_tuning")
    times = jnp.array([0.0, 1.0, jnp.inf])
    numerics = Numerics(stiff=stiff)
    assert "while" in lowered(
        lambda reduced, times: integrate(reduced, times, lambda state: state, numerics=numerics), reduced, times
    )
