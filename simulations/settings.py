"""The families of random problems on which statements are verified, with everything that is observed of them.

Scales are drawn log-uniformly over decades, angles uniformly with their extremes given extra weight, heads in every
position towards the truth: the violations of the published bound sit in corners that a Gaussian would never visit.
"""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray, Scalar

from simulations.integration import Numerics, integrate
from simulations.sampling import Dimensions, sample_angles_up_to, sample_problem
from theory import linear_probing
from theory.alignment import aligned_truth
from theory.fine_tuning.flow import raw_vector_field
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.reduction import FlowState, reduce
from theory.statements import Evidence, Setting, closed_form_evidence
from theory.statements.evidence import networks_along

ONE_DIRECTION = Dimensions(input_dim=4, feature_dim=1, id_dim=1)
TWO_FEATURES = Dimensions(input_dim=5, feature_dim=2, id_dim=1)
SEVERAL_DIRECTIONS = Dimensions(input_dim=8, feature_dim=2, id_dim=4)
#: Times at which an integrated path is observed, evenly spaced in logarithm, start and limit apart.
MOMENTS = 40


class ObservedEvidence(eqx.Module):
    """Evidence, and whether its problem was solved; where it was not the evidence is meaningless."""

    evidence: Evidence
    solved: Bool[Array, ""]


def draw_problem(setting: Setting, *, key: PRNGKeyArray) -> Problem:
    """One random problem of a setting.

    Use it under `vmap` but not under `jit`: its many small draws compile an order of magnitude faster one by one.
    """
    match setting:
        case Setting.ONE_ID_DIRECTION:
            return _corner_problem(TWO_FEATURES, errors=(1e-7, 1.4), perfect_share=0.25, key=key)
        case Setting.PERFECT_FEATURES:
            return _corner_problem(ONE_DIRECTION, errors=(1e-7, 1.4), perfect_share=1.0, key=key)
        case Setting.GOOD_FEATURES:
            return _corner_problem(ONE_DIRECTION, errors=(1e-9, 1e-2), perfect_share=0.0, key=key)
        case Setting.SEVERAL_ID_DIRECTIONS | Setting.RAW_PARAMETERS:
            return _moderate_problem(key=key)


def observed_evidence(setting: Setting, problem: Problem) -> ObservedEvidence:
    """A problem of a setting, solved under every method; for use under `jit` and `vmap`."""
    match setting:
        case Setting.SEVERAL_ID_DIRECTIONS:
            return _integrated_evidence(problem)
        case Setting.RAW_PARAMETERS:
            return _raw_evidence(problem)
        case _:
            return ObservedEvidence(evidence=closed_form_evidence(problem), solved=jnp.asarray(True))


def log_uniform(key: PRNGKeyArray, low: float, high: float) -> Float[Array, ""]:
    """A positive number, log-uniform between two others."""
    return jnp.exp(jax.random.uniform(key, minval=jnp.log(low), maxval=jnp.log(high)))


def _corner_problem(
    dimensions: Dimensions, *, errors: tuple[float, float], perfect_share: float, key: PRNGKeyArray
) -> Problem:
    """One ID direction, any angle, W and the head over six decades; eps log-uniform, or 0 in a share of the cases."""
    angle_key, error_key, perfect_key, norm_key, head_key, problem_key = jax.random.split(key, 6)
    perfect = jax.random.bernoulli(perfect_key, perfect_share)
    norm = log_uniform(norm_key, 1e-3, 1e3)
    problem = sample_problem(
        dimensions,
        jnp.full(dimensions.angle_count, _angle(angle_key)),
        jnp.ones(dimensions.id_dim),
        feature_error=jnp.where(perfect, 0.0, log_uniform(error_key, *errors)),
        truth_norm=norm,
        head_scale=norm,
        key=problem_key,
    )
    return _with_corner_head(problem, norm, key=head_key)


def _angle(key: PRNGKeyArray) -> Float[Array, ""]:
    """Uniform in (0, pi / 2), close to either end in half of the cases."""
    kind_key, uniform_key, close_key = jax.random.split(key, 3)
    close = log_uniform(close_key, 1e-4, 0.3)
    uniform = jax.random.uniform(uniform_key, minval=0.0, maxval=jnp.pi / 2)
    return jnp.stack([uniform, uniform, close, jnp.pi / 2 - close])[jax.random.randint(kind_key, (), 0, 4)]


