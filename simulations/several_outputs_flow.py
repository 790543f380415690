"""Fine-tuning with several outputs, in the reduced coordinates, from a start to increasing finite times."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from simulations.gradient_flow import FailedSolve
from simulations.integration import ATOL_SHARE, Numerics
from simulations.stiff import ExtrapolatedEuler
from simulations.stiff_several_outputs import implicit_outputs_step
from theory.reduction_several_outputs import OutputsState, ReducedOutputs, outputs_vector_field, probed_state

#: Local error per step, with which heads and features are right to better than 1e-6 (tested).
RTOL = 1e-7
#: Order of the implicit solver: with few digits asked for a step costs less than the digits of a higher one.
ORDER = 5
#: Steps that the explicit solver may take. At k = 20 and q = 9 the implicit one takes as long as 2,900 of them for
#: m = 300 and as 1,600 for m = 600, and 1.7 s to compile besides.
EXPLICIT_STEPS = 2600
#: The explicit solver is held to steps of this length, in units of one over the fastest rate at the start (measured on
#: digits: 3.93 to 3.96 in four draws, 2,500 to 3,500 steps each).
STABLE = 3.9
EXPLICIT, IMPLICIT = Numerics(rtol=RTOL, max_steps=EXPLICIT_STEPS), Numerics(stiff=True, rtol=RTOL, max_steps=10_000)


class OutputsPath(eqx.Module):
    """States at the times asked for, stacked.

    Attributes:
      steps: how many the solver took, rejected ones included; 0 where the solution is exact.
    """

    states: OutputsState
    steps: int = eqx.field(static=True)


def fine_tuned_outputs(
    reduced: ReducedOutputs, times: Float[Array | np.ndarray, " t"], *, numerics: Numerics | None = None
) -> OutputsPath:
    """Fine-tuning from `reduced.start`.

    Args:
      times: learning rate x steps for the loss summed over the examples; increasing, positive and finite.
      numerics: how to integrate; None: Dopri8 for few steps, the implicit solver where that needs many.
    Raises:
      FailedSolve: the last time was not reached.
    """
    attempts = _attempts(reduced, float(times[-1])) if numerics is None else (numerics,)
    steps = 0
    for attempt in attempts:
        states, steps, succeeded = _integrated(reduced, jnp.asarray(times), attempt)
        if bool(succeeded):
            return OutputsPath(states, int(steps))
    raise FailedSolve(
        f"Fine-tuning must reach its last time, {float(times[-1]):g}, but it had not after {int(steps)} steps; ask for "
        f"earlier times, or pass numerics=Numerics(stiff=True, max_steps={10 * attempts[-1].max_steps})."
    )


def probed_outputs(reduced: ReducedOutputs, times: Float[Array | np.ndarray, " t"]) -> OutputsPath:
    """Linear probing, exactly; arguments as for `fine_tuned_outputs`."""
    return OutputsPath(_probed(reduced, jnp.asarray(times)), 0)


def _attempts(reduced: ReducedOutputs, horizon: float) -> tuple[Numerics, ...]:
    """The explicit solver first, unless the rates at the start say that its steps will not do."""
    start = reduced.start
    fastest = 2 * jnp.max(reduced.eigenvalues) * jnp.linalg.norm(start.head, ord=2) ** 2
    return (IMPLICIT,) if fastest * horizon > STABLE * EXPLICIT_STEPS else (EXPLICIT, IMPLICIT)


@eqx.filter_jit
def _integrated(
    reduced: ReducedOutputs, times: Float[Array, " t"], numerics: Numerics
) -> tuple[OutputsState, Int[Array, ""], Bool[Array, ""]]:
    fastest = 2 * jnp.max(reduced.eigenvalues)
    size = jnp.sqrt(jnp.sum(reduced.start.head**2) + jnp.sum(reduced.start.id_features**2))
    implicit = ExtrapolatedEuler(substep=implicit_outputs_step, columns=ORDER)
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(
            lambda _, state, reduced: jax.tree.map(lambda leaf: leaf / fastest, outputs_vector_field(state, reduced))
        ),
        implicit if numerics.stiff else diffrax.Dopri8(),
        t0=0.0,
        t1=fastest * times[-1],
        dt0=None,
        y0=reduced.start,
        args=reduced,
        saveat=diffrax.SaveAt(ts=fastest * times),
        stepsize_controller=diffrax.ClipStepSizeController(
            diffrax.PIDController(rtol=numerics.rtol, atol=numerics.rtol * ATOL_SHARE * size),
            # Steps end at save points: interpolation, less accurate than the steps, never enters.
            step_ts=fastest * times,
        ),
        max_steps=numerics.max_steps,
        throw=False,
    )
    assert solution.ys is not None  # states were asked for
    return solution.ys, solution.stats["num_steps"], solution.result == diffrax.RESULTS.successful


@eqx.filter_jit
def _probed(reduced: ReducedOutputs, times: Float[Array, " t"]) -> OutputsState:
    return jax.vmap(lambda time: probed_state(reduced, time))(times)
