"""Figures on a user's own data: any size, JAX arrays, text paths; shown by a notebook, saved in a new folder."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from figures import entry, save
from simulations import EXPERIMENTS, Trajectory, configured, equal_angles, linear_probing, sample_problem
from simulations.sampling import Dimensions
from tests.support import made_up_simulations

SMALL = Dimensions(input_dim=5, feature_dim=1, id_dim=1)


@pytest.fixture(scope="module")
def toy():
    """The example under settings of a user's own."""
    experiment = next(experiment for experiment in EXPERIMENTS if experiment.name == "toy_example")
    return experiment.simulate(configured(experiment, "quick", {"angle": 0.3, "heads": [0.2], "moments": 10}))


def test_a_figure_shows_itself_in_a_notebook(toy):
    # The method that every notebook asks an object for.
    assert entry("toy_example").load().draw(toy)._repr_png_().startswith(b"\x89PNG")


def test_save_makes_its_folder_and_takes_text(toy, tmp_path):
    paths = save(entry("toy_example").load().draw(toy), str(tmp_path / "new" / "folder"), "mine", ("pdf", "eps"))
    assert [path.name for path in paths] == ["mine.pdf", "mine.eps"]
    assert all(path.stat().st_size > 1000 for path in paths)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("lp_ft_with_imperfect_features", made_up_simulations.improving),
        ("risk_ratio_as_features_improve", made_up_simulations.improving),
        ("id_ood_tradeoff", made_up_simulations.tradeoff),
        ("risk_along_flow", made_up_simulations.along_flow),
        ("bounds_against_parameters", made_up_simulations.swept),
    ],
)
def test_draw_takes_jax_arrays(name, data):
    in_jax = jax.tree.map(lambda leaf: jnp.asarray(leaf) if isinstance(leaf, np.ndarray) else leaf, data())
    figure = entry(name).load().draw(in_jax)
    figure.canvas.draw()
    assert all(axis.get_lines() or axis.collections or not axis.axison for axis in figure.axes)


def test_collect_takes_text(results):
    module = entry("side_by_side").load()
    assert module.collect(str(results)).agreed == module.collect(results).agreed


def test_a_problem_and_a_trajectory_say_what_they_are(tmp_path):
    key = jax.random.key(0)
    problem = sample_problem(SMALL, equal_angles(SMALL, 0.5), jnp.ones(1), feature_error=0.25, truth_norm=2.0, key=key)
    assert repr(problem).startswith("Problem(d=5, k=1, m=1, W=2, eps=0.25, phi=")
    path = linear_probing(problem, jnp.array([0.0, jnp.inf]))
    assert repr(path).startswith("Trajectory(exact: linear probing, 2 times 0 to inf: ID risk ")
    path.save(str(tmp_path / "new" / "path.npz"))
    assert repr(Trajectory.load(str(tmp_path / "new" / "path.npz"))) == repr(path)


def test_a_traced_and_a_batched_problem_have_a_name_too():
    seen = []

    def draw(key):
        problem = sample_problem(SMALL, equal_angles(SMALL, 0.5), jnp.ones(1), feature_error=0.1, key=key)
        seen.append(repr(problem))
        return problem

    batch = jax.vmap(draw)(jax.random.split(jax.random.key(0), 3))
    assert seen[0] == "Problem(d=5, k=1, m=1, traced)"
    assert repr(batch) == "Problem(a batch of 3, d=5, m=1)"
