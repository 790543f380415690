"""Beyond the paper: several outputs, `f(x) = V^T B x`, with the lower bound that theory has for them.

Small steps of gradient descent stand in for the flow, for which the bound is proved. Norms are operator norms: D is the
largest OOD error over inputs in the unit ball and output directions. Source: docs/theory.md, section "Several outputs".
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.descents import DESCENT, LANES, careful_learning_rate, few_inputs, probed_head
from simulations.gradient_descent import Rates, trained
from simulations.networks import SeveralOutputs
from simulations.sampling import Dimensions, equal_angles, sample_problem, spread_eigenvalues
from simulations.sweeps import ALONE, Watch, ensemble
from theory.bounds.several_outputs import several_outputs_implicit_bound
from theory.subspaces import aligning_rotation, off_subspace_cosine

DIMENSIONS = Dimensions(input_dim=16, feature_dim=4, id_dim=8)
OUTPUTS, CONDITION = 3, 4.0
STEPS, SAVE_EVERY = 5000, 50


class SeveralOutputsSweep(Configuration):
    """`errors` values of eps, evenly in logarithm; the angle in radians."""

    errors: int
    smallest: float = 1e-4
    largest: float = 1.0
    problems: int
    angle: float = 0.8
    seed: int = 8


class SeveralOutputsPoint(eqx.Module):
    """Where in the sweep."""

    feature_error: Float[Array | np.ndarray, "*sweep"]
    angle: Float[Array | np.ndarray, "*sweep"]


class OperatorErrors(eqx.Module):
    """`||B^T V - W*||_2` at the end of training; at its lowest for fine-tuning, at its highest for LP-FT; the bound."""

    lp: Float[Array | np.ndarray, "*batch"]
    ft: Float[Array | np.ndarray, "*batch"]
    ft_best: Float[Array | np.ndarray, "*batch"]
    lp_ft: Float[Array | np.ndarray, "*batch"]
    lp_ft_worst: Float[Array | np.ndarray, "*batch"]
    lower_bound: Float[Array | np.ndarray, "*batch"]


class SeveralOutputsData(eqx.Module):
    """Arrays (eps, problem)."""

    feature_errors: Float[np.ndarray, " e"]
    errors: OperatorErrors
    outputs: int
    solved_by: str


def several_outputs(point: SeveralOutputsPoint, key: PRNGKeyArray) -> OperatorErrors:
    """A random problem with several outputs, trained."""
    problem_key, head_key = jax.random.split(key)
    problem = sample_problem(
        DIMENSIONS,
        equal_angles(DIMENSIONS, point.angle),
        spread_eigenvalues(DIMENSIONS.id_dim, CONDITION),
        feature_error=point.feature_error,
        key=problem_key,
    )
    features = problem.pretrained.features
    aligned = aligning_rotation(features, problem.truth.features) @ problem.truth.features
    true_head, head = jax.random.normal(head_key, (2, DIMENSIONS.feature_dim, OUTPUTS)) / jnp.sqrt(OUTPUTS)
    true_head = true_head / jnp.linalg.norm(true_head, ord=2)
    target, inputs = aligned.T @ true_head, few_inputs(problem)
    labels = inputs @ target
    probed = probed_head(inputs @ features.T, labels, head)
    rates = Rates(learning_rate=careful_learning_rate(jnp.ones(()), head, probed, true_head))

    def along(start: Float[Array, "k q"]) -> Float[Array, " t"]:
        network = SeveralOutputs(start, features)
        run = trained(network, inputs, labels, rates, steps=STEPS, save_every=SAVE_EVERY, key=key)
        return jnp.linalg.norm(jnp.einsum("tkd,tkq->tdq", run.features, run.head) - target, ord=2, axis=(1, 2))

    tuned, both = jax.vmap(along)(jnp.stack([head, probed]))
    return OperatorErrors(
        lp=jnp.linalg.norm(features.T @ probed - target, ord=2),
        ft=tuned[-1],
        ft_best=jnp.min(tuned),
        lp_ft=both[-1],
        lp_ft_worst=jnp.max(both),
        lower_bound=several_outputs_implicit_bound(
            head, true_head, point.feature_error, off_subspace_cosine(features, problem.id_frame)
        ),
    )


def simulate(config: SeveralOutputsSweep, watch: Watch = ALONE) -> SeveralOutputsData:
    """The same random problems at every eps."""
    errors = np.geomspace(config.smallest, config.largest, config.errors)
    points = SeveralOutputsPoint(feature_error=errors, angle=np.full_like(errors, config.angle))
    found = ensemble(several_outputs, points, config.problems, seed=config.seed, lanes=LANES, watch=watch)
    return SeveralOutputsData(feature_errors=errors, errors=found, outputs=OUTPUTS, solved_by=DESCENT)


def configuration(scale: Scale) -> SeveralOutputsSweep:
    errors, problems = {"quick": (8, 8), "default": (13, 64), "full": (25, 500)}[scale]
    return SeveralOutputsSweep(errors=errors, problems=problems)


EXPERIMENT = Experiment(
    "several_outputs",
    "Beyond the paper: several outputs",
    configuration,
    simulate,
    SeveralOutputsData,
    beyond_the_paper=True,
)
