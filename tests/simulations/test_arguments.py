"""An argument of the wrong shape or out of its range is named, with what came; traced values pass."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import jaxtyping
import pytest

from simulations.comparison import compared_exactly, integrated_times
from simulations.gradient_descent import gradient_descent
from simulations.sampling import (
    Dimensions,
    equal_angles,
    sample_angles_up_to,
    sample_eigenvalues,
    sample_frame,
    sample_generic_angles,
    sample_problem,
    sample_truth,
    spread_eigenvalues,
)
from theory.fine_tuning.random_head import expected_ood_risk
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.risks import ood_risk
from theory.subspaces import off_subspace_cosine, principal_angles

SIZES = Dimensions(input_dim=9, feature_dim=3, id_dim=4)
KEY = jax.random.key(0)
GOOD = {
    "angles": jnp.full(3, 0.8),
    "eigenvalues": jnp.ones(4),
    "feature_error": 0.1,
    "truth_norm": 1.0,
    "head_scale": 1.0,
}


def sampled(**changes):
    given = GOOD | changes
    return sample_problem(SIZES, given.pop("angles"), given.pop("eigenvalues"), **given, key=KEY)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"angles": jnp.array([0.8])}, r"`angles` must have shape \(3,\) \(one for each of min.*, got \(1,\)"),
        ({"angles": jnp.full(7, 0.8)}, r"`angles` must have shape \(3,\).*got \(7,\)"),
        ({"angles": jnp.full(3, 1.6)}, r"`angles` must lie between 0 and pi/2, got 1\.6"),
        ({"eigenvalues": jnp.ones(5)}, r"`eigenvalues` must have shape \(4,\) \(m=4\), got \(5,\)"),
        ({"eigenvalues": jnp.zeros(4)}, r"`eigenvalues` must be finite and above 0, got 0"),
        ({"feature_error": 2.0}, r"`feature_error` must lie between 0 and sqrt\(2\), got 2"),
        ({"feature_error": jnp.array(5.0)}, r"`feature_error` must lie between 0 and sqrt\(2\), got 5"),
        ({"feature_error": float("nan")}, r"`feature_error` must lie between .*, got nan"),
        ({"truth_norm": -1.0}, r"`truth_norm` must be finite and at least 0, got -1"),
        ({"head_scale": -0.5}, r"`head_scale` must be finite and at least 0, got -0\.5"),
    ],
)  # fmt: skip
def test_sample_problem_names_the_argument(change, message):
    with pytest.raises(ValueError, match=message):
        sampled(**change)


@pytest.fixture
def unchecked_types():
    """As users call it: outside of the tests no type is checked."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.usefixtures("unchecked_types")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sampled(feature_error=jnp.full(3, 0.1)), r"`feature_error` must be one number, got .* shape \(3,\)"),
        (lambda: sampled(feature_error="0.1"), "`feature_error` must be a number, got '0.1'"),
        (lambda: sampled(truth_norm=jnp.ones(2)), "`truth_norm` must be one number"),
        (lambda: sampled(head_scale=jnp.ones(3)), "`head_scale` must be one number"),
        (lambda: sample_truth(FRAME.T, jnp.ones(2), 1.0, key=KEY), "`feature_error` must be one number"),
        (lambda: equal_angles(SIZES, jnp.ones(3)), "`angle` must be one number"),
        (lambda: sample_angles_up_to(jnp.ones(2), 2, key=KEY), "`largest` must be one number"),
        (lambda: spread_eigenvalues(3, jnp.ones(3)), "`condition` must be one number"),
        (lambda: expected_ood_risk(one_direction(), jnp.ones(3)), "`head_scale` must be one number"),
        (lambda: integrated_times(jnp.ones(2)), "`smallest_eigenvalue` must be one number"),
    ],
)
def test_an_array_in_the_place_of_a_number_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.usefixtures("unchecked_types")
def test_lists_of_numbers_are_arrays():
    problem = sampled(angles=[0.8] * 3, eigenvalues=[1] * 4)
    assert jax.tree.all(jax.tree.map(lambda one, other: bool((one == other).all()), problem, sampled()))
    assert problem.with_head([1, 2, 3]).pretrained.head.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.usefixtures("unchecked_types")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sample_problem(SIZES, jnp.full(3, 0.8), jnp.ones(4), feature_error=0.1, key=0), "of sample_problem"),
        (lambda: sample_frame(5, 2, key=0), "of sample_frame"),
        (lambda: sample_truth(FRAME.T, 0.1, 1.0, key=0), "of sample_truth"),
        (lambda: sample_angles_up_to(0.1, 2, key=0), "of sample_angles_up_to"),
        (lambda: sample_generic_angles(SIZES, key=0), "of sample_frame"),
        (lambda: sample_eigenvalues(2, 5, key=0), "of sample_eigenvalues"),
        (lambda: LinearNetwork(head=[1.0], features=jnp.ones((1, 3))), r"`head` must be an array, got \[1.0\]"),
        (lambda: inputs_of(jnp.ones((3, 8))), r"`inputs` must have shape \(n, 9\), one example a row, got \(3, 8\)"),
        (lambda: inputs_of(jnp.ones(9)), r"`inputs` must have shape \(n, 9\)"),
        (lambda: inputs_of(jnp.ones((0, 9))), r"`inputs` must have shape \(n, 9\)"),
        (lambda: inputs_of(jnp.zeros((3, 9))), "`inputs` must be finite and not all zero"),
        (lambda: inputs_of(jnp.full((3, 9), jnp.nan)), "`inputs` must be finite and not all zero"),
    ],
)
def test_what_is_no_key_no_array_or_no_inputs_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def inputs_of(inputs):
    problem = sampled()
    return Problem.from_inputs(problem.truth, problem.pretrained, inputs)


