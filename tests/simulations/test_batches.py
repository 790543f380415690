"""`jit` and `vmap` over the methods, and many problems at once: the same numbers as one by one."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from artifacts import UserError
from simulations import Dimensions, Numerics, fine_tuning, linear_probing, lp_ft, solve, solve_batch
from simulations.gradient_flow import FailedSolve
from simulations.sampling import sample_angles_up_to, sample_problem, spread_eigenvalues
from theory.problem import Problem

#: Two solves of the same flow, each to a local error of 1e-11.
INTEGRATED_ATOL = 1e-8
#: The same closed form, compiled together or alone.
EXACT_ATOL = 1e-12
TIMES = np.array([0.0, 0.3, 2.0, np.inf])
COUNT = 2


def drawn(feature_dim: int, id_dim: int, condition: float = 4.0, count: int = COUNT) -> Problem:
    """Random problems, stacked."""
    sizes = Dimensions(input_dim=9, feature_dim=feature_dim, id_dim=id_dim)

    def draw(key):
        angles = sample_angles_up_to(1.0, sizes.angle_count, key=jax.random.fold_in(key, 1))
        return sample_problem(sizes, angles, spread_eigenvalues(id_dim, condition), feature_error=0.1, key=key)

    return jax.vmap(draw)(jax.random.split(jax.random.key(0), count))


def member(problems: Problem, place: int) -> Problem:
    return jax.tree.map(lambda leaf: leaf[place], problems)


def assert_same(batch, place, alone, atol):
    for name, value in vars(alone).items():
        if name not in ("solved_by", "conserved_drift"):
            np.testing.assert_allclose(vars(batch)[name][place], value, atol=atol, rtol=atol, err_msg=name)
    assert batch.solved_by == alone.solved_by


@pytest.mark.parametrize(
    ("method", "feature_dim", "id_dim", "condition"),
    [("lp_ft", 2, 1, 4.0), ("fine_tuning", 1, 3, 1.0), ("fine_tuning", 2, 3, 4.0), ("feature_tuning", 2, 3, 4.0)],
)
def test_a_batch_is_its_members(method, feature_dim, id_dim, condition):
    problems = drawn(feature_dim, id_dim, condition)
    batch = solve_batch(problems, method, TIMES)
    assert batch.id_risk.shape == (COUNT, len(TIMES))
    assert repr(batch).endswith("2 problems at 4 times)")
    for place in range(COUNT):
        alone = solve(member(problems, place), method, TIMES)
        exact = "integrated" not in alone.solved_by
        assert_same(batch, place, alone, EXACT_ATOL if exact else INTEGRATED_ATOL)


@pytest.mark.parametrize("method", [linear_probing, lp_ft])
def test_exact_paths_trace(method):
    problems = drawn(2, 1)
    together = jax.vmap(lambda problem: method(problem, TIMES))(problems)
    compiled = eqx.filter_jit(method)(member(problems, 1), jnp.asarray(TIMES))
    alone = method(member(problems, 1), TIMES)
    assert_same(together, 1, alone, EXACT_ATOL)
    np.testing.assert_allclose(compiled.ood_risk, alone.ood_risk, atol=EXACT_ATOL)


def test_probing_traces_in_any_dimensions():
    problems = drawn(2, 3)
    together = jax.jit(jax.vmap(lambda problem: linear_probing(problem, TIMES)))(problems)
    assert_same(together, 1, linear_probing(member(problems, 1), TIMES), EXACT_ATOL)


def test_integration_traces_where_it_is_said_how():
    problems = drawn(2, 3)
    together = jax.vmap(lambda problem: fine_tuning(problem, TIMES, numerics=Numerics()))(problems)
    assert_same(together, 0, fine_tuning(member(problems, 0), TIMES), INTEGRATED_ATOL)
    with pytest.raises(UserError, match=r"numerics=Numerics\(\).*simulations\.solve_batch"):
        jax.vmap(lambda problem: fine_tuning(problem, TIMES))(problems)


def test_a_batch_traces_where_its_members_do():
    """The way of exact methods is decided by shapes; of others it has to be said."""
    exact, integrated = drawn(2, 1), drawn(2, 3)
    for method, problems in (("fine_tuning", exact), ("feature_tuning", integrated)):
        traced = jax.jit(lambda problems, method=method: solve_batch(problems, method, TIMES).ood_risk)(problems)
        np.testing.assert_allclose(traced, solve_batch(problems, method, TIMES).ood_risk, atol=EXACT_ATOL)
    told = jax.jit(lambda problems: solve_batch(problems, "fine_tuning", TIMES, numerics=Numerics()).ood_risk)
    np.testing.assert_allclose(
        told(integrated), solve_batch(integrated, "fine_tuning", TIMES).ood_risk, atol=INTEGRATED_ATOL
    )
    with pytest.raises(UserError, match=r"numerics=Numerics\(\)"):
        jax.jit(lambda problems: solve_batch(problems, "lp_ft", TIMES))(integrated)


@pytest.mark.parametrize("problems", [lambda: member(drawn(2, 1), 0), lambda: drawn(2, 1, count=0)])
def test_what_is_no_stack_of_problems_is_refused(problems):
    with pytest.raises(UserError, match="must be at least one, stacked along the first axis"):
        solve_batch(problems(), "fine_tuning", TIMES)


def test_gradients_pass_through_exact_paths():
    problem = member(drawn(2, 1), 0)

    def final(length):
        return fine_tuning(problem.with_head(length * problem.pretrained.head), TIMES[-1:]).ood_risk[-1]

    step = 1e-6
    slope = (final(1.0 + step) - final(1.0 - step)) / (2 * step)
    np.testing.assert_allclose(jax.grad(final)(1.0), slope, rtol=1e-6)


def test_a_failed_member_is_named():
    with pytest.raises(FailedSolve, match=rf"of problem 0 \({COUNT} of {COUNT}\)"):
        solve_batch(drawn(2, 3), "fine_tuning", TIMES, numerics=Numerics(max_steps=2))


def test_a_failure_under_jit_is_no_number():
    problem = member(drawn(2, 3), 0)
    solved = eqx.filter_jit(lambda problem: fine_tuning(problem, TIMES, numerics=Numerics(max_steps=2)))
    with pytest.raises(Exception, match="must reach its last time"):
        jax.block_until_ready(solved(problem))
