"""Many problems of the same dimensions solved together: one compiled call, however many there are."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float, Int

from artifacts import UserError
from artifacts.runtime import compute_in_one_thread
from simulations.gradient_flow import (
    ALWAYS_EXACT,
    CONSERVED,
    EXPLICIT_ATTEMPT,
    INTEGRATED,
    LINEAR_PROBING,
    ONE_ACTIVE_UNIT,
    ONE_ID_DIRECTION,
    WAYS,
    FailedSolve,
    Method,
    checked,
    integration_outcome,
    starting_point,
    suitable_numerics,
    told,
)
from simulations.integration import Numerics, integrate
from simulations.trajectory import Observer, Trajectory
from theory.fine_tuning import one_active_unit
from theory.problem import Problem
from theory.reduction import ReducedProblem


def solve_batch(
    problems: Problem, method: Method, times: Float[Array | np.ndarray, " t"], *, numerics: Numerics | None = None
) -> Trajectory:
    """What `solve` gives for each of many problems, every array with a leading axis of problems.

    All problems are solved in the same way, which is chosen from their values: exactly where that holds for all of
    them, by the implicit solver where one of them wants it. A batch takes as long as its slowest problem. Under `jit`
    values are not known: exact methods work as outside, what is integrated needs `numerics`.

    Args:
      problems: of equal dimensions, stacked along the first axis of every array, as
        `jax.vmap(sample_problem)` gives them.
      times: learning rate x steps, the same for all problems; increasing, `inf` allowed.
      numerics: how to integrate; None: as it is best for the problems.
    Raises:
      UserError: as for `solve`; or the problems are not stacked, or none.
      FailedSolve: an integration that stopped before the last time, with the number of the first such problem.
    """
    compute_in_one_thread()
    _check_stacked(problems)
    first = jax.tree.map(lambda leaf: leaf[0], problems)
    times = checked(first, method, times)
    traced = any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves((times, problems)))
    way = _way(problems, method, traced=traced)
    name = f"{LINEAR_PROBING}, then {way}" if method == "lp_ft" else way
    if traced:
        chosen = told(numerics) if way == INTEGRATED else None
        trajectories, succeeded, _ = _solved_together(problems, times, method, way, chosen, name)
        return eqx.error_if(trajectories, ~jnp.all(succeeded), "Every integration must reach its last time.")
    attempts = (numerics,) if numerics is not None or way != INTEGRATED else _attempts(problems, method, times)
    outcome = ""
    for attempt in attempts:
        trajectories, succeeded, steps = _solved_together(problems, times, method, way, attempt, name)
        outcome = integration_outcome(succeeded, steps, attempt or Numerics())
        if not outcome:
            return _finite(trajectories)
    raise FailedSolve(outcome)


def _check_stacked(problems: Problem) -> None:
    """Every array has a leading axis, the same for all, with at least one problem."""
    shapes = {leaf.shape[:1] for leaf in jax.tree.leaves(problems)}
    if problems.id_frame.ndim != 3 or len(shapes) != 1 or 0 in next(iter(shapes)):
        raise UserError(
            "`problems` must be at least one, stacked along the first axis of every array as "
            f"`jax.vmap(sample_problem)` gives them, got an `id_frame` of shape "
            f"{problems.id_frame.shape}; `solve` takes a single one."
        )


def _way(problems: Problem, method: Method, *, traced: bool) -> str:
    """How all of the problems can be solved."""
    if method in ALWAYS_EXACT:
        return ALWAYS_EXACT[method]
    if problems.id_frame.shape[-1] == 1:
        return ONE_ID_DIRECTION
    exact = not traced and bool(np.all(_one_active_unit(problems, method)))
    return ONE_ACTIVE_UNIT if exact else INTEGRATED


def _attempts(problems: Problem, method: Method, times: Float[Array, " t"]) -> tuple[Numerics, ...]:
    reduced = jax.tree.map(np.asarray, _starting_points(problems, method))
    count = problems.id_frame.shape[0]
    first = [suitable_numerics(jax.tree.map(lambda leaf, i=i: leaf[i], reduced), times) for i in range(count)]
    implicit = Numerics(stiff=True)
    if any(choice.stiff for choice in first):
        return (implicit,)
    diagonal = reduced.training_covariance.ndim == 2
    return (Numerics(max_steps=EXPLICIT_ATTEMPT), implicit) if diagonal else (Numerics(),)


@eqx.filter_jit
def _starting_points(problems: Problem, method: Method) -> ReducedProblem:
    return jax.vmap(lambda problem: starting_point(problem, method))(problems)


@eqx.filter_jit
def _one_active_unit(problems: Problem, method: Method) -> Bool[Array, " n"]:
    return jax.vmap(lambda problem: one_active_unit.applies(starting_point(problem, method)))(problems)


@eqx.filter_jit
def _solved_together(
    problems: Problem, times: Float[Array, " t"], method: Method, way: str, numerics: Numerics | None, name: str
) -> tuple[Trajectory, Bool[Array, " n"], Int[Array, " n"]]:
    def solved(problem: Problem) -> tuple[Trajectory, Bool[Array, ""], Int[Array, ""]]:
        reduced = starting_point(problem, method)
        observe = Observer.of(problem, reduced, conserved=CONSERVED[method])
        if way == INTEGRATED:
            integration = integrate(reduced, times, observe, numerics=numerics or Numerics())
            seen, succeeded, steps = integration.observed, integration.succeeded, integration.steps
        else:
            seen = jax.vmap(lambda time: observe(WAYS[way](reduced, time)))(times)
            succeeded, steps = jnp.asarray(True), jnp.asarray(0)
        values = {("heads" if name == "head" else name): value for name, value in vars(seen).items()}
        return Trajectory(times=times, **values, solved_by=name), succeeded, steps

    return jax.vmap(solved)(problems)


def _finite(trajectories: Trajectory) -> Trajectory:
    for name, value in vars(trajectories).items():
        if name not in ("times", "solved_by") and not bool(jnp.all(jnp.isfinite(value))):
            raise FailedSolve(f"`{name}` must be finite at every time, but it is not ({trajectories.solved_by}).")
    return trajectories