def _with_corner_head(problem: Problem, norm: Scalar, *, key: PRNGKeyArray) -> Problem:
    """A head that is random at any scale, parallel or opposite to the aligned truth, nearly perfect, or zero."""
    kind_key, scale_key, close_key, long_key = jax.random.split(key, 4)
    truth = aligned_truth(problem).head
    scale = log_uniform(scale_key, 1e-3, 1e3) / norm
    heads = [
        problem.pretrained.head * log_uniform(close_key, 0.1, 10.0),
        problem.pretrained.head * scale,
        truth * log_uniform(long_key, 0.1, 10.0),
        -truth * log_uniform(long_key, 0.1, 10.0),
        truth * (1 + log_uniform(close_key, 1e-3, 1.0)),
        jnp.zeros_like(truth),
    ]
    return problem.with_head(jnp.stack(heads)[jax.random.randint(kind_key, (), 0, len(heads))])


def _moderate_problem(*, key: PRNGKeyArray) -> Problem:
    """Several ID directions, scales within a decade of 1, condition number up to 100, eps from 1e-6 to 1."""
    angle_key, spread_key, error_key, norm_key, head_key, problem_key = jax.random.split(key, 6)
    largest = jax.random.uniform(angle_key, minval=0.05, maxval=jnp.pi / 2 - 0.05)
    spread = jnp.log(log_uniform(spread_key, 1.0, 100.0))
    exponents = jnp.linspace(0.0, 1.0, SEVERAL_DIRECTIONS.id_dim)
    return sample_problem(
        SEVERAL_DIRECTIONS,
        sample_angles_up_to(largest, SEVERAL_DIRECTIONS.angle_count, key=angle_key),
        jnp.exp(-spread * exponents),
        feature_error=log_uniform(error_key, 1e-6, 1.0),
        truth_norm=log_uniform(norm_key, 0.3, 3.0),
        head_scale=log_uniform(head_key, 0.3, 3.0),
        key=problem_key,
    )


def _integrated_evidence(problem: Problem) -> ObservedEvidence:
    reduced = reduce(problem)
    probed = linear_probing.limit(reduced)
    times = jnp.concatenate([jnp.zeros(1), jnp.logspace(-2, 3, MOMENTS), jnp.full(1, jnp.inf)])

    def path(head: Float[Array, " r"]) -> tuple[LinearNetwork, Bool[Array, ""]]:
        start = reduced.with_head(head)
        solution = integrate(start, times, lambda state: state, numerics=Numerics(rtol=1e-10))
        return networks_along(solution.observed, reduced, problem), solution.succeeded

    # One vmapped solve for both starts: the solver is compiled once.
    networks, solved = jax.vmap(path)(jnp.stack([reduced.start.head, probed.head]))
    return _observed(problem, networks, solved, probed)


def _raw_evidence(problem: Problem) -> ObservedEvidence:
    """The definition itself: all k + k d parameters, with no use of what the statements claim."""
    probed = linear_probing.limit(reduce(problem))
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
            stepsize_controller=diffrax.PIDController(rtol=1e-10, atol=1e-12),
            max_steps=20_000,
            throw=False,
        )
        return solution.ys, solution.result == diffrax.RESULTS.successful

    networks, solved = jax.vmap(path)(jnp.stack([problem.pretrained.head, probed.head]))
    return _observed(problem, networks, solved, probed)


def _observed(
    problem: Problem, networks: LinearNetwork, solved: Bool[Array, "2"], probed: FlowState
) -> ObservedEvidence:
    """Evidence from the two solved paths: fine-tuning from the pretrained head, and from the probed one."""
    reduced = reduce(problem)
    ends = jax.tree.map(lambda *parts: jnp.stack(parts), reduced.start, probed)
    fine_tuning = jax.tree.map(lambda leaf: leaf[0], networks)
    lp_ft = jax.tree.map(lambda leaf: leaf[1], networks)
    evidence = Evidence(
        problem=problem,
        fine_tuning=fine_tuning,
        linear_probing=networks_along(ends, reduced, problem),
        lp_ft=lp_ft,
    )
    return ObservedEvidence(evidence=evidence, solved=jnp.all(solved))
