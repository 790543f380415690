"""A random problem of each setting, solved under every method: what the statements are judged on."""

from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from simulations.integration import Numerics, integrate
from simulations.starting_heads import from_each_head
from simulations.verification.noisy_labels import descent_on_noisy_labels, flow_on_noisy_labels
from simulations.verification.observed import ObservedEvidence
from theory import linear_probing
from theory.fine_tuning.flow import raw_vector_field
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.reduction import FlowState, ReducedProblem, reduce
from theory.statements import Evidence, Setting, closed_form_evidence
from theory.statements.evidence import ROUNDING, networks_along

#: Times at which an integrated path is observed, evenly spaced in logarithm, start and limit apart.
MOMENTS = 40
#: Local error of the integrators, and what it leaves of a path of the reduced flow: two decades more. Raw parameters
#: are judged on their error itself, which must not be forgiven.
RTOL = 1e-10
ACCURACY = 1e-8
#: Weight of the penalty in the setting with weight decay, whose horizon of 10 then shrinks products to exp(-2).
WEIGHT_DECAY = 0.05


def observed_evidence(setting: Setting, problem: Problem, key: PRNGKeyArray | None = None) -> ObservedEvidence:
    """A problem of a setting, solved under every method; for use under `jit` and `vmap`.

    Args:
      key: of the examples, in settings with noisy labels; by default it is made of the digits of the problem.
    """
    return solver(setting)(problem, key)


def solver(setting: Setting) -> Partial:
    """What solves a problem of a setting, given the key of its examples or None.

    Settings that differ in numbers alone give the same function of other arrays, which is compiled once for both.
    """
    match setting:
        case Setting.SEVERAL_ID_DIRECTIONS:
            return Partial(_flow_to_usual_times)
        case Setting.WIDE_SCALES:
            return Partial(_stiff_flow)
        case Setting.RAW_PARAMETERS:
            return Partial(_raw_flow)
        case Setting.ANY_LOSS:
            return Partial(flow_on_noisy_labels, weight_decay=jnp.asarray(0.0))
        case Setting.WEIGHT_DECAY:
            return Partial(flow_on_noisy_labels, weight_decay=jnp.asarray(WEIGHT_DECAY))
        case Setting.FINITE_STEPS:
            return Partial(descent_on_noisy_labels)
        case _:
            return Partial(_closed_form)


def expected_work(setting: Setting, problems: Problem) -> Float[np.ndarray, " n"]:
    """What the number of steps of an integration grows with; only the order counts.

    Where fine-tuning is followed to its limit this is the fastest rate over the slowest, both at a head that is as long
    as the truth; to a fixed time it is the fastest rate at the start. The same for all problems in closed form.
    """
    norms = np.linalg.norm(problems.truth.head, axis=-1)
    match setting:
        case Setting.SEVERAL_ID_DIRECTIONS | Setting.WIDE_SCALES:
            return np.linalg.cond(problems.training_covariance) * (1 + norms**-2)
        case Setting.RAW_PARAMETERS | Setting.ANY_LOSS | Setting.WEIGHT_DECAY:
            return norms**2 + np.linalg.norm(problems.pretrained.head, axis=-1) ** 2
        case _:
            return np.zeros_like(norms)


def wide_times(problem: Problem, moments: int) -> Float[Array, " t"]:
    """Start, moments from before the fastest rate to beyond the slowest, and the limit.

    A head that fits the truth is about as long as the truth is, or longer.
    """
    eigenvalues = jnp.linalg.eigvalsh(problem.training_covariance)
    squares = jnp.sum(problem.truth.head**2), jnp.sum(problem.pretrained.head**2)
    first = 1e-2 / (eigenvalues[-1] * (1 + squares[0] + squares[1]))
    last = 1e2 / (eigenvalues[0] * jnp.minimum(1.0, squares[0]))
    middle = first * (last / first) ** jnp.linspace(0.0, 1.0, moments)
    return jnp.concatenate([jnp.zeros(1), middle, jnp.full(1, jnp.inf)])


