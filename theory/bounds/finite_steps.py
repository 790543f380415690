"""The half-space bound for gradient descent with finite steps, minibatches and weight decay, on any loss and labels.

A step `v' = a v - eta g_v, B' = a B - eta g_B` with a = 1 - 2 eta lambda (weight decay lambda) changes the conserved
form exactly by `Lambda' = a^2 Lambda + eta^2 (g_v g_v^T - g_B g_B^T)`, whatever the loss. What the second square takes
away, divided by what decay has shrunk everything to, is summed along a run. Plain steps only: Adam and its like
conserve nothing. Source: docs/theory.md, section "Any loss, any labels, finite steps"; no counterpart in the paper.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from theory.bounds.half_space import half_space_lower_bound
from theory.bounds.half_space_several_outputs import several_outputs_half_space_bound
from theory.compiled import compiled, compiled_and_checked
from theory.problem import Problem


class Drift(eqx.Module):
    """What finite steps did to the conserved form up to some step n, with c_n = a_1^2 ... a_n^2.

    Attributes:
      lost: sum of eta^2 g_B g_B^T / c_j over the steps j: what every direction can have lost, relative to c_n.
      gained: the same of g_v g_v^T; `Lambda_n = c_n (Lambda_0 + gained - lost)`.
      shrinkage: c_n; 1 without weight decay.
      longest_head_step: largest eta |g_v| / sqrt(c_j): how far the head went in one step, relative to its decay.
    """

    lost: Float[Array, "*t k k"]
    gained: Float[Array, "*t k k"]
    shrinkage: Float[Array, "*t"]
    longest_head_step: Float[Array, "*t"]


def head_keeps_its_sign(problem: Problem, drift: Drift) -> Bool[Array, ""]:
    """Whether no step can have carried the head across: each was shorter than the gap between the two sheets.

    The heads with `v v^T >= Lambda_0 - lost` form two opposite sheets, at a distance of twice the root of the largest
    eigenvalue.
    """
    head, id_features = problem.pretrained.head, problem.pretrained.features @ problem.id_frame
    left = jnp.outer(head, head) - id_features @ id_features.T - drift.lost
    largest = jnp.linalg.eigvalsh(left)[-1]
    return (largest > 0) & (drift.longest_head_step < 2 * jnp.sqrt(jnp.maximum(largest, 0.0)))


@compiled_and_checked
def finite_step_lower_bound(problem: Problem, drift: Drift) -> Float[Array, ""]:
    """Lower bound on sqrt(OOD risk) after each step of a run up to the one at which `drift` was read.

    Without weight decay; with it, at that step itself. Where a step was long enough to turn the head's sign it is the
    bound without a sign.

    Args:
      drift: at one step, of a run of plain gradient steps with one learning rate for head and features.
    """
    signed = half_space_lower_bound(problem, lost=drift.lost, shrinkage=drift.shrinkage)
    reflected = problem.with_head(-problem.pretrained.head)
    unsigned = jnp.minimum(signed, half_space_lower_bound(reflected, lost=drift.lost, shrinkage=drift.shrinkage))
    return jnp.where(head_keeps_its_sign(problem, drift), signed, unsigned)


@compiled
def several_outputs_finite_step_bound(
    head: Float[Array, "k q"],
    features: Float[Array, "k d"],
    id_frame: Float[Array, "d m"],
    target: Float[Array, "d q"],
    drift: Drift,
) -> Float[Array, ""]:
    """`finite_step_lower_bound` for several outputs, on `||B^T V - W*||`: signs play no part there.

    Args:
      head, features: V0 and B0, where the run started.
      target: W*, the true linear map.
      drift: as for `finite_step_lower_bound`.
    """
    return several_outputs_half_space_bound(
        head, features, id_frame, target, lost=drift.lost, shrinkage=drift.shrinkage
    )


@compiled_and_checked
def weight_decay_lower_bound(problem: Problem, rate: Float[Array, ""], time: Float[Array, ""]) -> Float[Array, ""]:
    """Lower bound on sqrt(OOD risk) at a time of gradient flow with the penalty `rate (|v|^2 + ||B||_F^2)`.

    Weights shrink: `s u . w(t) >= exp(-4 rate t) sqrt(lam)`. At infinite time only what they cannot reach is left.

    Args:
      rate: lambda of the penalty, at least 0.
      time: learning rate x steps.
    """
    return half_space_lower_bound(problem, shrinkage=jnp.exp(-4 * rate * time))
