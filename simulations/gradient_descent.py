"""Discrete time: full-batch gradient descent and SGD on the raw parameters, on the clock of the flow.

Time is learning rate x steps. The gradient is that of the summed loss `||X B^T v - Y||^2`; a minibatch of b out of n
examples counts n / b times, so that both have the same mean and one clock. As the learning rate shrinks descent tends
to the gradient flow at first order; SGD does so in the mean, and about it spreads with the root of the learning rate.
Beyond the paper, which treats the flow of squared errors only: finite steps, other losses, label noise, weight decay, a
faster head, a penalty on moving features. Along every run the drift of the conserved form is summed.
"""

import math
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray, Scalar

from artifacts import UserError
from simulations.gradient_flow import FailedSolve
from simulations.losses import Loss, squared_loss
from simulations.networks import Network, predictions
from theory.arguments import check_range, check_shape
from theory.bounds.finite_steps import Drift

N = TypeVar("N", bound=Network)


class Rates(eqx.Module):
    """The numbers of a training run, which may be traced: sweeps over them share one compilation.

    Attributes:
      learning_rate: of the features, and the unit of time.
      head_ratio: learning rate of the head over that of the features.
      anchor: weight lambda of the penalty `lambda ||B - B0||_F^2` on moved features (L2-SP; Li, Grandvalet and
        Davoine, 2018), added to the summed loss.
      label_noise: standard deviation of the noise that every label gets anew in every step. Noise that stays is part
        of the labels.
      weight_decay: weight lambda of the penalty `lambda (|head|^2 + ||B||_F^2)`: each step takes a share of
        2 learning_rate lambda off all parameters.
    """

    learning_rate: Scalar | float
    head_ratio: Scalar | float = 1.0
    anchor: Scalar | float = 0.0
    label_noise: Scalar | float = 0.0
    weight_decay: Scalar | float = 0.0


class Descent(eqx.Module):
    """Networks after every step that was asked for, as arrays with a leading time axis.

    `drift` is what the steps up to each of them did to v v^T - B B^T. The bounds of `theory.bounds.finite_steps` take
    it, for linear networks whose head and features share one learning rate, without an anchor.
    """

    times: Float[Array, " t"]
    networks: Network
    drift: Drift


def gradient_descent(
    network: Network,
    inputs: Float[Array, "n d"],
    labels: Float[Array, "n *q"],
    *,
    learning_rate: float,
    steps: int,
    head_ratio: float = 1.0,
    anchor: float = 0.0,
    label_noise: float = 0.0,
    weight_decay: float = 0.0,
    loss: Loss = squared_loss,
    save_every: int = 1,
    batch_size: int | None = None,
    freeze_features: bool = False,
    key: PRNGKeyArray | None = None,
) -> Descent:
    """Train from a network; observed at the start and after every `save_every` steps.

    Args:
      labels: with whatever noise they carry for good.
      head_ratio, anchor, label_noise, weight_decay: as in `Rates`.
      loss: of a batch, summed over its examples.
      batch_size: examples drawn anew, without repeats, in each step; None takes all of them.
      freeze_features: linear probing in place of fine-tuning.
      key: of minibatches and label noise; needed with them only.
    Raises:
      ValueError: shapes that do not fit the network, or values that are not finite.
      UserError: no examples, `save_every` does not divide `steps`, rates that are no positive numbers, a batch that is
        no part of the examples, or chance without a key.
      FailedSolve: the steps diverged; the message names the learning rate.
    """
    n = inputs.shape[0]
    head, features = network.head, network.features
    d = features.shape[1]
    check_shape("features", features, (head.shape[0], d), "a row for each entry of the head")
    check_shape("inputs", inputs, (n, d), f"of the network's inputs, d={d}")
    check_shape("labels", labels, (n, *head.shape[1:]), f"one for each of the {n} inputs")
    if n < 1:
        raise UserError("`inputs` must hold at least one example, got none.")
    for name, values in (("head", head), ("features", features), ("inputs", inputs), ("labels", labels)):
        check_range(name, values, -math.inf)
    if steps < 1 or save_every < 1 or steps % save_every:
        raise UserError(f"`save_every` must divide `steps`, got steps={steps}, save_every={save_every}.")
    if batch_size is not None and not 1 <= batch_size <= n:
        raise UserError(f"`batch_size` must lie between 1 and the {n} examples, got {batch_size}.")
    if not (np.isfinite([learning_rate, head_ratio]).all() and learning_rate > 0 and head_ratio >= 0):
        raise UserError(
            "`learning_rate` must be positive and `head_ratio` at least 0, both finite, "
            f"got {learning_rate:g} and {head_ratio:g}."
        )
    if not (np.isfinite([anchor, label_noise]).all() and anchor >= 0 and label_noise >= 0):
        raise UserError(
            f"`anchor` and `label_noise` must be finite and at least 0, got {anchor:g} and {label_noise:g}."
        )
    if not 0 <= 2 * learning_rate * weight_decay < 1:
        raise UserError(
            "`weight_decay` must be at least 0 and take less than everything off in a step "
            f"(2 learning_rate weight_decay < 1), got {weight_decay:g} with learning_rate={learning_rate:g}."
        )
    if (batch_size is not None or label_noise > 0) and key is None:
        raise UserError("Minibatches and label noise must have a `key`, got none.")
    rates = Rates(*(jnp.asarray(value) for value in (learning_rate, head_ratio, anchor, label_noise, weight_decay)))
    networks, drift = _compiled(
        network,
        inputs,
        labels,
        rates,
        steps=steps,
        save_every=save_every,
        batch_size=batch_size,
        freeze_features=freeze_features,
        noisy=label_noise > 0,
        loss=loss,
        key=jax.random.key(0) if key is None else key,
    )
    if not all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(networks)):
        raise FailedSolve(
            f"Gradient descent must stay finite, but diverged at learning_rate={learning_rate:g}; lower it."
        )
    times = learning_rate * np.arange(0, steps + 1, save_every)
    return Descent(times=jnp.asarray(times), networks=networks, drift=drift)


