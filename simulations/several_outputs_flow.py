"""Fine-tuning with several outputs, in the reduced coordinates, from a start to increasing finite times."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from simulations.gradient_flow import FailedSolve
from simulations.integration import ATOL_SHARE
from simulations.stiff import ExtrapolatedEuler
from simulations.stiff_several_outputs import implicit_outputs_step
from theory.reduction_several_outputs import OutputsState, ReducedOutputs, outputs_vector_field, probed_state

#: Local error per step, with which heads and features are right to better than 1e-6 (tested).
RTOL = 1e-7
#: Order of the solver: with few digits asked for a step costs less than the digits that a higher one would bring.
ORDER = 5
MAX_STEPS = 10_000


class OutputsPath(eqx.Module):
    """States at the times asked for, stacked.

    Attributes:
      steps: how many the solver took, rejected ones included; 0 where the solution is exact.
    """

    states: OutputsState
    steps: int = eqx.field(static=True)


def fine_tuned_outputs(
    reduced: ReducedOutputs, times: Float[Array | np.ndarray, " t"], *, rtol: float = RTOL
) -> OutputsPath:
    """Fine-tuning from `reduced.start`, by the implicit solver for widely different rates.

    Args:
      times: learning rate x steps for the loss summed over the examples; increasing, positive and finite.
      rtol: local error per step.
    Raises:
      FailedSolve: the last time was not reached within `MAX_STEPS` steps.
    """
    states, steps, succeeded = _integrated(reduced, jnp.asarray(times), rtol)
    if not bool(succeeded):
        raise FailedSolve(
            f"Fine-tuning must reach its last time, {times[-1]:g}, but it had not after {int(steps)} steps; "
            f"ask for earlier times or pass a larger rtol than {rtol:g}."
        )
    return OutputsPath(states, int(steps))


def probed_outputs(reduced: ReducedOutputs, times: Float[Array | np.ndarray, " t"]) -> OutputsPath:
    """Linear probing, exactly; arguments as for `fine_tuned_outputs`."""
    return OutputsPath(_probed(reduced, jnp.asarray(times)), 0)


@eqx.filter_jit
def _integrated(
    reduced: ReducedOutputs, times: Float[Array, " t"], rtol: float
) -> tuple[OutputsState, Int[Array, ""], Bool[Array, ""]]:
    fastest = 2 * jnp.max(reduced.eigenvalues)
    size = jnp.sqrt(jnp.sum(reduced.start.head**2) + jnp.sum(reduced.start.id_features**2))
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(
            lambda _, state, reduced: jax.tree.map(lambda leaf: leaf / fastest, outputs_vector_field(state, reduced))
        ),
        ExtrapolatedEuler(substep=implicit_outputs_step, columns=ORDER),
        t0=0.0,
        t1=fastest * times[-1],
        dt0=None,
        y0=reduced.start,
        args=reduced,
        saveat=diffrax.SaveAt(ts=fastest * times),
        stepsize_controller=diffrax.ClipStepSizeController(
            diffrax.PIDController(rtol=rtol, atol=rtol * ATOL_SHARE * size),
            # Steps end at save points: interpolation, less accurate than the steps, never enters.
            step_ts=fastest * times,
        ),
        max_steps=MAX_STEPS,
        throw=False,
    )
    assert solution.ys is not None  # states were asked for
    return solution.ys, solution.stats["num_steps"], solution.result == diffrax.RESULTS.successful


@eqx.filter_jit
def _probed(reduced: ReducedOutputs, times: Float[Array, " t"]) -> OutputsState:
    return jax.vmap(lambda time: probed_state(reduced, time))(times)
