"""One thing for each method, and the same training from several heads."""

import jax.numpy as jnp
import numpy as np
import pytest

from artifacts import DamagedArtifact, publish
from simulations.by_method import ByMethod, Risks
from simulations.experiment import Configuration
from simulations.method_names import METHODS
from simulations.records import DATA, load_as, save
from simulations.starting_heads import from_each_head


def risks(value):
    return Risks(id=np.array([value]), ood=np.array([2 * value]))


BY_METHOD = ByMethod(linear_probing=risks(1.0), fine_tuning=risks(2.0), lp_ft=risks(3.0))


def test_methods_come_in_the_order_of_every_legend():
    assert [method for method, _ in BY_METHOD.items()] == list(METHODS)
    assert BY_METHOD["lp_ft"] is BY_METHOD.lp_ft


def test_a_generic_type_comes_back_from_disk(tmp_path):
    publish(tmp_path / "x", inputs={}, build=lambda directory: save(BY_METHOD, directory, Configuration()))
    with np.load(tmp_path / "x" / DATA) as arrays:
        assert "fine_tuning.ood" in arrays.files
    loaded = load_as(ByMethod[Risks], tmp_path / "x")
    assert [risk.ood.tolist() for _, risk in loaded.items()] == [[2.0], [4.0], [6.0]]


def test_data_of_an_older_layout_say_what_to_run(tmp_path):
    publish(tmp_path / "x", inputs={}, build=lambda directory: save(risks(1.0), directory, Configuration()))
    with pytest.raises(DamagedArtifact, match=r"no `linear_probing.id`: another version wrote it.*distort simulate x"):
        load_as(ByMethod[Risks], tmp_path / "x")


def test_each_head_is_trained_on_its_own_and_in_order():
    first, second = jnp.array([1.0, 2.0]), jnp.array([3.0, 4.0])
    doubled, again = from_each_head(lambda head: {"double": 2 * head, "sum": head.sum()}, first, second)
    np.testing.assert_array_equal(doubled["double"], 2 * first)
    assert (doubled["sum"], again["sum"]) == (3.0, 7.0)
