"""Networks beyond the paper's: several outputs, and a hidden layer that is not linear. For simulation only."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.networks import LinearNetwork


class SeveralOutputs(eqx.Module):
    """`f(x) = head^T features x` with q outputs: V and B of docs/theory.md, section "Several outputs"."""

    head: Float[Array, "k q"]
    features: Float[Array, "k d"]

    @property
    def weights(self) -> Float[Array, "d q"]:
        """The linear map that the network computes, B^T V."""
        return self.features.T @ self.head


class ReluNetwork(eqx.Module):
    """`f(x) = head . relu(features x)`: two layers, the first followed by max(0, .)."""

    head: Float[Array, " k"]
    features: Float[Array, "k d"]

    def hidden(self, inputs: Float[Array, "n d"]) -> Float[Array, "n k"]:
        """What the head sees."""
        return jax.nn.relu(inputs @ self.features.T)


Network = LinearNetwork | SeveralOutputs | ReluNetwork


def predictions(network: Network, inputs: Float[Array, "n d"]) -> Float[Array, "n *q"]:
    """The outputs for every row of the inputs."""
    if isinstance(network, ReluNetwork):
        return network.hidden(inputs) @ network.head
    return inputs @ network.weights


def relu_risk(network: ReluNetwork, truth: ReluNetwork, root: Float[Array, "s d"] | None = None) -> Float[Array, ""]:
    """Expected squared difference of two networks under Gaussian inputs, exact.

    `E relu(a.x) relu(b.x) = |a| |b| (sin t + (pi - t) cos t) / (2 pi)` for standard normal x, t the angle of a and b.
    Source: Cho and Saul, Kernel methods for deep learning, 2009 (arc-cosine kernel of degree 1).

    Args:
      root: R with R^T R the second moment of the inputs; None is the identity.
    """
    rows = jnp.concatenate([network.features, truth.features])
    seen = rows if root is None else rows @ root.T
    heads = jnp.concatenate([network.head, -truth.head])
    lengths = jnp.linalg.norm(seen, axis=1)
    scale = lengths[:, None] * lengths
    cosine = jnp.clip(seen @ seen.T / jnp.where(scale > 0, scale, 1.0), -1.0, 1.0)
    angle = jnp.arccos(cosine)
    kernel = scale * (jnp.sin(angle) + (jnp.pi - angle) * cosine) / (2 * jnp.pi)
    return heads @ kernel @ heads
