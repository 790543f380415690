"""What one problem says about every method: risks at the limits, the best over all times, and the bounds.

Two ways to the same numbers: in closed form where there is one, and by the integrated reduced flow otherwise, which
also brings back what happens along the way. Both are for `vmap`.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from simulations.bounds import Bounds
from simulations.integration import Numerics, integrate
from theory import linear_probing
from theory.alignment import head_alignment_error
from theory.fine_tuning import one_active_unit, one_id_direction
from theory.problem import Problem
from theory.reduction import FlowState, ReducedProblem, id_risk, ood_risk, reduce

#: Moments on a path over which the lowest OOD risk is sought; evenly spaced in rapidity (one ID direction) or log time.
MOMENTS = 65
UNIT_MOMENTS = 33
INTEGRATED_MOMENTS = 25
#: How far from linear probing to fine-tuning weights are interpolated.
FRACTIONS = np.linspace(0.0, 1.0, 21)


class Measured(eqx.Module):
    """Risks of one problem; `best` are the lowest OOD risks over all stopping times (start and limit included).

    `head_error` is phi. Movements are root mean squares over ID inputs, at the limit.
    """

    head_error: Float[Array | np.ndarray, "*batch"]
    lp_id: Float[Array | np.ndarray, "*batch"]
    lp_ood: Float[Array | np.ndarray, "*batch"]
    lp_best_ood: Float[Array | np.ndarray, "*batch"]
    ft_id: Float[Array | np.ndarray, "*batch"]
    ft_ood: Float[Array | np.ndarray, "*batch"]
    ft_best_ood: Float[Array | np.ndarray, "*batch"]
    lp_ft_id: Float[Array | np.ndarray, "*batch"]
    lp_ft_ood: Float[Array | np.ndarray, "*batch"]
    lp_ft_worst_ood: Float[Array | np.ndarray, "*batch"]
    ft_movement: Float[Array | np.ndarray, "*batch"]
    lp_ft_movement: Float[Array | np.ndarray, "*batch"]
    bounds: Bounds
    solved: Bool[Array | np.ndarray, "*batch"]


class Curves(eqx.Module):
    """Fine-tuning and LP-FT of one problem at `integrated_times`, start and limit included."""

    ft_id: Float[Array | np.ndarray, "*batch t"]
    ft_ood: Float[Array | np.ndarray, "*batch t"]
    ft_movement: Float[Array | np.ndarray, "*batch t"]
    lp_ft_id: Float[Array | np.ndarray, "*batch t"]
    lp_ft_ood: Float[Array | np.ndarray, "*batch t"]
    lp_ft_movement: Float[Array | np.ndarray, "*batch t"]


class Interpolated(eqx.Module):
    """Risks of networks whose parameters lie at `FRACTIONS` of the way from linear probing to the limit of another."""

    towards_ft_id: Float[Array | np.ndarray, "*batch f"]
    towards_ft_ood: Float[Array | np.ndarray, "*batch f"]
    towards_lp_ft_id: Float[Array | np.ndarray, "*batch f"]
    towards_lp_ft_ood: Float[Array | np.ndarray, "*batch f"]


class Followed(eqx.Module):
    """Everything that an integrated problem brings back; ensembles keep what they show."""

    measured: Measured
    curves: Curves
    interpolated: Interpolated


def measured_exactly(problem: Problem) -> Measured:
    """One ID direction, or one feature and an isotropic training covariance: everything in closed form."""
    reduced = reduce(problem, compress=False)
    probed = linear_probing.limit(reduced)
    path = _path_of_one_direction if problem.id_dim == 1 else _path_of_one_unit
    return _measured(problem, reduced, probed, path(reduced), path(reduced.with_head(probed.head)), jnp.asarray(True))


def integrated_times(smallest_eigenvalue: Float[Array, ""] | float) -> Float[Array, " t"]:
    """Start, moments evenly spaced in logarithm on the scale of the slowest direction, and the limit."""
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
    starts = jnp.stack([reduced.start.head, probed.head])
    # Tolerances for a picture; the accuracy of single solutions is that of `gradient_flow`.
    numerics = Numerics(rtol=1e-8, max_steps=20_000)
    runs = jax.vmap(lambda head: integrate(reduced.with_head(head), times, lambda state: state, numerics=numerics))(
        starts
    )
    tuned, both = (jax.tree.map(lambda leaf, which=which: leaf[which], runs.observed) for which in (0, 1))
    return Followed(
        measured=_measured(problem, reduced, probed, tuned, both, jnp.all(runs.succeeded)),
        curves=_curves(reduced, tuned, both),
        interpolated=_interpolated(reduced, probed, tuned, both),
    )


def _curves(reduced: ReducedProblem, tuned: FlowState, both: FlowState) -> Curves:
    def along(path: FlowState) -> tuple[Float[Array, " t"], Float[Array, " t"], Float[Array, " t"]]:
        risks = (jax.vmap(lambda state, risk=risk: risk(state, reduced))(path) for risk in (id_risk, ood_risk))
        return *risks, _movement(path, reduced)

    (ft_id, ft_ood, ft_movement), (lp_ft_id, lp_ft_ood, lp_ft_movement) = along(tuned), along(both)
    return Curves(ft_id, ft_ood, ft_movement, lp_ft_id, lp_ft_ood, lp_ft_movement)


def _interpolated(reduced: ReducedProblem, probed: FlowState, tuned: FlowState, both: FlowState) -> Interpolated:
    def risks(path: FlowState) -> list[Float[Array, " f"]]:
        end = jax.tree.map(lambda leaf: leaf[-1], path)

        def between(fraction: Float[Array, ""]) -> FlowState:
            return jax.tree.map(lambda first, last: first + fraction * (last - first), probed, end)

        states = jax.vmap(between)(jnp.asarray(FRACTIONS))
        return [jax.vmap(lambda state, risk=risk: risk(state, reduced))(states) for risk in (id_risk, ood_risk)]

    return Interpolated(*risks(tuned), *risks(both))


def _movement(path: FlowState, reduced: ReducedProblem) -> Float[Array, " t"]:
    """Root mean square over ID inputs of unit length."""
    change = path.id_features - reduced.start.id_features
    return jnp.linalg.norm(change, axis=(1, 2)) / jnp.sqrt(float(change.shape[2]))


def _measured(
    problem: Problem,
    reduced: ReducedProblem,
    probed: FlowState,
    tuned: FlowState,
    both: FlowState,
    solved: Bool[Array, ""],
) -> Measured:
    tuned_ood, both_ood = (jax.vmap(lambda state: ood_risk(state, reduced))(path) for path in (tuned, both))
    smallest = jnp.linalg.eigvalsh(problem.training_covariance)[0]
    probing_times = jnp.concatenate([jnp.zeros(1), jnp.logspace(-2, 4, MOMENTS) / smallest])
    probing = jax.vmap(lambda time: ood_risk(linear_probing.state_at(reduced, time), reduced))(probing_times)
    ends = [jax.tree.map(lambda leaf: leaf[-1], path) for path in (tuned, both)]
    return Measured(
        head_error=head_alignment_error(problem),
        lp_id=id_risk(probed, reduced),
        lp_ood=ood_risk(probed, reduced),
        lp_best_ood=jnp.minimum(jnp.min(probing), ood_risk(probed, reduced)),
        ft_id=id_risk(ends[0], reduced),
        ft_ood=tuned_ood[-1],
        ft_best_ood=jnp.min(tuned_ood),
        lp_ft_id=id_risk(ends[1], reduced),
        lp_ft_ood=both_ood[-1],
        lp_ft_worst_ood=jnp.max(both_ood),
        ft_movement=_movement(tuned, reduced)[-1],
        lp_ft_movement=_movement(both, reduced)[-1],
        bounds=Bounds.of(problem),
        solved=solved,
    )
