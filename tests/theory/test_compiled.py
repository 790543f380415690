"""Functions as one program: traced once, the same inside and outside of others; bounds of spoilt problems refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulations.sampling import Dimensions, equal_angles, sample_problem, spread_eigenvalues
from theory import bounds
from theory.alignment import feature_error, head_alignment_error
from theory.bounds.as_printed import printed_lower_bound
from theory.bounds.short_path import feature_movement_bound, fine_tuning_upper_bound, start_residual
from theory.bounds.threshold import perfect_feature_bound
from theory.compiled import compiled, compiled_and_checked

SIZES = Dimensions(input_dim=8, feature_dim=2, id_dim=3)
BOUNDS = (
    bounds.best_lower_bound,
    bounds.corrected_lower_bound,
    bounds.half_space_lower_bound,
    bounds.implicit_lower_bound,
    bounds.linear_probing_upper_bound,
    bounds.lp_ft_upper_bound,
    bounds.published_lower_bound,
    printed_lower_bound,
    feature_movement_bound,
    fine_tuning_upper_bound,
    perfect_feature_bound,
    start_residual,
    feature_error,
    head_alignment_error,
)
#: The same operations in one program and in another, which may fuse them otherwise.
RTOL = 1e-12


def problem(seed: int = 0):
    angles, eigenvalues = equal_angles(SIZES, 0.5), spread_eigenvalues(3, 4.0)
    return sample_problem(SIZES, angles, eigenvalues, feature_error=0.01, key=jax.random.key(seed))


@pytest.mark.parametrize("decorate", [compiled, compiled_and_checked])
def test_a_function_is_traced_once_for_a_shape(decorate):
    traced = []

    @decorate
    def doubled(problem):
        """Twice w*."""
        traced.append(problem)
        return 2 * problem.truth.weights

    for seed in range(3):
        np.testing.assert_array_equal(doubled(problem(seed)), 2 * problem(seed).truth.weights)
    assert len(traced) == 1
    assert (doubled.__name__, doubled.__doc__) == ("doubled", "Twice w*.")


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.__name__)
def test_a_bound_is_the_same_inside_and_outside_of_other_programs(bound):
    several = [problem(seed) for seed in range(3)]
    alone = [bound(one) for one in several]
    together = jax.jit(jax.vmap(bound))(jax.tree.map(lambda *leaves: jnp.stack(leaves), *several))
    np.testing.assert_allclose(together, alone, rtol=RTOL)


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.__name__)
@pytest.mark.parametrize(
    ("where", "change", "words"),
    [
        (lambda p: p.pretrained.features, lambda leaf: 2 * leaf, "`pretrained.features` must have orthonormal rows"),
        (lambda p: p.id_frame, lambda leaf: leaf.at[0].add(1e-6), "`id_frame` must have orthonormal columns"),
        (lambda p: p.pretrained.head, lambda leaf: leaf * jnp.nan, "`pretrained.head` must be finite, got 2"),
    ],
    ids=["features", "frame", "head"],
)
def test_a_problem_that_was_spoilt_after_it_was_made_has_no_bound(bound, where, change, words):
    with pytest.raises(ValueError, match=words):
        bound(eqx.tree_at(where, problem(), replace_fn=change))
