"""The threshold T(d, n, k): how good features must be for a certificate that linear probing beats fine-tuning.

Gaussian inputs, uniformly random features and a random head, as in the submission's Theorem 3.2; sampled shares,
condition numbers and heads beside the limits for large d, in which every feature is seen outside S by the same share.
Source: theory.bounds.threshold.
"""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Scalar

from simulations.experiment import Configuration, Experiment, Scale
from simulations.sweeps import ALONE, Watch
from theory.bounds import half_space_lower_bound
from theory.bounds.fine_tuning import smallest_head_error
from theory.bounds.threshold import (
    certified_threshold,
    limiting_condition,
    limiting_cosines,
    perfect_feature_bound,
)
from theory.networks import LinearNetwork
from theory.problem import Problem

#: Probabilities at which the law of T over random heads is evaluated for large d.
LEVELS = np.array([0.05, 0.5, 0.95])
#: Heads that are drawn for it.
HEADS = 2001


class CertifiedThreshold(Configuration):
    """Sizes d at the paper's proportions n / d and k / d, and n / d from low to high at one size."""

    input_dims: tuple[int, ...]
    example_share: float = 0.5
    feature_share: float = 0.01
    swept_input_dim: int
    swept_shares: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    swept_feature_share: float = 0.02
    draws: int
    truth_norm: float = 1.0
    head_scale: float = 1.0
    seed: int = 0


class CertifiedThresholdData(eqx.Module):
    """Sampled c, c_S, kappa and T, arrays (size or share, draw), and T for large d at `LEVELS`."""

    input_dims: Float[np.ndarray, " s"]
    off_cosines: Float[np.ndarray, "s r"]
    on_cosines: Float[np.ndarray, "s r"]
    conditions: Float[np.ndarray, "s r"]
    thresholds: Float[np.ndarray, "s r"]
    limits: Float[np.ndarray, "3"]
    limit: Float[np.ndarray, "s l"]
    shares: Float[np.ndarray, " a"]
    swept_thresholds: Float[np.ndarray, "a r"]
    swept_limit: Float[np.ndarray, "a l"]
    solved_by: str


def simulate(config: CertifiedThreshold, watch: Watch = ALONE) -> CertifiedThresholdData:
    """Both sweeps; every draw has features, inputs and a head of its own."""
    sizes = [(d, config.example_share, config.feature_share) for d in config.input_dims]
    sizes += [(config.swept_input_dim, share, config.swept_feature_share) for share in config.swept_shares]
    rows = []
    for index, size in enumerate(sizes):
        rows.append(_drawn(*_counts(*size), config, np.random.default_rng([config.seed, index])))
        if watch.progress:
            watch.progress((index + 1) * config.draws, len(sizes) * config.draws)
    count = len(config.input_dims)
    off, on, condition, threshold = np.moveaxis(np.stack(rows[:count]), 2, 0)
    limits = (*limiting_cosines(config.example_share, config.feature_share), limiting_condition(config.example_share))
    return CertifiedThresholdData(
        input_dims=np.array(config.input_dims, dtype=float),
        off_cosines=off,
        on_cosines=on,
        conditions=condition,
        thresholds=threshold,
        limits=np.array(limits),
        limit=np.stack([_limit(*size, config) for size in sizes[:count]]),
        shares=np.array(config.swept_shares),
        swept_thresholds=np.stack(rows[count:])[:, :, 3],
        swept_limit=np.stack([_limit(*size, config) for size in sizes[count:]]),
        solved_by="exact: singular values",
    )


def _counts(input_dim: int, example_share: float, feature_share: float) -> tuple[int, int, int]:
    return input_dim, round(example_share * input_dim), max(1, round(feature_share * input_dim))


class _Draw(eqx.Module):
    """Features as the bounds see them: eigenvalues and axes of B0 P_perp B0^T, kappa of the inputs, and a head."""

    unseen: Float[np.ndarray, " k"]
    axes: Float[np.ndarray, "k k"]
    condition: Float[np.ndarray, ""]
    head: Float[np.ndarray, " k"]


def _drawn(d: int, n: int, k: int, config: CertifiedThreshold, random: np.random.Generator) -> Float[np.ndarray, "r 4"]:
    """c, c_S, kappa and T of some draws."""
    draws = [_draw(d, n, k, config.head_scale, random) for _ in range(config.draws)]
    return np.stack(_quantities(jax.tree.map(lambda *leaves: np.stack(leaves), *draws), config.truth_norm), axis=1)


