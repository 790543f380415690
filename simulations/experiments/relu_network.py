"""Beyond the paper, simulation only: a two-layer ReLU network in place of the linear one.

Truth and pretrained network are `v . relu(B x)`, the pretrained units close to the true ones; Gaussian examples on the
ID subspace, Gaussian inputs in all directions OOD. Fine-tuning and LP-FT by small steps of gradient descent, linear
probing by least squares; risks are exact. The gradient of a unit is still a sum of ID inputs, so its part outside the
ID subspace cannot move; no theorem says more.
"""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.by_method import ByMethod, Risks
from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.descents import DESCENT, LANES, probed_head
from simulations.gradient_descent import Rates, trained
from simulations.networks import ReluNetwork, relu_risk
from simulations.sampling import Dimensions, equal_angles, sample_problem
from simulations.starting_heads import from_each_head
from simulations.sweeps import ALONE, Watch, ensemble
from theory.subspaces import aligning_rotation, off_projection


class ReluSweep(Configuration):
    """`errors` values of eps, evenly in logarithm; the angle in radians."""

    dimensions: Dimensions = Dimensions(input_dim=20, feature_dim=4, id_dim=8)
    examples: int = 64
    training_steps: int = 6000
    learning_rate: float = 0.05
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


class ReluRisks(Risks):
    """Risks, and Frobenius norms of how far the units moved; `off_movement`: of the part outside the ID subspace."""

    movement: Float[Array | np.ndarray, "*batch"]
    off_movement: Float[Array | np.ndarray, "*batch"]


class ReluData(eqx.Module):
    """Arrays (eps, problem)."""

    feature_errors: Float[np.ndarray, " e"]
    risks: ByMethod[ReluRisks]
    solved_by: str


@dataclass(frozen=True)
class Trained:
    """Random teachers and their pretrained students, trained on as many Gaussian examples."""

    dimensions: Dimensions
    examples: int
    training_steps: int
    learning_rate: float

    def __call__(self, point: ReluPoint, key: PRNGKeyArray) -> ByMethod[ReluRisks]:
        """A random teacher and its student, trained."""
        problem_key, inputs_key = jax.random.split(key)
        m, steps = self.dimensions.id_dim, self.training_steps
        problem = sample_problem(
            self.dimensions,
            equal_angles(self.dimensions, point.angle),
            jnp.ones(m),
            feature_error=point.feature_error,
            key=problem_key,
        )
        features, frame = problem.pretrained.features, problem.id_frame
        # Units are no longer free to rotate among each other: each true one has to be the pretrained one's neighbour.
        aligned = aligning_rotation(features, problem.truth.features) @ problem.truth.features
        truth = ReluNetwork(problem.truth.head, aligned)
        inputs = jax.random.normal(inputs_key, (self.examples, m)) @ frame.T / jnp.sqrt(self.examples)
        labels = truth.hidden(inputs) @ truth.head
        start = ReluNetwork(problem.pretrained.head, features)
        probed = probed_head(start.hidden(inputs), labels, start.head)

        def train(head: Float[Array, " k"]) -> ReluNetwork:
            rates, network = Rates(learning_rate=self.learning_rate), ReluNetwork(head, features)
            run = trained(network, inputs, labels, rates, steps=steps, save_every=steps, key=key)
            return jax.tree.map(lambda leaf: leaf[-1], run)

        def risks(network: ReluNetwork) -> ReluRisks:
            change = network.features - features
            return ReluRisks(
                id=relu_risk(network, truth, frame.T),
                ood=relu_risk(network, truth),
                movement=jnp.linalg.norm(change),
                off_movement=jnp.linalg.norm(off_projection(frame, change.T)),
            )

        networks = (ReluNetwork(probed, features), *from_each_head(train, start.head, probed))
        return ByMethod(*map(risks, networks))


def simulate(config: ReluSweep, watch: Watch = ALONE) -> ReluData:
    """The same random problems at every eps."""
    errors = np.geomspace(config.smallest, config.largest, config.errors)
    points = ReluPoint(feature_error=errors, angle=np.full_like(errors, config.angle))
    family = Trained(config.dimensions, config.examples, config.training_steps, config.learning_rate)
    risks = ensemble(family, points, config.problems, seed=config.seed, lanes=LANES, watch=watch)
    return ReluData(feature_errors=errors, risks=risks, solved_by=DESCENT)


def configuration(scale: Scale) -> ReluSweep:
    """How much at which scale."""
    errors, problems = {"quick": (8, 8), "default": (11, 64), "full": (25, 500)}[scale]
    return ReluSweep(errors=errors, problems=problems)


EXPERIMENT = Experiment(
    "relu_network",
    "Beyond the paper: a two-layer ReLU network",
    configuration,
    simulate,
    ReluData,
    beyond_the_paper=True,
    compiled_quickly_up_to=None,
    order=130,
)
