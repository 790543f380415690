"""Discrete time: full-batch gradient descent and SGD on the raw parameters, on the clock of the flow.

Time is learning rate x steps. The gradient is that of the summed loss `||X B^T v - Y||^2`; a minibatch of b out of n
examples counts n / b times, so that both have the same mean and one clock. As the learning rate shrinks both tend to
the gradient flow at first order. Beyond the paper, which treats the flow only: label noise and finite steps.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from artifacts import UserError
from simulations.gradient_flow import FailedSolve
from theory.networks import LinearNetwork


class Descent(eqx.Module):
    """Networks after every step that was asked for, as arrays with a leading time axis."""

    times: Float[Array, " t"]
    networks: LinearNetwork


def gradient_descent(
    network: LinearNetwork,
    inputs: Float[Array, "n d"],
    labels: Float[Array, " n"],
    *,
    learning_rate: float,
    steps: int,
    save_every: int = 1,
    batch_size: int | None = None,
    freeze_features: bool = False,
    key: PRNGKeyArray | None = None,
) -> Descent:
    """Train from a network; observed at the start and after every `save_every` steps.

    Args:
      labels: with whatever noise they carry.
      batch_size: examples drawn anew, without repeats, in each step; None takes all of them.
      freeze_features: linear probing in place of fine-tuning.
      key: of the minibatches; needed with them only.
    Raises:
      UserError: `save_every` does not divide `steps`, a batch that is no part of the examples, or one without a key.
      FailedSolve: the steps diverged; the message names the learning rate.
    """
    n = inputs.shape[0]
    if steps < 1 or save_every < 1 or steps % save_every:
        raise UserError(f"`save_every` must divide `steps`, got steps={steps}, save_every={save_every}.")
    if batch_size is not None and not 1 <= batch_size <= n:
        raise UserError(f"`batch_size` must lie between 1 and the {n} examples, got {batch_size}.")
    if batch_size is not None and key is None:
        raise UserError("Minibatches must have a `key`, got none.")
    key = jax.random.key(0) if key is None else key
    networks = _scanned(
        network, inputs, labels, jnp.asarray(learning_rate), key, steps, save_every, batch_size, freeze_features
    )
    if not all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(networks)):
        raise FailedSolve(
            f"Gradient descent must stay finite, but diverged at learning_rate={learning_rate:g}; lower it."
        )
    times = learning_rate * np.arange(0, steps + 1, save_every)
    return Descent(times=jnp.asarray(times), networks=networks)


@eqx.filter_jit
def _scanned(
    network: LinearNetwork,
    inputs: Float[Array, "n d"],
    labels: Float[Array, " n"],
    learning_rate: Float[Array, ""],
    key: PRNGKeyArray,
    steps: int,
    save_every: int,
    batch_size: int | None,
    freeze_features: bool,
) -> LinearNetwork:
    n = inputs.shape[0]
    optimiser = optax.sgd(learning_rate)

    def loss(network: LinearNetwork, rows: Float[Array, "b d"], values: Float[Array, " b"]) -> Float[Array, ""]:
        return n / rows.shape[0] * jnp.sum((rows @ network.weights - values) ** 2)

    def step(carried, step_key):
        network, state = carried
        chosen = slice(None)
        if batch_size is not None:
            chosen = jax.random.choice(step_key, n, (batch_size,), replace=False)
        gradient = jax.grad(loss)(network, inputs[chosen], labels[chosen])
        if freeze_features:
            gradient = eqx.tree_at(lambda part: part.features, gradient, jnp.zeros_like(network.features))
        updates, state = optimiser.update(gradient, state)
        return (optax.apply_updates(network, updates), state), None

    def observed(carried, step_keys):
        carried, _ = jax.lax.scan(step, carried, step_keys)
        return carried, carried[0]

    keys = jax.random.split(key, (steps // save_every, save_every))
    _, networks = jax.lax.scan(observed, (network, optimiser.init(network)), keys)
    return jax.tree.map(lambda first, later: jnp.concatenate([first[None], later]), network, networks)
