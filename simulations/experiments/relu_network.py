"""Beyond the paper, simulation only: a two-layer ReLU network in place of the linear one.

Truth and pretrained network are `v . relu(B x)`, the pretrained units close to the true ones; Gaussian examples on the
ID subspace, Gaussian inputs in all directions OOD. Fine-tuning and LP-FT by small steps of gradient descent, linear
probing by least squares; risks are exact. The gradient of a unit is still a sum of ID inputs, so its part outside the
ID subspace cannot move; no theorem says more.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.descents import DESCENT, LANES, probed_head
from simulations.experiments.final_risks import FinalRisks
from simulations.gradient_descent import Rates, trained
from simulations.networks import ReluNetwork, relu_risk
from simulations.sampling import Dimensions, equal_angles, sample_problem
from simulations.sweeps import ALONE, Watch, ensemble
from theory.subspaces import aligning_rotation, off_projection

DIMENSIONS = Dimensions(input_dim=20, feature_dim=4, id_dim=8)
EXAMPLES, STEPS, LEARNING_RATE = 64, 6000, 0.05


class ReluSweep(Configuration):
    """`errors` values of eps, evenly in logarithm; the angle in radians."""

    errors: int
    smallest: float = 1e-3
    largest: float = 1.0
    problems: int
    angle: float = 0.8
    seed: int = 9


class ReluPoint(eqx.Module):
    """Where in the sweep."""

    feature_error: Float[Array | np.ndarray, "*sweep"]
    angle: Float[Array | np.ndarray, "*sweep"]


class ReluRisks(FinalRisks):
    """Movements are Frobenius norms, `off` of the part outside the ID subspace."""

    ft_movement: Float[Array | np.ndarray, "*batch"]
    lp_ft_movement: Float[Array | np.ndarray, "*batch"]
    off_movement: Float[Array | np.ndarray, "*batch"]


class ReluData(eqx.Module):
    """Arrays (eps, problem)."""

    feature_errors: Float[np.ndarray, " e"]
    risks: ReluRisks
    solved_by: str


def relu(point: ReluPoint, key: PRNGKeyArray) -> ReluRisks:
    """A random teacher and its pretrained student, trained."""
    problem_key, inputs_key = jax.random.split(key)
    problem = sample_problem(
        DIMENSIONS,
        equal_angles(DIMENSIONS, point.angle),
        jnp.ones(DIMENSIONS.id_dim),
        feature_error=point.feature_error,
        key=problem_key,
    )
    features, frame = problem.pretrained.features, problem.id_frame
    # Units are no longer free to rotate among each other: each true one has to be the pretrained one's neighbour.
    aligned = aligning_rotation(features, problem.truth.features) @ problem.truth.features
    truth = ReluNetwork(problem.truth.head, aligned)
    inputs = jax.random.normal(inputs_key, (EXAMPLES, DIMENSIONS.id_dim)) @ frame.T / jnp.sqrt(EXAMPLES)
    labels = truth.hidden(inputs) @ truth.head
    start = ReluNetwork(problem.pretrained.head, features)
    probed = probed_head(start.hidden(inputs), labels, start.head)

    def train(head: Float[Array, " k"]) -> ReluNetwork:
        rates, network = Rates(learning_rate=LEARNING_RATE), ReluNetwork(head, features)
        run = trained(network, inputs, labels, rates, steps=STEPS, save_every=STEPS, key=key)
        return jax.tree.map(lambda leaf: leaf[-1], run)

    ends = jax.vmap(train)(jnp.stack([start.head, probed]))
    tuned, both = (jax.tree.map(lambda leaf, which=which: leaf[which], ends) for which in (0, 1))
    networks = (ReluNetwork(probed, features), tuned, both)
    risks = [relu_risk(network, truth, root) for network in networks for root in (frame.T, None)]
    moved = [network.features - features for network in (tuned, both)]
    return ReluRisks(
        *risks, *(jnp.linalg.norm(change) for change in moved), jnp.linalg.norm(off_projection(frame, moved[0].T))
    )


def simulate(config: ReluSweep, watch: Watch = ALONE) -> ReluData:
    """The same random problems at every eps."""
    errors = np.geomspace(config.smallest, config.largest, config.errors)
    points = ReluPoint(feature_error=errors, angle=np.full_like(errors, config.angle))
    risks = ensemble(relu, points, config.problems, seed=config.seed, lanes=LANES, watch=watch)
    return ReluData(feature_errors=errors, risks=risks, solved_by=DESCENT)


def configuration(scale: Scale) -> ReluSweep:
    errors, problems = {"quick": (8, 8), "default": (11, 64), "full": (25, 500)}[scale]
    return ReluSweep(errors=errors, problems=problems)


EXPERIMENT = Experiment(
    "relu_network",
    "Beyond the paper: a two-layer ReLU network",
    configuration,
    simulate,
    ReluData,
    beyond_the_paper=True,
)
