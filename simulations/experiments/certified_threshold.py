"""The threshold T(d, n, k): how good features must be for a certificate that linear probing beats fine-tuning.

Gaussian inputs, uniformly random features and a random head, as in the submission's Theorem 3.2; sampled shares,
condition numbers and heads beside the limits for large d. Source: theory.bounds.threshold.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, Scalar
from scipy.stats import norm as normal

from simulations.experiment import Configuration, Experiment, Scale
from simulations.sweeps import ALONE, Watch
from theory.bounds.threshold import certified_threshold, limiting_condition, limiting_cosines

#: Probabilities at which the law of T over random heads is evaluated for large d.
LEVELS = np.array([0.05, 0.5, 0.95])
#: Points of the quadrature of that law.
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
    limit: Float[np.ndarray, " l"]
    shares: Float[np.ndarray, " a"]
    swept_thresholds: Float[np.ndarray, "a r"]
    swept_limit: Float[np.ndarray, "a l"]
    solved_by: str


def simulate(config: CertifiedThreshold, watch: Watch = ALONE) -> CertifiedThresholdData:
    """Both sweeps; every draw has features, inputs and a head of its own."""
    sizes = [(d, config.example_share, config.feature_share) for d in config.input_dims]
    sizes += [(config.swept_input_dim, share, config.swept_feature_share) for share in config.swept_shares]
    keys = jax.random.split(jax.random.key(config.seed), (len(sizes), config.draws))
    rows = []
    for done, (size, row) in enumerate(zip(sizes, keys, strict=True), start=1):
        rows.append(np.array([_drawn(*_counts(*size), config, key=key) for key in row]))
        if watch.progress:
            watch.progress(done * config.draws, len(sizes) * config.draws)
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
        limit=_limit(config.example_share, config.feature_share, config),
        shares=np.array(config.swept_shares),
        swept_thresholds=np.stack(rows[count:])[:, :, 3],
        swept_limit=np.stack([_limit(share, config.swept_feature_share, config) for share in config.swept_shares]),
        solved_by="exact: singular values",
    )


def _counts(input_dim: int, example_share: float, feature_share: float) -> tuple[int, int, int]:
    return input_dim, round(example_share * input_dim), max(1, round(feature_share * input_dim))


def _drawn(d: int, n: int, k: int, config: CertifiedThreshold, *, key: PRNGKeyArray) -> tuple[float, ...]:
    """c, c_S, kappa and T of one draw."""
    feature_key, input_key, head_key = jax.random.split(key, 3)
    # Only the position of the features towards the row space of X matters: rotate that to the first n axes.
    rows = np.linalg.qr(np.asarray(jax.random.normal(feature_key, (d, k))))[0].T
    off, on = (np.linalg.svd(part, compute_uv=False)[k - 1] for part in (rows[:, n:], rows[:, :n]))
    spectrum = np.linalg.svd(np.asarray(jax.random.normal(input_key, (n, d))), compute_uv=False)
    condition = (spectrum[0] / spectrum[-1]) ** 2
    overlap = config.head_scale * config.truth_norm * jax.random.normal(head_key, (1,))
    return off, on, condition, float(_thresholds(overlap, config.truth_norm, off, on, condition)[0])


@jax.jit
def _thresholds(
    overlaps: Float[Array, " h"], norm: Scalar, off: Scalar, on: Scalar, condition: Scalar
) -> Float[Array, " h"]:
    """T for heads with these v0 . v*."""

    def threshold(overlap: Float[Array, ""]) -> Float[Array, ""]:
        head_error = jnp.sqrt(jnp.abs(overlap**2 - norm**4))
        return certified_threshold(
            head_error, overlap**2 >= norm**4, norm=norm, off_cosine=off, on_cosine=on, condition=condition
        )

    return jax.vmap(threshold)(overlaps)


def _limit(example_share: float, feature_share: float, config: CertifiedThreshold) -> Float[np.ndarray, " l"]:
    """Quantiles of T over random heads, with the limits of everything else."""
    probabilities = (np.arange(HEADS) + 0.5) / HEADS
    overlaps = jnp.asarray(config.head_scale * config.truth_norm * normal.ppf(probabilities))
    off, on = (float(cosine) for cosine in limiting_cosines(example_share, feature_share))
    condition = float(limiting_condition(example_share))
    return np.quantile(np.asarray(_thresholds(overlaps, config.truth_norm, off, on, condition)), LEVELS)


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
    order=35,
)
