"""Beyond the paper, simulation only: few examples, an anisotropic input distribution, noisy labels.

n Gaussian examples on an ID subspace of dimension m, with n below and above m: below it the examples span a part of
the subspace only, and ID inputs are partly new. Labels carry noise that stays. Small steps of gradient descent; linear
probing is solved. The theorems assume noiseless labels and that the examples span the ID subspace.
"""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.by_method import ByMethod, Risks
from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.descents import DESCENT, LANES, careful_learning_rate, probed_head
from simulations.gradient_descent import Rates, trained
from simulations.sampling import Dimensions, equal_angles, sample_problem, spread_eigenvalues
from simulations.starting_heads import from_each_head
from simulations.sweeps import ALONE, Watch, ensemble
from theory.networks import LinearNetwork


class FiniteSample(Configuration):
    """Numbers of examples, at every noise (standard deviation, labels being of order 1); the angle in radians."""

    dimensions: Dimensions = Dimensions(input_dim=20, feature_dim=3, id_dim=8)
    training_steps: int = 3000
    examples: tuple[int, ...] = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
    label_noises: tuple[float, ...] = (0.0, 0.3)
    problems: int
    condition: float = 10.0
    feature_error: float = 0.05
    angle: float = 0.8
    seed: int = 7


class FiniteSamplePoint(eqx.Module):
    """Where in the sweep."""

    examples: Float[Array | np.ndarray, "*sweep"]
    label_noise: Float[Array | np.ndarray, "*sweep"]
    condition: Float[Array | np.ndarray, "*sweep"]
    feature_error: Float[Array | np.ndarray, "*sweep"]
    angle: Float[Array | np.ndarray, "*sweep"]


class FiniteSampleData(eqx.Module):
    """Arrays (noise, examples, problem)."""

    examples: Float[np.ndarray, " n"]
    id_dim: int
    label_noises: Float[np.ndarray, " s"]
    risks: ByMethod[Risks]
    solved_by: str


@dataclass(frozen=True)
class Sampled:
    """Random problems and random samples, trained.

    Attributes:
      most_examples: rows of the training inputs; where there are fewer examples the rest are zero and do nothing.
    """

    dimensions: Dimensions
    most_examples: int
    training_steps: int

    def __call__(self, point: FiniteSamplePoint, key: PRNGKeyArray) -> ByMethod[Risks]:
        """A random problem and sample, trained."""
        problem_key, sample_key = jax.random.split(key)
        m, rows, steps = self.dimensions.id_dim, self.most_examples, self.training_steps
        problem = sample_problem(
            self.dimensions,
            equal_angles(self.dimensions, point.angle),
            spread_eigenvalues(m, point.condition),
            feature_error=point.feature_error,
            key=problem_key,
        )
        start, root = problem.pretrained, jnp.linalg.cholesky(problem.training_covariance)
        normal = jax.random.normal(sample_key, (rows, m + 1))
        present = jnp.where(jnp.arange(rows) < point.examples, 1 / jnp.sqrt(point.examples), 0.0)
        id_inputs = present[:, None] * (normal[:, :m] @ root.T)
        inputs = id_inputs @ problem.id_frame.T
        labels = inputs @ problem.truth.weights + point.label_noise * present * normal[:, m]
        probed = probed_head(inputs @ start.features.T, labels, start.head)
        largest = jnp.linalg.eigvalsh(id_inputs.T @ id_inputs)[-1]
        rates = Rates(learning_rate=careful_learning_rate(largest, start.head, probed, problem.truth.head))

        def train(head: Float[Array, " k"]) -> Float[Array, " d"]:
            network = LinearNetwork(head, start.features)
            run = trained(network, inputs, labels, rates, steps=steps, save_every=steps, key=sample_key)
            return run.features[-1].T @ run.head[-1]

        weights = (start.features.T @ probed, *from_each_head(train, start.head, probed))
        errors = [of_method - problem.truth.weights for of_method in weights]
        return ByMethod(
            *(Risks(id=jnp.sum((root.T @ (problem.id_frame.T @ error)) ** 2), ood=error @ error) for error in errors)
        )


def simulate(config: FiniteSample, watch: Watch = ALONE) -> FiniteSampleData:
    """The same random problems and samples, of which more and more is seen."""
    noises, examples = np.meshgrid(config.label_noises, config.examples, indexing="ij")
    values = (examples.ravel(), noises.ravel(), config.condition, config.feature_error, config.angle)
    points = FiniteSamplePoint(*(np.array(value, dtype=float) for value in np.broadcast_arrays(*values)))
    family = Sampled(config.dimensions, max(config.examples), config.training_steps)
    risks = ensemble(family, points, config.problems, seed=config.seed, lanes=LANES, watch=watch)
    return FiniteSampleData(
        examples=np.array(config.examples, dtype=float),
        id_dim=config.dimensions.id_dim,
        label_noises=np.array(config.label_noises),
        risks=jax.tree.map(lambda leaf: leaf.reshape(*noises.shape, -1), risks),
        solved_by=DESCENT,
    )


def configuration(scale: Scale) -> FiniteSample:
    """How much at which scale."""
    return FiniteSample(problems={"quick": 6, "default": 64, "full": 1000}[scale])


EXPERIMENT = Experiment(
    "finite_sample",
    "Beyond the paper: few examples and noisy labels",
    configuration,
    simulate,
    FiniteSampleData,
    beyond_the_paper=True,
    order=150,
)
