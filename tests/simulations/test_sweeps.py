"""Ensembles: the same numbers whatever the chunks, bounded memory, resumable."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from artifacts import UserError
from simulations import sweeps
from simulations.sweeps import Watch, ensemble

SCALES = np.linspace(1.0, 5.0, 7)


def member(scale, key):
    return {"draw": scale * jax.random.normal(key, (3,)), "scale": scale}


def sampled(**options):
    return ensemble(member, SCALES, 100, seed=0, **options)


def test_shapes_and_shared_keys():
    found = sampled()
    assert found["draw"].shape == (7, 100, 3)
    np.testing.assert_allclose(found["draw"] / SCALES[:, None, None], np.broadcast_to(found["draw"][0], (7, 100, 3)))
    np.testing.assert_array_equal(found["scale"], np.broadcast_to(SCALES[:, None], (7, 100)))


def test_independent_problems_share_nothing():
    draws = sampled(independent=True)["draw"] / SCALES[:, None, None]
    assert np.unique(draws.round(9)).size == draws.size


def test_chunks_do_not_change_the_numbers():
    small = sampled(memory_budget=64 * 1024)
    assert np.array_equal(small["draw"], sampled()["draw"])


def test_a_run_that_was_cut_off_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "CHUNKS_TOGETHER", 1)
    done = []

    def stop(finished, total):
        done.append(finished)
        if len(done) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sampled(watch=Watch(unfinished=tmp_path, progress=stop))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(kept) == 2
    assert np.array_equal(sampled(watch=Watch(unfinished=tmp_path))["draw"], sampled()["draw"])
    assert all(path.stat().st_mtime_ns == before for path, before in kept.items())


def test_what_was_kept_and_cannot_be_read_is_made_again(tmp_path):
    watch = Watch(unfinished=tmp_path)
    found = sampled(watch=watch)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-20])
    assert np.array_equal(sampled(watch=watch)["draw"], found["draw"])


def test_memory_holds_what_is_kept(tmp_path):
    kept = sampled(keep=lambda part: part["draw"].sum(axis=1), watch=Watch(unfinished=tmp_path))
    np.testing.assert_allclose(kept, sampled()["draw"].sum(axis=2))
    assert np.array_equal(sampled(keep=lambda part: part["draw"].sum(axis=1), watch=Watch(unfinished=tmp_path)), kept)


def test_a_problem_beyond_the_budget_is_refused():
    with pytest.raises(UserError, match="must hold one problem"):
        ensemble(lambda size, key: jnp.ones((1000, 1000)) * size, SCALES, 1, seed=0, memory_budget=10_000)
