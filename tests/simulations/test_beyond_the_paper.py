"""Group 9: what is simulated beyond the paper's setting is right where something is known about it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulations.catalogue import EXPERIMENTS
from simulations.experiments import finite_sample, finite_steps, l2_sp, relu_network, several_outputs
from simulations.experiments.descents import few_inputs, probed_head
from simulations.experiments.families import CONDITION, ONE_UNIT, OVERPARAMETERISED, ExactFamily
from simulations.gradient_descent import gradient_descent
from simulations.methods import fine_tuning, linear_probing
from simulations.networks import ReluNetwork, SeveralOutputs, relu_risk
from simulations.sampling import Dimensions, unoptimised
from tests.support.simulated_problems import SEVERAL_DIRECTIONS, drawn
from theory import risks
from theory.networks import LinearNetwork
from theory.problem import Problem

TIME = 2.0
#: Descent is a first-order method: the error of a step of 1e-3 over this time, with room.
DESCENT_ATOL = 5e-3
#: A million samples have a standard error of about a thousandth of the variance.
SAMPLING_RTOL = 0.01


def ends(problem, **options):
    inputs = few_inputs(problem)
    labels = inputs @ problem.truth.weights
    run = gradient_descent(problem.pretrained, inputs, labels, save_every=2000, steps=2000, **options)
    return jax.tree.map(lambda leaf: leaf[-1], run.networks)


def test_a_faster_head_is_plain_fine_tuning_of_a_rescaled_problem():
    """As in `head_learning_rate`: truth and head over sqrt(rho), time and risk times rho."""
    problem, ratio = drawn(SEVERAL_DIRECTIONS, 7), 9.0
    end = ends(problem, learning_rate=TIME / 2000 / ratio, head_ratio=ratio)
    root = np.sqrt(ratio)
    rescaled = Problem(
        truth=LinearNetwork(problem.truth.head / root, problem.truth.features),
        pretrained=LinearNetwork(problem.pretrained.head / root, problem.pretrained.features),
        id_frame=problem.id_frame,
        training_covariance=problem.training_covariance,
    )
    flow = fine_tuning(rescaled, np.array([TIME]))
    np.testing.assert_allclose(end.head, root * flow.heads[-1], atol=DESCENT_ATOL)
    np.testing.assert_allclose(risks.ood_risk(end, problem), ratio * flow.ood_risk[-1], atol=DESCENT_ATOL)


def test_a_strong_anchor_leaves_linear_probing():
    problem = drawn(SEVERAL_DIRECTIONS, 8)
    end = ends(problem, learning_rate=TIME / 2000, anchor=400.0)
    probed = linear_probing(problem, np.array([TIME])).heads[-1]
    np.testing.assert_allclose(end.head, probed, atol=2e-2)
    assert jnp.linalg.norm(end.features - problem.pretrained.features) < 1e-2


def test_several_outputs_with_one_output_are_the_paper_s_network():
    problem = drawn(SEVERAL_DIRECTIONS, 9)
    inputs = few_inputs(problem)
    labels = inputs @ problem.truth.weights
    settings = {"learning_rate": 1e-3, "steps": 2000, "save_every": 2000}
    one = ends(problem, learning_rate=1e-3)
    network = SeveralOutputs(problem.pretrained.head[:, None], problem.pretrained.features)
    many = gradient_descent(network, inputs, labels[:, None], **settings).networks
    np.testing.assert_allclose(many.head[-1][:, 0], one.head, atol=1e-12)
    np.testing.assert_allclose(many.features[-1], one.features, atol=1e-12)


def test_conservation_holds_for_several_outputs_up_to_the_step():
    """V V^T - B B^T is constant under the flow; under descent it drifts with the step."""
    problem = drawn(SEVERAL_DIRECTIONS, 10)
    inputs, head = few_inputs(problem), jax.random.normal(jax.random.key(0), (2, 3))
    labels = inputs @ jax.random.normal(jax.random.key(1), (10, 3))

    def drift(steps):
        network = SeveralOutputs(head, problem.pretrained.features)
        run = gradient_descent(network, inputs, labels, learning_rate=1 / steps, steps=steps, save_every=steps)
        forms = [v @ v.T - b @ b.T for v, b in zip(run.networks.head, run.networks.features, strict=True)]
        return float(jnp.linalg.norm(forms[1] - forms[0]))

    assert drift(1000) < 0.02
    assert 1.8 < drift(1000) / drift(2000) < 2.2


@pytest.mark.parametrize("width", [None, 3], ids=("all directions", "three directions"))
def test_relu_risk_is_the_mean_over_gaussian_inputs(width):
    keys = jax.random.split(jax.random.key(3), 5)
    student, teacher = (
        ReluNetwork(jax.random.normal(keys[2 * i], (4,)), jax.random.normal(keys[2 * i + 1], (4, 6))) for i in (0, 1)
    )
    root = None if width is None else jnp.eye(6)[:width]
    inputs = jax.random.normal(keys[4], (1_000_000, 6))
    if width:
        inputs = inputs.at[:, width:].set(0.0)
    sampled = jnp.mean((student.hidden(inputs) @ student.head - teacher.hidden(inputs) @ teacher.head) ** 2)
    np.testing.assert_allclose(relu_risk(student, teacher, root), sampled, rtol=SAMPLING_RTOL)


def test_relu_risk_of_the_truth_is_zero():
    network = ReluNetwork(jnp.array([1.0, -2.0]), jnp.eye(2, 5))
    assert abs(relu_risk(network, network)) < 1e-14


def test_probing_of_several_least_squares_heads_takes_the_closest():
    """Where X B0^T is singular linear probing ends at the least-squares head that is closest to its start."""
    seen, start = jnp.array([[1.0, 1.0, 0.0]]), jnp.array([0.0, 0.0, 5.0])
    np.testing.assert_allclose(probed_head(seen, jnp.ones(1), start), [0.5, 0.5, 5.0], atol=1e-14)


def test_relu_units_do_not_move_off_the_id_subspace():
    point = relu_network.ReluPoint(jnp.asarray(0.1), jnp.asarray(0.8))
    family = relu_network.Trained(relu_network.ReluSweep.model_fields["dimensions"].default, 64, 6000, 0.05)
    tuned = jax.jit(family)(point, jax.random.key(0)).fine_tuning
    assert tuned.off_movement < 1e-12 < tuned.movement


def test_the_bound_for_several_outputs_holds_along_descent():
    point = several_outputs.SeveralOutputsPoint(jnp.full(8, 0.01), jnp.full(8, 0.8))
    family = several_outputs.SeveralOutputsFamily(Dimensions(input_dim=16, feature_dim=4, id_dim=8), 3, 4.0, 5000)
    errors = jax.jit(jax.vmap(family))(point, jax.random.split(jax.random.key(1), 8))
    assert np.all(errors.lower_bound < errors.methods.fine_tuning.lowest)
    assert np.all(errors.methods.lp_ft.highest < errors.methods.fine_tuning.lowest)


def test_full_batch_steps_tend_to_the_flow_at_first_order():
    point = finite_steps.FiniteStepsPoint(
        jnp.array([0.1, 0.05, 0.025]), jnp.zeros(3), jnp.full(3, 0.05), jnp.full(3, 0.8)
    )
    keys = jnp.broadcast_to(jax.random.key(2), (3,))
    full_batch = finite_steps.Descended(ExactFamily(ONE_UNIT), examples=8, batch_size=None, training_steps=3000)
    distance = np.asarray(jax.jit(jax.vmap(full_batch))(point, keys).distance)
    np.testing.assert_allclose(distance[:-1] / distance[1:], 2, atol=0.2)


def test_more_examples_of_noisy_labels_are_better():
    values = (jnp.array([8.0, 64.0]), *(jnp.full(2, value) for value in (0.3, 10.0, 0.05, 0.8)))
    family = finite_sample.Sampled(Dimensions(input_dim=20, feature_dim=3, id_dim=8), 64, 3000)
    many = jax.vmap(lambda point, key: family(point, key), in_axes=(0, None))
    risks = jax.jit(jax.vmap(many, in_axes=(None, 0)))(
        finite_sample.FiniteSamplePoint(*values), jax.random.split(jax.random.key(3), 16)
    )
    assert np.median(risks.fine_tuning.id[:, 1]) < np.median(risks.fine_tuning.id[:, 0]) / 3


def test_a_strong_penalty_gives_the_risks_of_linear_probing():
    point = l2_sp.L2SPPoint(*(jnp.asarray(value) for value in (50.0, 0.05, 0.8)))
    family = l2_sp.Anchored(OVERPARAMETERISED, CONDITION, training_steps=6000)
    risks = unoptimised(family)(point, jax.random.key(4))
    np.testing.assert_allclose(risks.lp_ft.ood, risks.linear_probing.ood, rtol=0.05)


def test_experiments_beyond_the_paper_say_so():
    for experiment in EXPERIMENTS:
        assert experiment.beyond_the_paper == experiment.title.startswith("Beyond the paper")
