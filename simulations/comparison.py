"""The three methods compared on one problem: risks at the limits, the extremes over all times, and the bounds.

Two ways to the same numbers: in closed form where there is one, and by the integrated reduced flow otherwise, which
also brings back what happens along the way. Both are for `vmap`.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from simulations.bounds import Bounds
from simulations.by_method import ByMethod, FlowRisks, Risks
from simulations.integration import Numerics, integrate
from simulations.starting_heads import from_each_head
from theory import linear_probing
from theory.alignment import head_alignment_error
from theory.arguments import check_number, is_concrete
from theory.fine_tuning import one_active_unit, one_id_direction
from theory.problem import Problem
from theory.reduction import FlowState, ReducedProblem, id_risk, ood_risk, reduce

#: Moments on a path over which the lowest OOD risk is sought; evenly spaced in rapidity (one ID direction) or log time.
MOMENTS = 65
UNIT_MOMENTS = 33
INTEGRATED_MOMENTS = 25
#: How far from linear probing to fine-tuning weights are interpolated.
FRACTIONS = np.linspace(0.0, 1.0, 21)


class Comparison(eqx.Module):
    """The methods on one problem, with its head alignment error phi, every bound, and whether all could be solved."""

    head_error: Float[Array | np.ndarray, "*batch"]
    methods: ByMethod[FlowRisks]
    bounds: Bounds
    solved: Bool[Array | np.ndarray, "*batch"]


class RiskCurve(eqx.Module):
    """Risks and feature movement (root mean square over ID inputs of unit length) at `integrated_times`."""

    id: Float[Array | np.ndarray, "*batch t"]
    ood: Float[Array | np.ndarray, "*batch t"]
    movement: Float[Array | np.ndarray, "*batch t"]


class Curves(eqx.Module):
    """The two methods that move features, from start to limit."""

    fine_tuning: RiskCurve
    lp_ft: RiskCurve


class Interpolated(eqx.Module):
    """Risks of networks whose parameters lie at `FRACTIONS` of the way from linear probing to the limit of a method."""

    fine_tuning: Risks
    lp_ft: Risks


class Followed(eqx.Module):
    """Everything that an integrated problem brings back; ensembles keep what they show."""

    comparison: Comparison
    curves: Curves
    interpolated: Interpolated


def compared_exactly(problem: Problem) -> Comparison:
    """One ID direction, or one feature and an isotropic training covariance: everything in closed form.

    Raises:
      ValueError: the problem has several ID directions and several features, or, where it is not traced, another
        covariance.
    """
    reduced = reduce(problem, compress=False)
    if problem.id_dim != 1:
        if problem.feature_dim != 1:
            raise ValueError(
                "`problem` must have one ID direction or one feature, "
                f"got m={problem.id_dim} and k={problem.feature_dim}; follow it by integration."
            )
        isotropic = one_active_unit.is_isotropic(reduced)
        if is_concrete(isotropic) and not isotropic:
            raise ValueError("`problem` must have an isotropic training covariance where it has several ID directions.")
    probed = linear_probing.limit(reduced)
    path = _path_of_one_direction if problem.id_dim == 1 else _path_of_one_unit
    fine_tuned, lp_ft = path(reduced), path(reduced.with_head(probed.head))
    return _comparison(problem, reduced, probed, fine_tuned, lp_ft, jnp.asarray(True))


def integrated_times(smallest_eigenvalue: Float[Array, ""] | float) -> Float[Array, " t"]:
    """Start, moments evenly spaced in logarithm on the scale of the slowest direction, and the limit.

    Raises:
      ValueError: the eigenvalue is not positive.
    """
    check_number("smallest_eigenvalue", smallest_eigenvalue, 0.0, above=True)
    middle = jnp.logspace(-2, 3, INTEGRATED_MOMENTS - 2) / smallest_eigenvalue
    return jnp.concatenate([jnp.zeros(1), middle, jnp.full(1, jnp.inf)])


def _path_of_one_direction(start: ReducedProblem) -> FlowState:
    fractions = jnp.linspace(0.0, 1.0, MOMENTS)
    along = jax.vmap(lambda fraction: one_id_direction.state_on_path(start, fraction))(fractions)
    end = one_id_direction.limit(start)
    return jax.tree.map(lambda leaf, last: leaf.at[-1].set(last), along, end)


def _path_of_one_unit(start: ReducedProblem) -> FlowState:
    largest = jnp.max(start.training_covariance)
    moments = jnp.logspace(-2, 3, UNIT_MOMENTS - 2) / largest
    times = jnp.concatenate([jnp.zeros(1), moments, jnp.full(1, jnp.inf)])
    return jax.vmap(lambda time: one_active_unit.state_at(start, time))(times)


def followed_by_integration(problem: Problem) -> Followed:
    """Several ID directions: the reduced flow, observed from start to limit."""
    reduced = reduce(problem, compress=False)
    probed = linear_probing.limit(reduced)
    times = integrated_times(jnp.linalg.eigvalsh(problem.training_covariance)[0])
    # Tolerances for a picture; the accuracy of single solutions is that of `gradient_flow`.
    numerics = Numerics(rtol=1e-8, max_steps=20_000)
    fine_tuned, lp_ft = from_each_head(
        lambda head: integrate(reduced.with_head(head), times, lambda state: state, numerics=numerics),
        reduced.start.head,
        probed.head,
    )
    paths = (fine_tuned.observed, lp_ft.observed)
    solved = fine_tuned.succeeded & lp_ft.succeeded
    return Followed(
        comparison=_comparison(problem, reduced, probed, *paths, solved),
        curves=Curves(*(_curve(path, reduced) for path in paths)),
        interpolated=Interpolated(*(_between(probed, path, reduced) for path in paths)),
    )


def _curve(path: FlowState, reduced: ReducedProblem) -> RiskCurve:
    id_risks, ood_risks = (
        jax.vmap(lambda state, risk=risk: risk(state, reduced))(path) for risk in (id_risk, ood_risk)
    )
    return RiskCurve(id=id_risks, ood=ood_risks, movement=_movement(path, reduced))


def _between(probed: FlowState, path: FlowState, reduced: ReducedProblem) -> Risks:
    """Risks on the straight line from the probed parameters to the end of a path."""
    end = jax.tree.map(lambda leaf: leaf[-1], path)

    def between(fraction: Float[Array, ""]) -> FlowState:
        return jax.tree.map(lambda first, last: first + fraction * (last - first), probed, end)

    states = jax.vmap(between)(jnp.asarray(FRACTIONS))
    return Risks(*(jax.vmap(lambda state, risk=risk: risk(state, reduced))(states) for risk in (id_risk, ood_risk)))


def _movement(path: FlowState, reduced: ReducedProblem) -> Float[Array, " t"]:
    """Root mean square over ID inputs of unit length."""
    change = path.id_features - reduced.start.id_features
    return jnp.linalg.norm(change, axis=(1, 2)) / jnp.sqrt(float(change.shape[2]))


def _comparison(
    problem: Problem,
    reduced: ReducedProblem,
    probed: FlowState,
    fine_tuned: FlowState,
    lp_ft: FlowState,
    solved: Bool[Array, ""],
) -> Comparison:
    return Comparison(
        head_error=head_alignment_error(problem),
        methods=ByMethod(
            linear_probing=_probing_risks(problem, reduced, probed),
            fine_tuning=_risks_along(fine_tuned, reduced),
            lp_ft=_risks_along(lp_ft, reduced),
        ),
        bounds=Bounds.of(problem),
        solved=solved,
    )


def _probing_risks(problem: Problem, reduced: ReducedProblem, limit: FlowState) -> FlowRisks:
    smallest = jnp.linalg.eigvalsh(problem.training_covariance)[0]
    times = jnp.concatenate([jnp.zeros(1), jnp.logspace(-2, 4, MOMENTS) / smallest])
    along = jax.vmap(lambda time: ood_risk(linear_probing.state_at(reduced, time), reduced))(times)
    ood_at_limit = ood_risk(limit, reduced)
    return FlowRisks(
        id=id_risk(limit, reduced),
        ood=ood_at_limit,
        lowest_ood=jnp.minimum(jnp.min(along), ood_at_limit),
        highest_ood=jnp.maximum(jnp.max(along), ood_at_limit),
        movement=jnp.zeros_like(ood_at_limit),
    )


def _risks_along(path: FlowState, reduced: ReducedProblem) -> FlowRisks:
    along = jax.vmap(lambda state: ood_risk(state, reduced))(path)
    return FlowRisks(
        id=id_risk(jax.tree.map(lambda leaf: leaf[-1], path), reduced),
        ood=along[-1],
        lowest_ood=jnp.min(along),
        highest_ood=jnp.max(along),
        movement=_movement(path, reduced)[-1],
    )