FRAME = jnp.eye(5)[:, :2]
LOPSIDED = jnp.ones((5, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: equal_angles(SIZES, 3.0), "`angle` must lie between 0 and pi/2, got 3"),
        (lambda: sample_angles_up_to(-0.1, 2, key=KEY), "`largest` must lie between 0 and pi/2, got -0.1"),
        (lambda: sample_angles_up_to(0.1, 0, key=KEY), "`count` must be at least 1, got 0"),
        (lambda: spread_eigenvalues(3, 0.5), "`condition` must be finite and at least 1, got 0.5"),
        (lambda: spread_eigenvalues(0, 2.0), "`id_dim` must be at least 1, got 0"),
        (lambda: sample_eigenvalues(0, 5, key=KEY), "`id_dim` must be at least 1, got 0"),
        (lambda: sample_frame(3, 4, key=KEY), "`dim` must lie between 1 and `input_dim`, got 4 of 3"),
        (lambda: sample_truth(FRAME.T, 1.5, 1.0, key=KEY), "`feature_error` must lie between 0"),
        (lambda: principal_angles(LOPSIDED, FRAME), "`left` must have orthonormal columns"),
        (lambda: off_subspace_cosine(LOPSIDED.T, FRAME), "`features` must have orthonormal rows"),
        (lambda: sampled().with_head(jnp.ones(4)), r"`head` must have shape \(3,\) \(k=3\), got \(4,\)"),
        (lambda: sampled().with_head(jnp.full(3, jnp.nan)), "`head` must be finite"),
        (lambda: ood_risk(LinearNetwork(jnp.ones(3), jnp.ones((3, 4))), sampled()), r"inputs \(d=9\)"),
        (lambda: expected_ood_risk(one_direction(), jnp.array(0.0)), "`head_scale` must be finite and above 0, got 0"),
    ],
)  # fmt: skip
def test_public_functions_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()


NETWORK = LinearNetwork(head=jnp.ones(2), features=jnp.ones((2, 3)))