def _draw(d: int, n: int, k: int, head_scale: float, random: np.random.Generator) -> _Draw:
    # Only the position of the features towards the row space of X matters: rotate that to the first n axes.
    rows = np.linalg.qr(random.normal(size=(d, k)))[0].T
    axes, sizes, _ = np.linalg.svd(rows[:, n:], full_matrices=True)
    unseen = np.zeros(k)
    unseen[: sizes.size] = np.minimum(sizes, 1.0) ** 2
    spectrum = np.linalg.svd(random.normal(size=(n, d)), compute_uv=False)
    return _Draw(unseen, axes, np.asarray((spectrum[0] / spectrum[-1]) ** 2), random.normal(scale=head_scale, size=k))


@jax.jit
@partial(jax.vmap, in_axes=(0, None))
def _quantities(draw: _Draw, norm: Scalar) -> tuple[Float[Array, ""], ...]:
    axes, unseen, condition, head = (jnp.asarray(leaf) for leaf in (draw.axes, draw.unseen, draw.condition, draw.head))
    on = jnp.sqrt(1 - jnp.max(unseen))
    lower = perfect_feature_bound(_with_shares(axes, unseen, head, norm))
    threshold = certified_threshold(lower, norm=norm, on_cosine=on, condition=condition)
    return jnp.sqrt(jnp.min(unseen)), on, condition, threshold


def _with_shares(
    axes: Float[Array, "k k"], unseen: Float[Array, " k"], head: Float[Array, " k"], norm: Scalar
) -> Problem:
    """The smallest problem with perfect features of these unseen shares: one ID and one OOD direction for each axis."""
    k = head.size
    features = jnp.concatenate([axes * jnp.sqrt(1 - unseen), axes * jnp.sqrt(unseen)], axis=1)
    return Problem(
        truth=LinearNetwork(norm * jnp.eye(k)[0], features),
        pretrained=LinearNetwork(head, features),
        id_frame=jnp.eye(2 * k)[:, :k],
        training_covariance=jnp.eye(k),
    )


def _limit(d: int, example_share: float, feature_share: float, config: CertifiedThreshold) -> Float[np.ndarray, " l"]:
    """Quantiles of T over random heads, with the limits of everything else."""
    _, _, k = _counts(d, example_share, feature_share)
    heads = np.random.default_rng(config.seed).normal(scale=config.head_scale, size=(HEADS, k))
    off, on = limiting_cosines(example_share, feature_share)
    lower = _limiting_bounds(jnp.asarray(heads), off, jnp.asarray(1 - example_share), jnp.asarray(config.truth_norm))
    condition = limiting_condition(example_share)
    # T is g times a number.
    unit = certified_threshold(jnp.ones(()), norm=config.truth_norm, on_cosine=on, condition=condition)
    return np.quantile(np.asarray(lower * unit), LEVELS)


@jax.jit
@partial(jax.vmap, in_axes=(0, None, None, None))
def _limiting_bounds(head: Float[Array, " k"], off: Scalar, unseen: Scalar, norm: Scalar) -> Float[Array, ""]:
    """g where every feature has the same unseen share; c of the implicit bound is that of the smallest one."""
    overlap = norm * head[0]
    head_error = smallest_head_error(jnp.sqrt(jnp.abs(overlap**2 - norm**4)), norm, overlap**2 >= norm**4)
    problem = _with_shares(jnp.eye(head.size), jnp.full(head.size, unseen), head, norm)
    return jnp.maximum(off * head_error, half_space_lower_bound(problem))


def configuration(scale: Scale) -> CertifiedThreshold:
    """How much at which scale."""
    sizes, swept, draws = {
        "quick": ((100, 200), 100, 16),
        "default": ((100, 200, 400), 200, 40),
        "full": ((100, 200, 400, 800, 1600), 400, 200),
    }[scale]
    return CertifiedThreshold(input_dims=sizes, swept_input_dim=swept, draws=draws)


EXPERIMENT = Experiment(
    "certified_threshold",
    "How good features must be: the threshold T(d, n, k)",
    configuration,
    simulate,
    CertifiedThresholdData,
    compiled_quickly_up_to="default",
    order=35,
)
