"""The paper's two-dimensional example: two inputs, one feature, training inputs along the first axis only.

Fine-tuning from several heads, linear probing and LP-FT from one of them, all exact. Source: submission, figure 2.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from simulations.experiment import Configuration, Experiment, Scale
from simulations.gradient_flow import Path, states
from simulations.sweeps import ALONE, Watch
from theory.networks import LinearNetwork
from theory.problem import Problem


class ToyExample(Configuration):
    """The pretrained feature is a unit vector at `angle` (radians) to the training axis, and the true one is it too.

    `heads` are starting heads in multiples of the true one; the first is the one that is followed in weight space.
    """

    angle: float = 0.6
    truth_norm: float = 1.0
    heads: tuple[float, ...] = (0.15, 0.5, 1.0, 1.6)
    moments: int = 200


class ToyExampleData(eqx.Module):
    """Paths in weight space (time, input), and of fine-tuning in the plane of head and ID feature (start, time).

    `solution` are the only weights with zero OOD risk, `off_feature` the component of the feature that cannot move.
    """

    solution: Float[np.ndarray, "2"]
    off_feature: float
    linear_probing: Float[np.ndarray, "t 2"]
    fine_tuning: Float[np.ndarray, "t 2"]
    lp_ft: Float[np.ndarray, "t 2"]
    heads: Float[np.ndarray, "h t"]
    id_features: Float[np.ndarray, "h t"]
    probed_heads: Float[np.ndarray, " t"]
    solved_by: str


def simulate(config: ToyExample, watch: Watch = ALONE) -> ToyExampleData:
    """All paths, from start to limit."""
    problems = [_problem(config, head) for head in config.heads]
    times = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, config.moments - 2), [np.inf]])
    tuned = [states(problem, "fine_tuning", times) for problem in problems]
    probed, probed_then_tuned = (states(problems[0], method, times) for method in ("linear_probing", "lp_ft"))
    return ToyExampleData(
        solution=np.asarray(problems[0].truth.weights),
        off_feature=float(np.sin(config.angle)),
        linear_probing=_weights(probed, config),
        fine_tuning=_weights(tuned[0], config),
        lp_ft=_weights(probed_then_tuned, config),
        heads=np.stack([path.states.head[:, 0] for path in tuned]),
        id_features=np.stack([path.states.id_features[:, 0, 0] for path in tuned]),
        probed_heads=np.asarray(probed.states.head[:, 0]),
        solved_by=tuned[0].solved_by,
    )


def _problem(config: ToyExample, head: float) -> Problem:
    features = jnp.array([[np.cos(config.angle), np.sin(config.angle)]])
    return Problem(
        truth=LinearNetwork(head=jnp.array([config.truth_norm]), features=features),
        pretrained=LinearNetwork(head=jnp.array([head * config.truth_norm]), features=features),
        id_frame=jnp.array([[1.0], [0.0]]),
        training_covariance=jnp.eye(1),
    )


def _weights(path: Path, config: ToyExample) -> Float[np.ndarray, "t 2"]:
    head, id_feature = path.states.head[:, 0], path.states.id_features[:, 0, 0]
    return np.stack([head * id_feature, head * np.sin(config.angle)], axis=1)


def configuration(scale: Scale) -> ToyExample:
    """How much at which scale."""
    return ToyExample()


EXPERIMENT = Experiment(
    "toy_example",
    "The two-dimensional example",
    configuration,
    simulate,
    ToyExampleData,
    compiled_quickly_up_to="default",
    order=10,
)
