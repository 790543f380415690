"""A head on a feature extractor: the real-image counterpart of `theory`'s linear network."""

import math
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Key, PyTree

from empirical.backbones.backbone import Backbone, Role
from empirical.records import NormMode


class Head(eqx.Module):
    """A linear map from features to class scores."""

    weight: Float32[Array, "classes k"]
    bias: Float32[Array, " classes"]

    def __call__(self, features: Float32[Array, "n k"]) -> Float32[Array, "n classes"]:
        """Class scores of each example: logits, not probabilities."""
        return features @ self.weight.T + self.bias


class Scores(NamedTuple):
    """Class scores of a batch, and the classifier with the statistics that the pass left behind."""

    scores: Float32[Array, "n classes"]
    classifier: "Classifier"


class Classifier(eqx.Module):
    """A feature extractor under a head."""

    backbone: Backbone
    head: Head

    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Scores:
        """Class scores of a batch; in train mode the classifier that comes back has updated statistics."""
        features, backbone = self.backbone(images, norm_mode)
        return Scores(self.head(features), Classifier(backbone, self.head))

    def roles(self) -> PyTree[Role]:
        """The role of every array, the head's beside the backbone's, in a tree of the classifier's own structure."""
        last = self.backbone.blocks + 1
        head = jax.tree.map(lambda _: Role("head", last), self.head)
        return eqx.tree_at(lambda c: (c.backbone, c.head), self, (self.backbone.roles(), head))


def random_head(classes: int, feature_dim: int, *, key: Key[Array, ""]) -> Head:
    """A fresh head, weights and biases uniform in +-1/sqrt(k) as the paper's code has them (PyTorch's default)."""
    weight, bias = jax.random.split(key)
    bound = 1 / math.sqrt(feature_dim)
    return Head(
        jax.random.uniform(weight, (classes, feature_dim), jnp.float32, -bound, bound),
        jax.random.uniform(bias, (classes,), jnp.float32, -bound, bound),
    )


def cross_entropy(scores: Float32[Array, "n classes"], labels: Array) -> Float32[Array, ""]:
    """Mean softmax cross-entropy."""
    chosen = jnp.take_along_axis(jax.nn.log_softmax(scores), labels[:, None], axis=1)
    return -jnp.mean(chosen)
