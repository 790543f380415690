"""Beyond the paper, simulation only: a penalty on moved features (L2-SP) between linear probing and fine-tuning.

`lambda ||B - B0||_F^2` is added to the summed loss; the head is free. Small steps of gradient descent from the random
head of fine-tuning and from the probed one of LP-FT. No theorem speaks about it. Source of the method: Li, Grandvalet
and Davoine, Explicit inductive bias for transfer learning with convolutional networks, ICML 2018.
"""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from simulations.by_method import ByMethod, Risks
from simulations.experiment import Configuration, Experiment, Scale
from simulations.experiments.descents import DESCENT, LANES, careful_learning_rate, few_inputs, probed_head
from simulations.experiments.families import CONDITION, OVERPARAMETERISED
from simulations.gradient_descent import Rates, trained
from simulations.sampling import Dimensions, equal_angles, sample_problem, spread_eigenvalues
from simulations.starting_heads import from_each_head
from simulations.sweeps import ALONE, Watch, ensemble
from theory.networks import LinearNetwork
from theory.risks import id_risk, ood_risk


class L2SPSweep(Configuration):
    """`strengths` values of lambda, evenly in logarithm, with the largest training eigenvalue 1; angle in radians."""

    dimensions: Dimensions = OVERPARAMETERISED
    condition: float = CONDITION
    training_steps: int = 6000
    strengths: int
    smallest: float = 1e-4
    largest: float = 10.0
    problems: int
    feature_error: float = 0.05
    angle: float = 0.8
    seed: int = 5


class L2SPPoint(eqx.Module):
    """Where in the sweep."""

    anchor: Float[Array | np.ndarray, "*sweep"]
    feature_error: Float[Array | np.ndarray, "*sweep"]
    angle: Float[Array | np.ndarray, "*sweep"]


class L2SPData(eqx.Module):
    """Arrays (lambda, problem); linear probing does not depend on lambda."""

    strengths: Float[np.ndarray, " s"]
    risks: ByMethod[Risks]
    solved_by: str


@dataclass(frozen=True)
class Anchored:
    """Problems of the overparameterised family, trained with the penalty."""

    dimensions: Dimensions
    condition: float
    training_steps: int

    def __call__(self, point: L2SPPoint, key: PRNGKeyArray) -> ByMethod[Risks]:
        """A random problem, trained."""
        problem = sample_problem(
            self.dimensions,
            equal_angles(self.dimensions, point.angle),
            spread_eigenvalues(self.dimensions.id_dim, self.condition),
            feature_error=point.feature_error,
            key=key,
        )
        inputs, start = few_inputs(problem), problem.pretrained
        labels = inputs @ problem.truth.weights
        probed = probed_head(inputs @ start.features.T, labels, start.head)
        rate = 1 / (1 / careful_learning_rate(jnp.ones(()), start.head, probed, problem.truth.head) + point.anchor)

        def train(head: Float[Array, " k"]) -> LinearNetwork:
            rates = Rates(learning_rate=rate, anchor=jnp.asarray(point.anchor))
            network, steps = LinearNetwork(head, start.features), self.training_steps
            run = trained(network, inputs, labels, rates, steps=steps, save_every=steps, key=key)
            return jax.tree.map(lambda leaf: leaf[-1], run)

        networks = (LinearNetwork(probed, start.features), *from_each_head(train, start.head, probed))
        return ByMethod(*(Risks(id=id_risk(network, problem), ood=ood_risk(network, problem)) for network in networks))


def simulate(config: L2SPSweep, watch: Watch = ALONE) -> L2SPData:
    """The same random problems at every strength."""
    strengths = np.geomspace(config.smallest, config.largest, config.strengths)
    points = L2SPPoint(
        anchor=strengths,
        feature_error=np.full_like(strengths, config.feature_error),
        angle=np.full_like(strengths, config.angle),
    )
    family = Anchored(config.dimensions, config.condition, config.training_steps)
    risks = ensemble(family, points, config.problems, seed=config.seed, lanes=LANES, watch=watch)
    return L2SPData(strengths=strengths, risks=risks, solved_by=DESCENT)


def configuration(scale: Scale) -> L2SPSweep:
    """How much at which scale."""
    strengths, problems = {"quick": (8, 8), "default": (16, 128), "full": (31, 1000)}[scale]
    return L2SPSweep(strengths=strengths, problems=problems)


EXPERIMENT = Experiment(
    "l2_sp",
    "Beyond the paper: a penalty on moved features",
    configuration,
    simulate,
    L2SPData,
    beyond_the_paper=True,
    order=110,
)