def trained(network=NETWORK, inputs=None, labels=None, **changes):
    given = {"learning_rate": 0.01, "steps": 2} | changes
    inputs = jnp.ones((4, 3)) if inputs is None else inputs
    return gradient_descent(network, inputs, jnp.ones(4) if labels is None else labels, **given)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trained(inputs=jnp.ones((4, 5))), r"`inputs` must have shape \(4, 3\) .*d=3\), got \(4, 5\)"),
        (lambda: trained(labels=jnp.ones((4, 2))), r"`labels` must have shape \(4,\) .*, got \(4, 2\)"),
        (lambda: trained(inputs=jnp.ones((0, 3)), labels=jnp.ones(0)), "`inputs` must hold at least one example"),
        (lambda: trained(inputs=jnp.full((4, 3), jnp.nan)), "`inputs` must be finite, got nan"),
        (lambda: trained(labels=jnp.full(4, jnp.inf)), "`labels` must be finite, got inf"),
        (lambda: trained(LinearNetwork(jnp.full(2, jnp.nan), jnp.ones((2, 3)))), "`head` must be finite"),
        (lambda: trained(learning_rate=0.0), "`learning_rate` must be positive"),
        (lambda: trained(learning_rate=float("inf")), "`learning_rate` must be positive"),
        (lambda: trained(head_ratio=-1.0), "`head_ratio` at least 0"),
        (lambda: trained(steps=0), "`save_every` must divide `steps`"),
        (lambda: trained(steps=3, save_every=2), "`save_every` must divide `steps`"),
        (lambda: trained(batch_size=5), "`batch_size` must lie between 1 and the 4 examples, got 5"),
        (lambda: trained(batch_size=2), "must have a `key`"),
        (lambda: trained(label_noise=0.1), "must have a `key`"),
        (lambda: trained(anchor=float("nan")), "`anchor` and `label_noise` must be finite"),
        (lambda: trained(weight_decay=-1.0), "`weight_decay` must be at least 0"),
        (lambda: trained(weight_decay=50.0), "take less than everything off"),
        (lambda: trained(weight_decay=float("nan")), "`weight_decay` must be at least 0"),
        (lambda: compared_exactly(sampled()), "must have one ID direction or one feature, got m=4 and k=3"),
        (lambda: compared_exactly(one_feature(jnp.array([1.0, 2.0]))), "must have an isotropic training covariance"),
        (lambda: integrated_times(0.0), "`smallest_eigenvalue` must be finite and above 0, got 0"),
        (lambda: integrated_times(float("nan")), "`smallest_eigenvalue` must be finite and above 0, got nan"),
    ],
)  # fmt: skip
def test_descent_and_comparison_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def one_feature(eigenvalues):
    sizes = Dimensions(input_dim=5, feature_dim=1, id_dim=2)
    return sample_problem(sizes, equal_angles(sizes, 0.5), eigenvalues, feature_error=0.1, key=KEY)


def one_direction():
    sizes = Dimensions(input_dim=5, feature_dim=2, id_dim=1)
    return sample_problem(sizes, equal_angles(sizes, 0.5), jnp.ones(1), feature_error=0.1, key=KEY)


def test_traced_values_pass_and_shapes_are_still_checked():
    traced = jax.jit(lambda error: sampled(feature_error=error).truth.head)
    assert traced(0.1).shape == (3,)
    with pytest.raises(ValueError, match="`angles` must have shape"):
        jax.jit(lambda angles: sampled(angles=angles).truth.head)(jnp.ones(2))


SINGLE = """
import jax, jax.numpy as jnp
from simulations.sampling import Dimensions, equal_angles, sample_problem
sizes = Dimensions(input_dim=9, feature_dim=3, id_dim=4)
try:
    sample_problem(sizes, equal_angles(sizes, 0.8), jnp.ones(4), feature_error=0.1, key=jax.random.key(0))
except ValueError as error:
    print(error)
"""


def test_single_precision_is_called_by_its_name(monkeypatch):
    monkeypatch.setenv("JAX_ENABLE_X64", "0")
    said = subprocess.run([sys.executable, "-c", SINGLE], capture_output=True, text=True, check=True).stdout
    assert said.startswith("sample_problem must be called in double precision, but JAX computes in single; call")
