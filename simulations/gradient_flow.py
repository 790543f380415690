"""Solves a problem for a method: exactly where a closed form is known, by the reduced flow elsewhere; says which."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree, Scalar

from artifacts import UserError
from simulations.integration import Integration, Numerics, integrate
from simulations.method_names import METHODS
from simulations.method_names import MethodName as Method
from simulations.trajectory import Measurement, Observer, Trajectory
from theory import linear_probing
from theory.fine_tuning import one_active_unit, one_id_direction
from theory.problem import Problem
from theory.reduction import FlowState, ReducedProblem, reduce

LINEAR_PROBING = "exact: linear probing"
ONE_ID_DIRECTION = "exact: one ID direction"
ONE_ACTIVE_UNIT = "exact: one active unit"
INTEGRATED = "integrated"
#: A condition number above which the explicit solver, held to short steps, takes longer than the implicit one
#: (measured from k = 20, m = 10 to k = 100, m = 1,000; smaller problems take a tenth of a second either way).
STIFF_ABOVE = 200.0
#: The implicit solver factorises matrices of size min(r, m), up to this.
IMPLICIT_UP_TO = 600
#: States at a time, where exact solutions are evaluated at many times.
TIMES_AT_ONCE = 16


class Path(eqx.Module):
    """The states of a method at the times asked for, in the coordinates of the reduced problem."""

    states: FlowState
    reduced: ReducedProblem
    solved_by: str = eqx.field(static=True)


class FailedSolve(RuntimeError):
    """An integration that did not reach its last time."""


def solve(
    problem: Problem, method: Method, times: Float[Array | np.ndarray, " t"], *, numerics: Numerics | None = None
) -> Trajectory:
    """What a method does to a problem, at increasing times from 0 to infinity (both may be asked for).

    Linear probing is always exact; of all least-squares heads it tends to the one closest to its start. LP-FT is
    fine-tuning from that limit, and its time 0 is the moment at which fine-tuning starts.

    Args:
      times: learning rate x steps, for the loss summed over the examples.
      numerics: how to integrate; by default chosen from the conditioning and the size of the problem.
    Raises:
      UserError: an unknown method, or times that are empty, negative, NaN or not increasing; single precision.
      FailedSolve: the integration stopped before the last time; the message says why.
    """
    times = _checked(problem, method, times)
    reduced = starting_point(problem, method)
    observer = Observer.of(problem, reduced, frozen_features=method == "linear_probing")
    measurements, solved_by = _observed(reduced, method, times, observer, numerics)
    return _trajectory(times, measurements, solved_by)


def states(
    problem: Problem, method: Method, times: Float[Array | np.ndarray, " t"], *, numerics: Numerics | None = None
) -> Path:
    """The same as `solve`, as states of the reduced problem instead of measurements; all of them are kept in memory."""
    times = _checked(problem, method, times)
    reduced = starting_point(problem, method)
    observed, solved_by = _observed(reduced, method, times, _identity, numerics)
    return Path(states=observed, reduced=reduced, solved_by=solved_by)


def starting_point(problem: Problem, method: Method) -> ReducedProblem:
    """The reduced problem, with the head from which the method trains."""
    reduced = _reduced(problem, compress=problem.id_dim > 1)
    return _with_probed_head(reduced) if method == "lp_ft" else reduced


def way_of_fine_tuning(reduced: ReducedProblem) -> str:
    """Which solution of fine-tuning a problem takes."""
    if reduced.id_target.shape[0] == 1:
        return ONE_ID_DIRECTION
    return ONE_ACTIVE_UNIT if bool(one_active_unit.applies(reduced)) else INTEGRATED


def integration_outcome(integration: Integration, numerics: Numerics) -> str:
    """Why an integration, or the first that failed in a batch, failed; empty where all succeeded."""
    succeeded, steps = np.atleast_1d(integration.succeeded), np.atleast_1d(integration.steps)
    failed = np.flatnonzero(~succeeded)
    if not failed.size:
        return ""
    taken = int(steps[failed[0]])
    if taken >= numerics.max_steps:
        way = "ask for fewer or earlier times" if numerics.stiff else "pass numerics=Numerics(stiff=True)"
        why = f"it had not settled after max_steps={numerics.max_steps} steps; {way}, or raise max_steps"
    else:
        why = f"it stopped after {taken} steps with a state that is not finite, or with too small a step"
    which = (
        "" if np.ndim(integration.succeeded) == 0 else f" of problem {failed[0]} ({failed.size} of {succeeded.size})"
    )
    return f"The integration{which} must reach its last time, but {why}."


def _observed(
    reduced: ReducedProblem,
    method: Method,
    times: Float[Array, " t"],
    observe: Callable[[FlowState], PyTree],
    numerics: Numerics | None,
) -> tuple[PyTree, str]:
    if method == "linear_probing":
        return _probing_path(reduced, times, observe), LINEAR_PROBING
    way = way_of_fine_tuning(reduced)
    solved_by = f"{LINEAR_PROBING}, then {way}" if method == "lp_ft" else way
    if way != INTEGRATED:
        exact = one_id_direction.state_at if way == ONE_ID_DIRECTION else one_active_unit.state_at
        return _exact_path(reduced, times, observe, exact), solved_by
    numerics = numerics or suitable_numerics(reduced, times)
    _check_solvable(reduced, numerics)
    integration = _integrated(reduced, times, observe, numerics)
    if reason := integration_outcome(integration, numerics):
        raise FailedSolve(reason)
    return integration.observed, solved_by


def suitable_numerics(reduced: ReducedProblem, times: Float[Array, " t"]) -> Numerics:
    """An implicit solver where the covariance is badly conditioned, the horizon long and the rank small enough."""
    covariance = reduced.training_covariance
    if covariance.ndim == 2 or min(reduced.start.id_features.shape) > IMPLICIT_UP_TO:
        return Numerics(stiff=False)
    eigenvalues = np.asarray(covariance)
    ill_conditioned = eigenvalues.max() > STIFF_ABOVE * eigenvalues.min()
    return Numerics(stiff=bool(ill_conditioned and 2 * eigenvalues.max() * float(times[-1]) > STIFF_ABOVE))


def _checked(problem: Problem, method: str, times: Float[Array | np.ndarray, " t"]) -> Float[Array, " t"]:
    if method not in METHODS:
        raise UserError(f"`method` must be one of {', '.join(METHODS)}, got {method!r}.")
    if problem.id_frame.dtype != jnp.float64 or not jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
        raise UserError(
            "The flow must be solved in double precision, got single; call "
            "jax.config.update('jax_enable_x64', True) before making the problem."
        )
    values = np.asarray(times, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise UserError(f"`times` must be a list of at least one time, got shape {values.shape}.")
    if np.isnan(values).any() or (values < 0).any():
        raise UserError(f"`times` must lie between 0 and infinity, got {values[~(values >= 0)][0]}.")
    if not (values[1:] > values[:-1]).all():
        at = int(np.flatnonzero(~(values[1:] > values[:-1]))[0])
        raise UserError(f"`times` must increase, got {values[at]} before {values[at + 1]}; sort them without repeats.")
    return jnp.asarray(values)


def _check_solvable(reduced: ReducedProblem, numerics: Numerics) -> None:
    if numerics.stiff and reduced.training_covariance.ndim == 2:
        raise UserError("The implicit solver must have a diagonal covariance, got a full one; leave `numerics` out.")


@eqx.filter_jit
def _reduced(problem: Problem, compress: bool) -> ReducedProblem:
    return reduce(problem, compress=compress)


@eqx.filter_jit
def _with_probed_head(reduced: ReducedProblem) -> ReducedProblem:
    return reduced.with_head(linear_probing.limit(reduced).head)


@eqx.filter_jit
def _probing_path(reduced: ReducedProblem, times: Float[Array, " t"], observe: Callable[[FlowState], PyTree]) -> PyTree:
    # The decomposition does not depend on time, and vmap computes it once.
    return jax.vmap(lambda time: observe(linear_probing.state_at(reduced, time)))(times)


@eqx.filter_jit
def _exact_path(
    reduced: ReducedProblem,
    times: Float[Array, " t"],
    observe: Callable[[FlowState], PyTree],
    exact: Callable[[ReducedProblem, Scalar], FlowState],
) -> PyTree:
    return jax.lax.map(lambda time: observe(exact(reduced, time)), times, batch_size=TIMES_AT_ONCE)


@eqx.filter_jit
def _integrated(
    reduced: ReducedProblem, times: Float[Array, " t"], observe: Callable[[FlowState], PyTree], numerics: Numerics
) -> Integration:
    return integrate(reduced, times, observe, numerics=numerics)


def _identity(state: FlowState) -> FlowState:
    return state


def _trajectory(times: Float[Array, " t"], seen: Measurement, solved_by: str) -> Trajectory:
    values = {("heads" if name == "head" else name): value for name, value in vars(seen).items()}
    for name, value in values.items():
        if not bool(jnp.all(jnp.isfinite(value))):
            raise FailedSolve(f"`{name}` must be finite at every time, but it is not (solved by {solved_by}).")
    return Trajectory(times=times, **values, solved_by=solved_by)
