"""How good predictions are: accuracy, likelihood, calibration; over all classes or over those that can occur.

ImageNet-R and -A show 200 of 1,000 classes. The paper restricts the prediction to them and leaves the loss over all;
here either way is one argument, `valid`, for every measure.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, Int

from empirical.records import Metrics

BINS = 15  # as in Guo et al., "On calibration of modern neural networks", ICML 2017

AnyArray = Array | np.ndarray
Valid = Bool[AnyArray, " classes"] | Bool[AnyArray, "n classes"] | None


class Judgement(NamedTuple):
    """What a prediction is worth, example by example.

    `confidence`: probability of the predicted class; `nll`: negative log-likelihood of the true one, in nats.
    """

    correct: Bool[AnyArray, " n"]
    confidence: Float32[AnyArray, " n"]
    nll: Float32[AnyArray, " n"]


def judgement(logits: Float[AnyArray, "n classes"], labels: Int[AnyArray, " n"], valid: Valid = None) -> Judgement:
    """Every prediction judged, in single precision whatever the network computes in.

    Args:
      valid: classes that predictions are restricted to, the same for all examples or example by example; a label that
        is not among them has infinite `nll`.
    """
    logits = jnp.asarray(logits, jnp.float32)
    if valid is not None:
        logits = jnp.where(valid, logits, -jnp.inf)
    log_probabilities = jax.nn.log_softmax(logits)
    nll = -jnp.take_along_axis(log_probabilities, jnp.asarray(labels)[:, None], axis=1)[:, 0]
    # Of the logits: rounding may tie probabilities that the logits tell apart.
    correct = jnp.argmax(logits, axis=1) == labels
    return Judgement(correct, jnp.exp(jnp.max(log_probabilities, axis=1)), nll)


def accuracy(logits: Float[AnyArray, "n classes"], labels: Int[AnyArray, " n"], valid: Valid = None) -> float:
    """Share of examples whose true class scores highest, the first class winning ties.

    Args:
      valid: as for `judgement`.
    """
    return measures(judgement(logits, labels, valid)).accuracy


def negative_log_likelihood(
    logits: Float[AnyArray, "n classes"], labels: Int[AnyArray, " n"], valid: Valid = None
) -> float:
    """Mean cross-entropy, in nats.

    Args:
      valid: as for `judgement`.
    """
    return measures(judgement(logits, labels, valid)).nll


def expected_calibration_error(
    logits: Float[AnyArray, "n classes"], labels: Int[AnyArray, " n"], valid: Valid = None
) -> float:
    """Mean distance between confidence and accuracy over `BINS` bins of equal width, weighted by their examples.

    Args:
      valid: as for `judgement`.
    """
    return measures(judgement(logits, labels, valid)).ece


def measures(judged: Judgement) -> Metrics:
    """The means over examples, in double precision."""
    correct, confidence, nll = (np.asarray(part, np.float64) for part in judged)
    # What is no number lies in no bin: it counts in the first, whose gap is then no number either.
    bins = np.minimum((np.nan_to_num(confidence) * BINS).astype(int), BINS - 1)
    gap = np.abs(np.bincount(bins, correct - confidence, BINS))
    return Metrics(accuracy=float(correct.mean()), nll=float(nll.mean()), ece=float(gap.sum() / len(correct)))
