"""The threshold T: below which feature error linear probing beats fine-tuning, from visible shares and conditioning.

The submission announces T(d, n, k) and leaves it to its appendix. Here it is what the certificate gives. The lower
bounds on fine-tuning are at least `g - eps W`, where g is the same bound for the truth with the pretrained features and
the aligned head: c x of the implicit bound, x the smallest head error, and of the half-space bound the distance of that
truth to the heads that conservation allows. Linear probing wins where `eps W (1 + sqrt(kappa) / c_S) < g - eps W`,
hence for all

    eps < T = g / (W (2 + sqrt(kappa) / c_S)).

For Gaussian inputs and random features c, c_S and kappa concentrate as d grows with n / d and k / d fixed, and so T
becomes a function of these two, of W and of the head. Source: docs/theory.md, section "The threshold".
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

from theory.alignment import aligned_truth
from theory.bounds.certificate import best_lower_bound
from theory.compiled import compiled_and_checked
from theory.networks import LinearNetwork
from theory.problem import Problem


@compiled_and_checked
def perfect_feature_bound(problem: Problem) -> Float[Array, ""]:
    """g: the best lower bound on D = |w - w*| for the same aligned truth with perfect features.

    With features that are wrong by eps the best lower bound on D is at least `g - eps W`. An OOD second moment plays no
    part.
    """
    head = aligned_truth(problem).head
    perfect = Problem(
        truth=LinearNetwork(head, problem.pretrained.features),
        pretrained=problem.pretrained,
        id_frame=problem.id_frame,
        training_covariance=problem.training_covariance,
    )
    return best_lower_bound(perfect)


def certified_threshold(
    lower_bound: Scalar, *, norm: Scalar | float, on_cosine: Scalar | float, condition: Scalar | float
) -> Float[Array, ""]:
    """T: linear probing beats fine-tuning at every stopping time out of distribution where eps < T.

    Args:
      lower_bound: g, as `perfect_feature_bound` has it.
      norm: W.
      on_cosine: c_S; T = 0 where it is 0.
      condition: kappa.
    """
    visible = on_cosine > 0
    factor = jnp.where(visible, 2 + jnp.sqrt(condition) / jnp.where(visible, on_cosine, 1.0), jnp.inf)
    return lower_bound / (norm * factor)


def limiting_cosines(
    example_share: Scalar | float, feature_share: Scalar | float
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Limits of c and c_S for a uniformly random ID subspace, as d grows: cosines of the edges of a Jacobi ensemble.

    `c = sqrt((1 - a) (1 - b)) - sqrt(a b)`, 0 where a + b >= 1, and `c_S = sqrt(a (1 - b)) - sqrt((1 - a) b)`, 0 where
    b >= a. Source: the law of principal angles between random subspaces (Absil, Edelman and Koev, 2006).

    Args:
      example_share: a = n / d, the dimension of the ID subspace over that of the inputs.
      feature_share: b = k / d.
    """
    a, b = jnp.asarray(example_share), jnp.asarray(feature_share)
    off = jnp.sqrt((1 - a) * (1 - b)) - jnp.sqrt(a * b)
    on = jnp.sqrt(a * (1 - b)) - jnp.sqrt((1 - a) * b)
    return jnp.maximum(off, 0.0), jnp.maximum(on, 0.0)


def limiting_condition(example_share: Scalar | float) -> Float[Array, ""]:
    """Limit of kappa for n Gaussian inputs of d dimensions, n < d: `((1 + sqrt a) / (1 - sqrt a))^2` with a = n / d.

    Source: edges of the law of Marchenko and Pastur.
    """
    root = jnp.sqrt(jnp.asarray(example_share))
    return ((1 + root) / (1 - root)) ** 2
