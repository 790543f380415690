"""Upper bounds on the OOD risk and the feature movement of LP-FT, with imperfect features."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from theory import linear_probing
from theory.alignment import feature_error, truth_norm
from theory.bounds.linear_probing import condition_number
from theory.problem import Problem
from theory.reduction import reduce
from theory.risks import ood_conditioning
from theory.subspaces import NO_ANGLE, on_subspace_cosine


def probed_head_norm(problem: Problem) -> Float[Array, ""]:
    """V = |v_lp|, the length of the head at which LP-FT starts."""
    return jnp.linalg.norm(linear_probing.limit(reduce(problem)).head)


def lp_ft_stays_close(problem: Problem) -> Bool[Array, ""]:
    """The premise of the bounds below: `8 kappa eps W sqrt(1 + 2.25 V^2) < V^3`.

    Under it the training loss goes to 0 exponentially before the head has moved by half its length.
    """
    length = probed_head_norm(problem)
    error = feature_error(problem) * truth_norm(problem)
    return 8 * condition_number(problem) * error * jnp.sqrt(1 + 2.25 * length**2) < length**3


def lp_ft_upper_bound(problem: Problem) -> Float[Array, ""]:
    """Upper bound on sqrt(OOD risk) of LP-FT at every time; infinite where `lp_ft_stays_close` fails.

    `eps W (1 + sqrt(kappa) + sqrt(kappa) / c_S + 4 kappa sqrt(1 + 2.25 V^2) / V^2)`. Source: docs/theory.md, section
    "The LP-FT upper bound"; extends the paper's Proposition 3.2 to eps > 0.
    """
    condition, length = condition_number(problem), probed_head_norm(problem)
    visible = on_subspace_cosine(problem.pretrained.features, problem.id_frame)
    holds = lp_ft_stays_close(problem) & (visible > NO_ANGLE)
    length, visible = jnp.where(holds, length, 1.0), jnp.where(holds, visible, 1.0)
    root = jnp.sqrt(condition)
    factor = 1 + root + root / visible + 4 * condition * jnp.sqrt(1 + 2.25 * length**2) / length**2
    bound = feature_error(problem) * truth_norm(problem) * factor
    return jnp.sqrt(ood_conditioning(problem)[1]) * jnp.where(holds, bound, jnp.inf)


def lp_ft_feature_movement_bound(problem: Problem) -> Float[Array, ""]:
    """Upper bound on `||B(t) - B0||_F` of LP-FT at every time: `6 kappa eps W / V`; infinite without the premise.

    Source: docs/theory.md, section "The LP-FT upper bound"; makes the paper's section 4.3 (LP-FT moves features little)
    quantitative.
    """
    holds = lp_ft_stays_close(problem)
    length = jnp.where(holds, probed_head_norm(problem), 1.0)
    error = feature_error(problem) * truth_norm(problem)
    return jnp.where(holds, 6 * condition_number(problem) * error / length, jnp.inf)
