"""Discrete time: full-batch gradient descent and SGD on the raw parameters, on the clock of the flow.

Time is learning rate x steps. The gradient is that of the summed loss `||X B^T v - Y||^2`; a minibatch of b out of n
examples counts n / b times, so that both have the same mean and one clock. As the learning rate shrinks descent tends
to the gradient flow at first order; SGD does so in the mean, and about it spreads with the root of the learning rate.
Beyond the paper, which treats the flow only: finite steps, label noise, a faster head, a penalty on moving features.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray, Scalar

from artifacts import UserError
from simulations.gradient_flow import FailedSolve
from simulations.networks import Network, predictions


class Rates(eqx.Module):
    """The numbers of a training run, which may be traced: sweeps over them share one compilation.

    Attributes:
      learning_rate: of the features, and the unit of time.
      head_ratio: learning rate of the head over that of the features.
      anchor: weight lambda of the penalty `lambda ||B - B0||_F^2` on moved features (L2-SP; Li, Grandvalet and
        Davoine, 2018), added to the summed loss.
      label_noise: standard deviation of the noise that every label gets anew in every step. Noise that stays is part
        of the labels.
    """

    learning_rate: Scalar | float
    head_ratio: Scalar | float = 1.0
    anchor: Scalar | float = 0.0
    label_noise: Scalar | float = 0.0


class Descent(eqx.Module):
    """Networks after every step that was asked for, as arrays with a leading time axis."""

    times: Float[Array, " t"]
    networks: Network


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
    save_every: int = 1,
    batch_size: int | None = None,
    freeze_features: bool = False,
    key: PRNGKeyArray | None = None,
) -> Descent:
    """Train from a network; observed at the start and after every `save_every` steps.

    Args:
      labels: with whatever noise they carry for good.
      head_ratio, anchor, label_noise: as in `Rates`.
      batch_size: examples drawn anew, without repeats, in each step; None takes all of them.
      freeze_features: linear probing in place of fine-tuning.
      key: of minibatches and label noise; needed with them only.
    Raises:
      UserError: `save_every` does not divide `steps`, rates that are no positive numbers, a batch that is no part of
        the examples, or chance without a key.
      FailedSolve: the steps diverged; the message names the learning rate.
    """
    n = inputs.shape[0]
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
    if (batch_size is not None or label_noise > 0) and key is None:
        raise UserError("Minibatches and label noise must have a `key`, got none.")
    rates = Rates(*(jnp.asarray(value) for value in (learning_rate, head_ratio, anchor, label_noise)))
    networks = _compiled(
        network,
        inputs,
        labels,
        rates,
        steps=steps,
        save_every=save_every,
        batch_size=batch_size,
        freeze_features=freeze_features,
        noisy=label_noise > 0,
        key=jax.random.key(0) if key is None else key,
    )
    if not all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(networks)):
        raise FailedSolve(
            f"Gradient descent must stay finite, but diverged at learning_rate={learning_rate:g}; lower it."
        )
    times = learning_rate * np.arange(0, steps + 1, save_every)
    return Descent(times=jnp.asarray(times), networks=networks)


def trained(
    network: Network,
    inputs: Float[Array, "n d"],
    labels: Float[Array, "n *q"],
    rates: Rates,
    *,
    steps: int,
    save_every: int,
    batch_size: int | None = None,
    freeze_features: bool = False,
    noisy: bool = False,
    key: PRNGKeyArray,
) -> Network:
    """The networks of `Descent`, for use under `jit` and `vmap`: nothing is checked, and what diverged is not finite.

    Args:
      noisy: whether `rates.label_noise` is drawn.
    """
    n, optimiser = inputs.shape[0], optax.sgd(rates.learning_rate)

    def loss(now: Network, rows: Float[Array, "b d"], values: Float[Array, "b *q"]) -> Float[Array, ""]:
        fit = n / rows.shape[0] * jnp.sum((predictions(now, rows) - values) ** 2)
        return fit + rates.anchor * jnp.sum((now.features - network.features) ** 2)

    def step(carried, step_key):
        now, state = carried
        batch_key, noise_key = jax.random.split(step_key) if noisy else (step_key, step_key)
        chosen = slice(None)
        if batch_size is not None:
            chosen = jax.random.choice(batch_key, n, (batch_size,), replace=False)
        values = labels[chosen]
        if noisy:
            values = values + rates.label_noise * jax.random.normal(noise_key, values.shape)
        gradient = jax.grad(loss)(now, inputs[chosen], values)
        features = jnp.zeros_like(now.features) if freeze_features else gradient.features
        gradient = eqx.tree_at(
            lambda part: (part.head, part.features), gradient, (rates.head_ratio * gradient.head, features)
        )
        updates, state = optimiser.update(gradient, state)
        return (optax.apply_updates(now, updates), state), None

    def observed(carried, step_keys):
        carried, _ = jax.lax.scan(step, carried, step_keys)
        return carried, carried[0]

    keys = jax.random.split(key, (steps // save_every, save_every))
    parameters: Any = network  # optax names the pytrees it knows, and modules are not among them
    _, networks = jax.lax.scan(observed, (network, optimiser.init(parameters)), keys)
    return jax.tree.map(lambda first, later: jnp.concatenate([first[None], later]), network, networks)


_compiled = eqx.filter_jit(trained)
