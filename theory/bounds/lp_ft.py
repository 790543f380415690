"""Upper bounds on the OOD risk and the feature movement of LP-FT, with imperfect features.

With V = |v_lp| and s = sqrt(kappa) eps W, the premise is s < V^2, and the head travels at most V - sqrt(V^2 - s).
Source: docs/theory.md, section "The LP-FT upper bound"; extends the paper's Proposition 3.2 to eps > 0.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from theory import linear_probing
from theory.alignment import feature_error, truth_norm
from theory.bounds.linear_probing import condition_number
from theory.compiled import compiled_and_checked
from theory.problem import Problem
from theory.reduction import reduce
from theory.risks import ood_conditioning
from theory.subspaces import NO_ANGLE, on_subspace_cosine


def probed_head_norm(problem: Problem) -> Float[Array, ""]:
    """V = |v_lp|, the length of the head at which LP-FT starts."""
    return jnp.linalg.norm(linear_probing.limit(reduce(problem)).head)


def lp_ft_stays_close(problem: Problem) -> Bool[Array, ""]:
    """The premise of the bounds below: `sqrt(kappa) eps W < V^2`.

    Under it the training loss goes to 0 exponentially before the head has lost its length.
    """
    return _misfit(problem) < probed_head_norm(problem) ** 2


@compiled_and_checked
def lp_ft_upper_bound(problem: Problem) -> Float[Array, ""]:
    """Upper bound on sqrt(OOD risk) of LP-FT at every time; infinite where `lp_ft_stays_close` fails or c_S = 0.

    `max(E + V - sqrt(V^2 - s), hypot(E, s))` with E = eps W + s / c_S, at most
    `eps W (1 + sqrt(kappa) (1 + 1 / c_S + 1 / V))`: what is left of s pays for the path of the head.
    """
    visible = on_subspace_cosine(problem.pretrained.features, problem.id_frame)
    holds = lp_ft_stays_close(problem) & (visible > NO_ANGLE)
    misfit, error = _misfit(problem), feature_error(problem) * truth_norm(problem)
    start = error + misfit / jnp.where(holds, visible, 1.0)
    at_start = jnp.sqrt(jnp.where(error > 0, misfit**2 + start**2, 1.0))  # no square root at 0: it has no derivative
    bound = jnp.maximum(start + _head_path_bound(problem), at_start)
    return jnp.sqrt(ood_conditioning(problem)[1]) * jnp.where(holds, jnp.where(error > 0, bound, 0.0), jnp.inf)


def lp_ft_feature_movement_bound(problem: Problem) -> Float[Array, ""]:
    """Upper bound on `||B(t) - B0||_F` of LP-FT at every time: `2 (V - sqrt(V^2 - s))`; infinite without the premise.

    At most `2 sqrt(kappa) eps W / V`: makes the paper's section 4.3 (LP-FT moves features little) quantitative.
    """
    return jnp.where(lp_ft_stays_close(problem), 2 * _head_path_bound(problem), jnp.inf)


def _misfit(problem: Problem) -> Float[Array, ""]:
    """s = sqrt(kappa) eps W: linear probing leaves a training loss of at most mu s^2."""
    return jnp.sqrt(condition_number(problem)) * feature_error(problem) * truth_norm(problem)


def _head_path_bound(problem: Problem) -> Float[Array, ""]:
    """V - sqrt(V^2 - s), without the cancellation; meaningless without the premise."""
    misfit, length = _misfit(problem), probed_head_norm(problem)
    holds = misfit < length**2
    length, misfit = jnp.where(holds, length, 1.0), jnp.where(holds, misfit, 0.0)
    return misfit / (length + jnp.sqrt(length**2 - misfit))
