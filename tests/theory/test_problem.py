"""Problem and LinearNetwork refuse what is outside the setting, and say what must hold and what came."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from simulations.strategies import Shape, problems
from theory import LinearNetwork, Problem

#: An SVD of the inputs, relative to their size.
RTOL = 1e-12
NETWORK = LinearNetwork(jnp.array([1.0, 2.0]), jnp.eye(5)[:2])
PARTS = {
    "truth": NETWORK,
    "pretrained": NETWORK,
    "id_frame": jnp.eye(5)[:, 1:4],
    "training_covariance": jnp.eye(3),
}


def with_features(features) -> LinearNetwork:
    return LinearNetwork(jnp.ones(features.shape[0]), features)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id_frame": jnp.eye(5), "training_covariance": jnp.eye(5)}, "must leave OOD directions .* got m=5, d=5"),
        ({"pretrained": with_features(jnp.eye(5)), "truth": with_features(jnp.eye(5))}, "1 <= k < d .* got k=5, d=5"),
        ({"truth": with_features(jnp.eye(5)[:3])}, r"`truth.features` must have shape \(2, 5\) .* got \(3, 5\)"),
        ({"training_covariance": jnp.eye(2)}, r"`training_covariance` must have shape \(3, 3\) .* got \(2, 2\)"),
        ({"id_covariance": jnp.eye(5)}, r"`id_covariance` must have shape \(3, 3\)"),
        ({"ood_covariance": jnp.eye(3)}, r"`ood_covariance` must have shape \(5, 5\)"),
        ({"truth": with_features(1.01 * jnp.eye(5)[:2])}, "`truth.features` must have orthonormal rows"),
        ({"pretrained": with_features(jnp.eye(5)[:2] + 1e-6)}, "`pretrained.features` must have orthonormal rows"),
        ({"id_frame": 2 * jnp.eye(5)[:, :3]}, "`id_frame` must have orthonormal columns .* deviation of 3"),
        (
            {"training_covariance": jnp.diag(jnp.array([3.0, 1.0, 0.0]))},
            "positive definite, got eigenvalues from 0 to 3",
        ),
        ({"training_covariance": -jnp.eye(3)}, "`training_covariance` must be positive definite"),
        ({"id_covariance": jnp.eye(3).at[0, 1].set(0.5)}, "`id_covariance` must be symmetric"),
        ({"ood_covariance": jnp.zeros((5, 5))}, "`ood_covariance` must be positive definite"),
        ({"training_covariance": jnp.eye(3).at[0, 0].set(jnp.nan)}, "`training_covariance` must be finite, got 1"),
        ({"truth": LinearNetwork(jnp.array([1.0, jnp.inf]), NETWORK.features)}, "`truth.head` must be finite, got 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
@pytest.mark.usefixtures("unchecked")
def test_premises_are_checked(changes, words):
    Problem(**PARTS)
    with pytest.raises(ValueError, match=words):
        Problem(**(PARTS | changes))


@pytest.mark.parametrize("matrix", [jnp.ones((3, 3)) + jnp.eye(3), jnp.diag(jnp.array([2.0, 1.0, 0.0]))])
def test_a_promised_diagonal_is_checked(matrix):
    with pytest.raises(ValueError, match="must be diagonal and positive"):
        Problem(**PARTS | {"training_covariance": matrix}, diagonal_covariance=True)


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_a_covariance_may_have_any_size(size):
    assert Problem(**PARTS | {"training_covariance": size * jnp.diag(jnp.array([1.0, 2.0, 3.0]))}).id_dim == 3


def test_single_precision_frames_are_refused():
    features = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 2)))[0].T.astype(np.float32).astype(float)
    with pytest.raises(ValueError, match=r"orthonormalise with `jnp.linalg.qr`, in double precision"):
        Problem(**(PARTS | {"truth": with_features(jnp.asarray(features))}))


def test_only_shapes_are_checked_under_transformations():
    scaled = jax.vmap(lambda factor: Problem(**(PARTS | {"training_covariance": factor * jnp.eye(3)})))
    assert scaled(jnp.array([1.0, 2.0])).training_covariance.shape == (2, 3, 3)


@given(problems(Shape(8, 2, 4)))
def test_inputs_give_their_subspace_and_second_moment(problem):
    factor = jnp.linalg.cholesky(problem.training_covariance)
    mixing = jnp.asarray(np.linalg.qr(np.random.default_rng(1).normal(size=(6, 4)))[0])
    inputs = mixing @ factor.T @ problem.id_frame.T  # six examples, four directions
    found = Problem.from_inputs(problem.truth, problem.pretrained, inputs)
    assert found.id_dim == 4
    size = np.abs(problem.training_covariance).max()
    moment = found.id_frame @ found.training_covariance @ found.id_frame.T
    np.testing.assert_allclose(moment, inputs.T @ inputs, atol=RTOL * size)


def test_dimensions_and_the_papers_premise():
    problem = Problem(**PARTS)
    assert (problem.input_dim, problem.feature_dim, problem.id_dim) == (5, 2, 3)
    assert not problem.is_overparameterised()
    np.testing.assert_array_equal(problem.with_head(jnp.array([7.0, 8.0])).pretrained.head, [7, 8])


def test_networks_compute_a_linear_function():
    network = LinearNetwork(jnp.array([2.0, -1.0]), jnp.array([[1.0, 0.0, 3.0], [0.0, 1.0, 1.0]]))
    np.testing.assert_array_equal(network.weights, [2, -1, 5])
    assert network(jnp.array([1.0, 1.0, 2.0])) == 11


@pytest.mark.usefixtures("unchecked")
def test_a_head_must_fit_its_features():
    with pytest.raises(ValueError, match=r"one entry per feature .* got 3 entries and 2 features"):
        LinearNetwork(jnp.ones(3), jnp.eye(4)[:2])


def test_a_problem_shows_itself_inside_and_outside_of_transformations():
    """A tree of placeholders too: JAX shows it in messages."""
    shown = []

    def show(problem: Problem) -> jax.Array:
        shown.append(repr(problem))
        return jnp.zeros(())

    problem = Problem(**PARTS)
    jax.jit(show)(problem)
    jax.vmap(show)(jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), problem))
    assert shown == ["Problem(d=5, k=2, m=3, traced)"] * 2
    assert repr(jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), problem)) == "Problem(a batch of 2, d=5, m=3)"
    assert repr(jax.tree.map(lambda leaf: object(), problem)) == "Problem(placeholders of a transformation)"
