"""Solves a problem for a method: exactly where a closed form is known, by the reduced flow elsewhere; says which."""

from collections.abc import Callable, Mapping
from typing import Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float, Int, PyTree, Scalar

from artifacts import UserError
from simulations.integration import Integration, Numerics, integrate
from simulations.trajectory import Conserved, Measurement, Observer, Trajectory
from theory import feature_tuning, linear_probing
from theory.fine_tuning import one_active_unit, one_id_direction
from theory.fine_tuning.flow import conserved_form
from theory.problem import Problem
from theory.reduction import FlowState, ReducedProblem, reduce

Method = Literal["linear_probing", "fine_tuning", "lp_ft", "feature_tuning"]
METHODS: tuple[Method, ...] = get_args(Method)
#: What a method conserves: `Observer` watches its drift.
CONSERVED: dict[str, Conserved] = {
    "linear_probing": "features",
    "fine_tuning": "balance",
    "lp_ft": "balance",
    "feature_tuning": "head",
}

LINEAR_PROBING = "exact: linear probing"
FEATURE_TUNING = "exact: features only"
ONE_ID_DIRECTION = "exact: one ID direction"
ONE_ACTIVE_UNIT = "exact: one active unit"
INTEGRATED = "integrated"
#: States at a time, by the exact way to them.
WAYS: Mapping[str, Callable[[ReducedProblem, Scalar], FlowState]] = {
    LINEAR_PROBING: linear_probing.state_at,
    FEATURE_TUNING: feature_tuning.state_at,
    ONE_ID_DIRECTION: one_id_direction.state_at,
    ONE_ACTIVE_UNIT: one_active_unit.state_at,
}
ALWAYS_EXACT: Mapping[str, str] = {"linear_probing": LINEAR_PROBING, "feature_tuning": FEATURE_TUNING}
#: A ratio of rates above which the explicit solver, held to short steps, takes longer than the implicit one
#: (measured from k = 20, m = 10 to k = 100, m = 1,000; smaller problems take a tenth of a second either way).
STIFF_ABOVE = 200.0
#: The implicit solver factorises matrices of size r, up to this.
IMPLICIT_UP_TO = 600
#: Steps after which an explicit attempt is given up where an implicit one can follow.
EXPLICIT_ATTEMPT = 20_000
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
    fine-tuning from that limit, and its time 0 is the moment at which fine-tuning starts. Features-only tuning keeps
    the head at its start and is always exact.

    Probing, features-only tuning and problems with one ID direction work under `jit` and `vmap`; so does integration
    where `numerics` says how. Elsewhere values decide, and `simulations.solve_batch` solves many problems together.
    Values of what is traced are not checked.

    Args:
      times: learning rate x steps, for the loss summed over the examples.
      numerics: how to integrate; by default chosen from the rates and the size of the problem, and changed to the
        implicit solver where the explicit one fails.
    Raises:
      UserError: an unknown method, or times that are empty, negative, NaN or not increasing; single precision; what is
        traced and must be integrated, without `numerics`.
      FailedSolve: the integration stopped before the last time; the message says why. Under `jit` this is
        Equinox's runtime error.
    """
    times = checked(problem, method, times)
    reduced = starting_point(problem, method)
    observer = Observer.of(problem, reduced, conserved=CONSERVED[method])
    measurements, solved_by = _observed(reduced, method, times, observer, numerics)
    return _trajectory(times, measurements, solved_by)


def states(
    problem: Problem, method: Method, times: Float[Array | np.ndarray, " t"], *, numerics: Numerics | None = None
) -> Path:
    """The same as `solve`, as states of the reduced problem instead of measurements; all of them are kept in memory.

    Args:
      times, numerics: as for `solve`, which raises the same errors.
    """
    times = checked(problem, method, times)
    reduced = starting_point(problem, method)
    observed, solved_by = _observed(reduced, method, times, _identity, numerics)
    return Path(states=observed, reduced=reduced, solved_by=solved_by)


def starting_point(problem: Problem, method: Method) -> ReducedProblem:
    """The reduced problem, with the head from which the method trains."""
    reduced = _reduced(problem, compress=problem.id_dim > 1)
    return _with_probed_head(reduced) if method == "lp_ft" else reduced


def way_of_fine_tuning(reduced: ReducedProblem) -> str:
    """Which solution of fine-tuning a problem takes; of what is traced, which that is cannot depend on values."""
    if reduced.id_target.shape[0] == 1:
        return ONE_ID_DIRECTION
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(reduced)):
        return INTEGRATED
    return ONE_ACTIVE_UNIT if bool(one_active_unit.applies(reduced)) else INTEGRATED


def integration_outcome(succeeded: Bool[Array, "*n"], steps: Int[Array, "*n"], numerics: Numerics) -> str:
    """Why an integration, or the first that failed in a batch, failed; empty where all succeeded.

    Args:
      succeeded, steps: as `Integration` has them.
      numerics: what was integrated with.
    """
    single = np.ndim(succeeded) == 0
    all_succeeded, all_steps = np.atleast_1d(succeeded), np.atleast_1d(steps)
    failed = np.flatnonzero(~all_succeeded)
    if not failed.size:
        return ""
    taken = int(all_steps[failed[0]])
    if taken >= numerics.max_steps:
        why = f"it had not settled after max_steps={numerics.max_steps} steps; {_advice(numerics)}"
    else:
        why = (
            f"it stopped after {taken} steps with a state that is not finite, or with too small a step; "
            f"{_advice(numerics)}"
        )
    which = "" if single else f" of problem {failed[0]} ({failed.size} of {all_succeeded.size})"
    return f"The integration{which} must reach its last time, but {why}."


def _advice(numerics: Numerics) -> str:
    """What a caller can pass, in the words of the call; `Numerics` comes with `simulations.methods`."""
    if not numerics.stiff:
        return "pass numerics=Numerics(stiff=True), the implicit solver"
    return (
        f"ask for fewer or earlier times, or pass numerics=Numerics(stiff=True, max_steps={10 * numerics.max_steps}) "
        f"or a larger rtol than {numerics.rtol:g}"
    )


def _observed(
    reduced: ReducedProblem,
    method: Method,
    times: Float[Array, " t"],
    observe: Callable[[FlowState], PyTree],
    numerics: Numerics | None,
) -> tuple[PyTree, str]:
    if method in ALWAYS_EXACT:
        way = ALWAYS_EXACT[method]
        return _linear_path(reduced, times, observe, WAYS[way]), way
    way = way_of_fine_tuning(reduced)
    solved_by = f"{LINEAR_PROBING}, then {way}" if method == "lp_ft" else way
    if way != INTEGRATED:
        return _exact_path(reduced, times, observe, WAYS[way]), solved_by
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves((times, reduced))):
        return _traced_integration(reduced, times, observe, numerics), solved_by
    attempts = _attempts(reduced, times) if numerics is None else (numerics,)
    for attempt in attempts:
        _check_solvable(reduced, attempt)
        integration = _integrated(reduced, times, observe, attempt)
        reason = integration_outcome(integration.succeeded, integration.steps, attempt)
        if not reason:
            return integration.observed, solved_by
    raise FailedSolve(reason)


def _traced_integration(
    reduced: ReducedProblem,
    times: Float[Array, " t"],
    observe: Callable[[FlowState], PyTree],
    numerics: Numerics | None,
) -> PyTree:
    numerics = told(numerics)
    _check_solvable(reduced, numerics)
    integration = _integrated(reduced, times, observe, numerics)
    return eqx.error_if(
        integration.observed, ~integration.succeeded, "The integration must reach its last time, but did not."
    )


def told(numerics: Numerics | None) -> Numerics:
    """How to integrate what is traced.

    Raises:
      UserError: nothing says.
    """
    if numerics is None:
        raise UserError(
            "What is integrated under `jit`, `vmap` or `grad` must be told how, since values decide it: pass "
            "numerics=Numerics(), or Numerics(stiff=True); or solve the problems by simulations.solve_batch outside."
        )
    return numerics


def _attempts(reduced: ReducedProblem, times: Float[Array, " t"]) -> tuple[Numerics, ...]:
    """The suitable solver, and the implicit one after an explicit one, where its systems are small enough."""
    first = suitable_numerics(reduced, times)
    if first.stiff or not _may_be_implicit(reduced):
        return (first,)
    return (Numerics(max_steps=EXPLICIT_ATTEMPT), Numerics(stiff=True))


def suitable_numerics(reduced: ReducedProblem, times: Float[Array, " t"]) -> Numerics:
    """An implicit solver where the rates of the flow spread widely, its horizon is long and its rank small enough."""
    if not _may_be_implicit(reduced):
        return Numerics(stiff=False)
    fastest, slowest = rates_near_the_limit(reduced)
    return Numerics(stiff=bool(fastest > STIFF_ABOVE * slowest and fastest * float(times[-1]) > STIFF_ABOVE))


def rates_near_the_limit(reduced: ReducedProblem) -> tuple[float, float]:
    """Rates at which the fastest and the slowest part of the ID error decay near zero loss, as estimates.

    They are 2 L (|A|^2 + |v|^2), norms of matrices spectral, and 2 mu (a^2 + |v|^2) with a the smallest singular value
    of A on R^m, 0 where there are fewer features than ID directions. The head at the start says little about |v|:
    conservation of Lambda = v v^T - A A^T gives |A|^2 <= |v|^2 - l with its smallest eigenvalue l, so |u| <= |A| |v|
    at zero loss leaves a head of squared length at least (l + sqrt(l^2 + 4 |u|^2)) / 2, and at least the largest one.
    """
    eigenvalues, start = np.asarray(reduced.training_covariance), reduced.start
    features, target = np.asarray(start.id_features), float(np.sum(np.asarray(reduced.id_target) ** 2))
    spectrum = np.linalg.eigvalsh(np.asarray(conserved_form(start)))
    least, root = spectrum[0], np.hypot(spectrum[0], 2 * np.sqrt(target))
    # Written so that nothing cancels where the features are long and the truth is small.
    fitting = (least + root) / 2 if least > 0 else 2 * target / (root - least) if root > least else 0.0
    head = max(fitting, spectrum[-1])
    r, m = features.shape
    seen = np.linalg.svd(features, compute_uv=False)[-1] ** 2 if r >= m else 0.0
    return 2 * eigenvalues.max() * (2 * head - least), 2 * eigenvalues.min() * (seen + head)


def _may_be_implicit(reduced: ReducedProblem) -> bool:
    return reduced.training_covariance.ndim == 1 and reduced.start.head.shape[0] <= IMPLICIT_UP_TO


def checked(problem: Problem, method: str, times: Float[Array | np.ndarray, " t"]) -> Float[Array, " t"]:
    """The times, where method, times and precision are what they must be; values of what is traced are not seen."""
    if method not in METHODS:
        raise UserError(f"`method` must be one of {', '.join(METHODS)}, got {method!r}.")
    if problem.id_frame.dtype != jnp.float64 or not jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
        raise UserError(
            "The flow must be solved in double precision, got single; call "
            "jax.config.update('jax_enable_x64', True) before making the problem."
        )
    if np.ndim(times) != 1 or np.size(times) == 0:
        raise UserError(f"`times` must be a list of at least one time, got shape {np.shape(times)}.")
    if isinstance(times, Tracer):
        return jnp.asarray(times)
    values = np.asarray(times, dtype=np.float64)
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
def _linear_path(
    reduced: ReducedProblem,
    times: Float[Array, " t"],
    observe: Callable[[FlowState], PyTree],
    exact: Callable[[ReducedProblem, Scalar], FlowState],
) -> PyTree:
    # The decomposition does not depend on time, and vmap computes it once.
    return jax.vmap(lambda time: observe(exact(reduced, time)))(times)


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
    if any(isinstance(value, Tracer) for value in values.values()):
        finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(value)) for value in values.values()]))
        values = eqx.error_if(values, ~finite, "What is measured must be finite at every time, but it is not.")
        return Trajectory(times=times, **values, solved_by=solved_by)
    for name, value in values.items():
        if not bool(jnp.all(jnp.isfinite(value))):
            raise FailedSolve(f"`{name}` must be finite at every time, but it is not (solved by {solved_by}).")
    return Trajectory(times=times, **values, solved_by=solved_by)
