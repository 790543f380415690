"""Heads between a random one and the probe: the ends are fine-tuning and LP-FT, and better heads lose less."""

import numpy as np

from simulations.experiments.head_start import HeadStart, simulate

#: Both are closed forms of one problem, reached from the same head.
RTOL = 1e-9


def test_probed_head_is_lp_ft_and_better_heads_lose_less():
    data = simulate(HeadStart(shares=3, problems=32))
    measured = data.measured
    np.testing.assert_allclose(measured.ft_ood[-1], measured.lp_ft_ood[-1], rtol=RTOL)
    # Linear probing forgets where it started: one feature, which ID inputs see.
    np.testing.assert_allclose(measured.lp_ood, np.broadcast_to(measured.lp_ood[0], measured.lp_ood.shape), rtol=RTOL)
    medians = np.median(measured.ft_ood, axis=1)
    assert medians[-1] < medians[1] < medians[0]
    assert (np.median(measured.head_error, axis=1)[-1]) < np.median(measured.head_error, axis=1)[0]
    assert (np.sqrt(measured.ft_ood) >= measured.bounds.implicit * (1 - RTOL)).all()
