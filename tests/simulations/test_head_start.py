"""Heads between a random one and the probe: the ends are fine-tuning and LP-FT, and better heads lose less."""

import numpy as np

from simulations.experiments.head_start import HeadStart, simulate

#: Both are closed forms of one problem, reached from the same head.
RTOL = 1e-9


def test_probed_head_is_lp_ft_and_better_heads_lose_less():
    comparison = simulate(HeadStart(shares=3, problems=32)).comparison
    probing, tuned = comparison.methods.linear_probing, comparison.methods.fine_tuning
    np.testing.assert_allclose(tuned.ood[-1], comparison.methods.lp_ft.ood[-1], rtol=RTOL)
    # Linear probing forgets where it started: one feature, which ID inputs see.
    np.testing.assert_allclose(probing.ood, np.broadcast_to(probing.ood[0], probing.ood.shape), rtol=RTOL)
    medians = np.median(tuned.ood, axis=1)
    assert medians[-1] < medians[1] < medians[0]
    assert (np.median(comparison.head_error, axis=1)[-1]) < np.median(comparison.head_error, axis=1)[0]
    assert (np.sqrt(tuned.ood) >= comparison.bounds.implicit * (1 - RTOL)).all()
