"""Held-out images: a share of every class, fixed by the seed, never a whole class."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from empirical.datasets.splitting import held_out

label_arrays = st.lists(st.integers(0, 6), min_size=1, max_size=200).map(lambda labels: np.array(labels, np.int32))
shares = st.floats(0, 0.9)
seeds = st.integers(0, 2**32)


@given(label_arrays, shares, seeds)
def test_a_share_of_every_class_is_held_out(labels, share, seed):
    held = held_out(labels, share, seed=seed)
    assert len(np.unique(held)) == len(held)
    np.testing.assert_array_equal(held, np.sort(held))
    for label in np.unique(labels):
        members, chosen = np.sum(labels == label), np.sum(labels[held] == label)
        assert chosen == min(round(share * members), members - 1)


@given(label_arrays, seeds)
def test_the_draw_is_fixed_by_the_seed_and_classes_do_not_disturb_each_other(labels, seed):
    held = held_out(labels, 0.5, seed=seed)
    np.testing.assert_array_equal(held, held_out(labels, 0.5, seed=seed))
    without = np.flatnonzero(labels != labels[0])
    if len(without):
        again = without[held_out(labels[without], 0.5, seed=seed)]
        np.testing.assert_array_equal(again, held[labels[held] != labels[0]])


def test_seeds_differ():
    labels = np.repeat(np.arange(5), 40).astype(np.int32)
    assert not np.array_equal(held_out(labels, 0.1, seed=0), held_out(labels, 0.1, seed=1))
