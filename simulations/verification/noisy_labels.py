"""Evidence from training that the paper does not treat: noisy labels, logistic loss, SGD, weight decay.

What fine-tuning freezes and conserves does not depend on loss and labels, so the lower bounds hold for the distance to
the truth all the same (docs/theory.md, section "Any loss, any labels, finite steps").
"""

from typing import NamedTuple

import diffrax
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray, Scalar

from simulations.experiments.descents import careful_learning_rate
from simulations.gradient_descent import Rates, trained_with_drift
from simulations.losses import Loss, logistic_loss, squared_loss
from simulations.networks import predictions
from simulations.verification.observed import ObservedEvidence
from theory.bounds.finite_steps import Drift
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.statements import Evidence

#: Examples, those of a minibatch, and the standard deviation of the label noise over that of clean labels.
EXAMPLES, BATCH, NOISE = 12, 4, 0.5
#: Steps of a descent, and how many lie between two networks that are looked at.
STEPS, LOOK_EVERY = 400, 20
#: Step of a descent as a share of 2 / sharpness, between these; minibatches make the loss up to three times as sharp.
SHARES = (0.01, 0.2)
#: Times at which a flow is looked at, its start apart, and the last of them.
MOMENTS, HORIZON = 30, 10.0
RTOL, ACCURACY = 1e-9, 1e-7


class Task(NamedTuple):
    """Training examples of a problem with noise in their labels, and a loss."""

    inputs: Float[Array, "n d"]
    labels: Float[Array, " n"]
    loss: Loss
    learning_rate: Float[Array, ""]
    key: PRNGKeyArray


def task(problem: Problem, key: PRNGKeyArray | None = None) -> Task:
    """Random examples on the ID subspace; squared loss, or logistic loss on the signs of the labels, by chance.

    Args:
      key: of the examples, the noise and the loss; by default it is made of the digits of the problem.
    """
    if key is None:
        digits = jnp.abs(problem.pretrained.head[0] * 1e6).astype(jnp.uint32)
        key = jax.random.fold_in(jax.random.key(0), digits)
    keys = jax.random.split(key, 4)
    coordinates = jax.random.normal(keys[0], (EXAMPLES, problem.id_dim)) / jnp.sqrt(EXAMPLES)
    inputs = coordinates @ problem.id_frame.T
    clean = inputs @ problem.truth.weights
    labels = clean + NOISE * jnp.sqrt(jnp.mean(clean**2)) * jax.random.normal(keys[1], (EXAMPLES,))
    logistic, share = jax.random.uniform(keys[2], (2,))

    def loss(outputs: Float[Array, " b"], values: Float[Array, " b"]) -> Float[Array, ""]:
        classes = logistic_loss(outputs, jnp.where(values > 0, 1.0, 0.0))
        return jnp.where(logistic < 0.5, classes, squared_loss(outputs, values))

    largest = jnp.linalg.norm(inputs, ord=2) ** 2
    whole = careful_learning_rate(largest, problem.pretrained.head, problem.truth.head, share=1.0)
    return Task(inputs, labels, loss, whole * SHARES[0] * (SHARES[1] / SHARES[0]) ** share, keys[3])


def descent_on_noisy_labels(problem: Problem, key: PRNGKeyArray | None = None) -> ObservedEvidence:
    """SGD with steps of any size that does not diverge; `key` as in `task`."""
    given = task(problem, key)
    networks, drift = trained_with_drift(
        problem.pretrained,
        given.inputs,
        given.labels,
        Rates(learning_rate=given.learning_rate),
        steps=STEPS,
        save_every=LOOK_EVERY,
        batch_size=BATCH,
        loss=given.loss,
        key=given.key,
    )
    return _observed(problem, networks, drift, jnp.all(jnp.isfinite(networks.features)))


def small_steps_on_noisy_labels(problem: Problem, *, weight_decay: float, key: PRNGKeyArray | None) -> Evidence:
    """The path of `flow_on_noisy_labels` or its beginning, to a few digits, by descent: cheap to differentiate."""
    given = task(problem, key)
    networks, drift = trained_with_drift(
        problem.pretrained,
        given.inputs,
        given.labels,
        Rates(learning_rate=jnp.minimum(HORIZON / STEPS, given.learning_rate), weight_decay=weight_decay),
        steps=STEPS,
        save_every=LOOK_EVERY,
        loss=given.loss,
        key=given.key,
    )
    return _observed(problem, networks, drift, jnp.asarray(True)).evidence


def flow_on_noisy_labels(
    problem: Problem, key: PRNGKeyArray | None = None, *, weight_decay: Scalar | float
) -> ObservedEvidence:
    """Gradient flow of all parameters, with the penalty `weight_decay (|v|^2 + ||B||_F^2)`; `key` as in `task`."""
    given = task(problem, key)

    def objective(network: LinearNetwork) -> Float[Array, ""]:
        size = jnp.sum(network.head**2) + jnp.sum(network.features**2)
        return given.loss(predictions(network, given.inputs), given.labels) + weight_decay * size

    times = jnp.concatenate([jnp.zeros(1), jnp.logspace(-2, jnp.log10(HORIZON), MOMENTS)])
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda _, network, __: jax.tree.map(jnp.negative, jax.grad(objective)(network))),
        diffrax.Dopri8(),
        t0=0.0,
        t1=HORIZON,
        dt0=None,
        y0=problem.pretrained,
        saveat=diffrax.SaveAt(ts=times),
        stepsize_controller=diffrax.PIDController(rtol=RTOL, atol=1e-2 * RTOL),
        max_steps=20_000,
        throw=False,
    )
    assert solution.ys is not None  # times were asked for
    k = problem.feature_dim
    nothing = jnp.zeros((times.size, k, k))
    drift = Drift(nothing, nothing, jnp.exp(-4 * weight_decay * times), jnp.zeros(times.size))
    return _observed(problem, solution.ys, drift, solution.result == diffrax.RESULTS.successful)


def _observed(problem: Problem, networks: LinearNetwork, drift: Drift, solved: Bool[Array, ""]) -> ObservedEvidence:
    """The one path in the place of all: statements of these settings look at fine-tuning alone."""
    evidence = Evidence(
        problem=problem,
        fine_tuning=networks,
        linear_probing=networks,
        lp_ft=networks,
        drift=drift,
        accuracy=ACCURACY,
    )
    return ObservedEvidence(evidence=evidence, solved=solved)