def trained(
    network: N,
    inputs: Float[Array, "n d"],
    labels: Float[Array, "n *q"],
    rates: Rates,
    *,
    steps: int,
    save_every: int,
    batch_size: int | None = None,
    freeze_features: bool = False,
    noisy: bool = False,
    loss: Loss = squared_loss,
    optimiser: optax.GradientTransformation | None = None,
    key: PRNGKeyArray,
) -> N:
    """The networks of `Descent`, for use under `jit` and `vmap`: nothing is checked, and what diverged is not finite.

    Args:
      noisy: whether `rates.label_noise` is drawn.
      optimiser: what makes a step of a gradient, its learning rate included; plain steps by default.
    """
    networks, _ = trained_with_drift(
        network,
        inputs,
        labels,
        rates,
        steps=steps,
        save_every=save_every,
        batch_size=batch_size,
        freeze_features=freeze_features,
        noisy=noisy,
        loss=loss,
        optimiser=optimiser,
        key=key,
    )
    return networks


def trained_with_drift(
    network: N,
    inputs: Float[Array, "n d"],
    labels: Float[Array, "n *q"],
    rates: Rates,
    *,
    steps: int,
    save_every: int,
    batch_size: int | None = None,
    freeze_features: bool = False,
    noisy: bool = False,
    loss: Loss = squared_loss,
    optimiser: optax.GradientTransformation | None = None,
    key: PRNGKeyArray,
) -> tuple[N, Drift]:
    """`trained`, and the drift up to each network; it means nothing for an `optimiser` of another kind.

    Args:
      steps: of gradient descent in all, a multiple of `save_every`.
      batch_size, freeze_features, loss: as in `gradient_descent`.
      noisy, optimiser: as in `trained`.
      key: of minibatches and label noise.
    """
    n, optimiser = inputs.shape[0], optax.sgd(rates.learning_rate) if optimiser is None else optimiser

    def objective(now: Network, rows: Float[Array, "b d"], values: Float[Array, "b *q"]) -> Float[Array, ""]:
        fit = n / rows.shape[0] * loss(predictions(now, rows), values)
        return fit + rates.anchor * jnp.sum((now.features - network.features) ** 2)

    def step(carried, step_key):
        now, state, drift = carried
        batch_key, noise_key = jax.random.split(step_key) if noisy else (step_key, step_key)
        chosen = slice(None)
        if batch_size is not None:
            chosen = jax.random.choice(batch_key, n, (batch_size,), replace=False)
        values = labels[chosen]
        if noisy:
            values = values + rates.label_noise * jax.random.normal(noise_key, values.shape)
        gradient = jax.grad(objective)(now, inputs[chosen], values)
        features = jnp.zeros_like(now.features) if freeze_features else gradient.features
        gradient = eqx.tree_at(
            lambda part: (part.head, part.features), gradient, (rates.head_ratio * gradient.head, features)
        )
        drift = _drifted(drift, gradient, rates)
        decayed = jax.tree.map(lambda part, weights: part + 2 * rates.weight_decay * weights, gradient, now)
        if freeze_features:
            decayed = eqx.tree_at(lambda part: part.features, decayed, gradient.features)
        updates, state = optimiser.update(decayed, state)
        return (optax.apply_updates(now, updates), state, drift), None

    def observed(carried, step_keys):
        carried, _ = jax.lax.scan(step, carried, step_keys)
        return carried, (carried[0], carried[2])

    keys = jax.random.split(key, (steps // save_every, save_every))
    k = network.features.shape[0]
    still = Drift(jnp.zeros((k, k)), jnp.zeros((k, k)), jnp.ones(()), jnp.zeros(()))
    parameters: Any = network  # optax names the pytrees it knows, and modules are not among them
    _, later = jax.lax.scan(observed, (network, optimiser.init(parameters), still), keys)
    return jax.tree.map(lambda first, rest: jnp.concatenate([first[None], rest]), (network, still), later)


def _drifted(drift: Drift, gradient: Network, rates: Rates) -> Drift:
    """The drift after one more step along this gradient of the loss."""
    shrinkage = drift.shrinkage * (1 - 2 * rates.learning_rate * rates.weight_decay) ** 2
    head = gradient.head.reshape(gradient.head.shape[0], -1)
    scale = rates.learning_rate**2 / shrinkage
    return Drift(
        lost=drift.lost + scale * gradient.features @ gradient.features.T,
        gained=drift.gained + scale * head @ head.T,
        shrinkage=shrinkage,
        longest_head_step=jnp.maximum(
            drift.longest_head_step, rates.learning_rate * jnp.linalg.norm(head) / jnp.sqrt(shrinkage)
        ),
    )


_compiled = eqx.filter_jit(trained_with_drift)