def integrated_evidence(problem: Problem, times: Float[Array, " t"], *, stiff: bool = False) -> ObservedEvidence:
    """Evidence from the reduced flow, at sorted times from 0 to infinity; any number of ID directions.

    Args:
      stiff: the implicit solver, for rates that differ by decades.
    """
    reduced = reduce(problem, compress=stiff or None)
    probed = linear_probing.limit(reduced)

    def path(head: Float[Array, " r"]) -> tuple[LinearNetwork, Bool[Array, ""]]:
        start = reduced.with_head(head)
        solution = integrate(start, times, lambda state: state, numerics=Numerics(stiff=stiff, rtol=RTOL))
        return networks_along(solution.observed, reduced, problem), solution.succeeded

    fine_tuned, lp_ft = from_each_head(path, reduced.start.head, probed.head)
    return _observed(problem, reduced, fine_tuned, lp_ft, probed, ACCURACY)


def _closed_form(problem: Problem, key: PRNGKeyArray | None) -> ObservedEvidence:
    return ObservedEvidence(evidence=closed_form_evidence(problem), solved=jnp.asarray(True))


def _flow_to_usual_times(problem: Problem, key: PRNGKeyArray | None) -> ObservedEvidence:
    times = jnp.concatenate([jnp.zeros(1), jnp.logspace(-2, 3, MOMENTS), jnp.full(1, jnp.inf)])
    return integrated_evidence(problem, times)


def _stiff_flow(problem: Problem, key: PRNGKeyArray | None) -> ObservedEvidence:
    return integrated_evidence(problem, wide_times(problem, MOMENTS), stiff=True)


def _raw_flow(problem: Problem, key: PRNGKeyArray | None) -> ObservedEvidence:
    """The definition itself: all k + k d parameters, with no use of what the statements claim."""
    reduced = reduce(problem)
    probed = linear_probing.limit(reduced)
    times = jnp.concatenate([jnp.zeros(1), jnp.logspace(-2, 1.5, MOMENTS)])

    def path(head: Float[Array, " k"]) -> tuple[LinearNetwork, Bool[Array, ""]]:
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda _, network, problem: raw_vector_field(network, problem)),
            diffrax.Dopri8(),
            t0=0.0,
            t1=times[-1],
            dt0=None,
            y0=LinearNetwork(head=head, features=problem.pretrained.features),
            args=problem,
            saveat=diffrax.SaveAt(ts=times),
            stepsize_controller=diffrax.PIDController(rtol=RTOL, atol=1e-2 * RTOL),
            max_steps=20_000,
            throw=False,
        )
        networks: Any = solution.ys  # asked for at `times`, so not None
        return networks, solution.result == diffrax.RESULTS.successful

    fine_tuned, lp_ft = from_each_head(path, problem.pretrained.head, probed.head)
    return _observed(problem, reduced, fine_tuned, lp_ft, probed, ROUNDING)


#: The networks along a path, and whether it was solved.
SolvedPath = tuple[LinearNetwork, Bool[Array, ""]]


def _observed(
    problem: Problem,
    reduced: ReducedProblem,
    fine_tuned: SolvedPath,
    lp_ft: SolvedPath,
    probed: FlowState,
    accuracy: float,
) -> ObservedEvidence:
    """Evidence from the two solved paths: fine-tuning from the pretrained head, and from the probed one."""
    ends = jax.tree.map(lambda *parts: jnp.stack(parts), reduced.start, probed)
    evidence = Evidence(
        problem=problem,
        fine_tuning=fine_tuned[0],
        linear_probing=networks_along(ends, reduced, problem),
        lp_ft=lp_ft[0],
        accuracy=accuracy,
    )
    return ObservedEvidence(evidence=evidence, solved=fine_tuned[1] & lp_ft[1])
