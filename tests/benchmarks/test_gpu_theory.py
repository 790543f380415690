"""Part 1 on limits of fine-tuning: what is 0 up to rounding is not compared with what is 0 up to other rounding."""

import jax.numpy as jnp
import pytest

from benchmarks.gpu import correct_theory
from benchmarks.gpu.correct_theory import AGREEMENT, Limit, compared
from benchmarks.gpu.report import Wrong, within
from theory.reduction import FlowState


def limit(*, head: float = 1.0, ood: float = 2.0, ulps: int = 13) -> Limit:
    features = jnp.ones((1, 1))
    return Limit(FlowState(jnp.full(1, head), features), jnp.full(1, ood), jnp.full(1, (ulps * 2.0**-52) ** 2))


def test_rounding_of_zero_is_no_difference():
    """An H200's check had 0.852 = (13^2 - 5^2) / 13^2 here: one ID risk as a share of another, both squares of ulps."""
    assert correct_theory._apart(limit(ulps=5).id_risk, limit(ulps=13).id_risk) == pytest.approx(144 / 169)
    values = compared(limit(ulps=5), limit(ulps=13))
    assert values["largest_difference"] == 0
    within(values, correct_theory.LIMIT_BOUNDS)


@pytest.mark.parametrize("wrong", [{"head": 1 + 3e-9}, {"ood": 2 + 5e-9}, {"ulps": 10_000_000}])
def test_what_is_wrong_is_still_seen(wrong):
    with pytest.raises(Wrong):
        within(compared(limit(**wrong), limit()), correct_theory.LIMIT_BOUNDS)
    assert AGREEMENT == 1e-9
