"""Several outputs on real digits, three ways to one time: `python benchmarks/several_outputs_flow.py [--out FILE]`.

Fine-tuning of the experiment `linear_network_on_digits`, the second moment of whose pixels has eigenvalues that spread
by 1e11: the reduced flow with the implicit solver, the same with Dopri8, and Dopri8 on all parameters, as one would
write the flow down. From the random head of fine-tuning and from the probe of LP-FT, to the time in `horizon`, with a
relative tolerance of 1e-7. Compilation and the decomposition of the inputs are left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artifacts.runtime import prepare_jax

prepare_jax()

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import tyro
from gaussian_inputs import load_average, timed

from artifacts import environment
from artifacts.files import write_json
from bridge.comparison import PROBING_TIMES
from bridge.experiments.linear_network_on_digits import EXPERIMENT, random_head, task_of
from bridge.measured_task import MeasuredTask
from simulations.several_outputs_flow import IMPLICIT, RTOL, fine_tuned_outputs, probed_outputs
from theory.reduction_several_outputs import (
    OutputsState,
    ReducedOutputs,
    features_at,
    outputs_vector_field,
    reduce_outputs,
)

MAX_STEPS = 1_000_000
#: Seconds, weights at the horizon, and steps.
Way = Callable[[], tuple[float, np.ndarray, int]]


@dataclass(frozen=True, kw_only=True)
class SeveralOutputsFlow:
    """How far, and which ways."""

    horizon: float = 300.0
    raw: bool = True
    """Also integrate all parameters, which takes minutes."""
    out: Path | None = None
    """JSON file to write; standard output where absent."""


def explicit(start: OutputsState, field: Callable, args: Any, horizon: float) -> tuple[float, OutputsState, int]:
    """Dopri8 to one time: seconds, the state there, and steps."""

    @jax.jit
    def solve(start: OutputsState, args: Any) -> tuple[OutputsState, jax.Array]:
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda _, state, args: field(state, args)),
            diffrax.Dopri8(),
            t0=0.0,
            t1=horizon,
            dt0=None,
            y0=start,
            args=args,
            stepsize_controller=diffrax.PIDController(rtol=RTOL, atol=1e-3 * RTOL),
            max_steps=MAX_STEPS,
        )
        assert solution.ys is not None
        return jax.tree.map(lambda leaf: leaf[-1], solution.ys), solution.stats["num_steps"]

    compiled = solve.lower(start, args).compile()
    seconds, (state, steps) = timed(lambda: compiled(start, args))
    return seconds, state, int(steps)


def ways(task: MeasuredTask, reduced: ReducedOutputs, settings: SeveralOutputsFlow) -> dict[str, Way]:
    """By name."""
    inputs = jnp.asarray(task.training[0] / np.sqrt(len(task.training_labels)))
    labels = jnp.asarray(task.targets / np.sqrt(len(task.training_labels)))

    def implicit() -> tuple[float, np.ndarray, int]:
        times = np.array([settings.horizon])
        fine_tuned_outputs(reduced, times, numerics=IMPLICIT)  # compiles
        seconds, path = timed(lambda: fine_tuned_outputs(reduced, times, numerics=IMPLICIT))
        state = jax.tree.map(lambda leaf: leaf[0], path.states)
        return seconds, np.asarray(features_at(state, reduced).T @ state.head), path.steps

    def reduced_explicit() -> tuple[float, np.ndarray, int]:
        seconds, state, steps = explicit(reduced.start, outputs_vector_field, reduced, settings.horizon)
        return seconds, np.asarray(features_at(state, reduced).T @ state.head), steps

    def raw_field(state: OutputsState, data: tuple[jax.Array, jax.Array]) -> OutputsState:
        seen, wanted = data
        residual = seen @ state.id_features.T @ state.head - wanted
        push = -2 * seen.T @ residual
        return OutputsState(head=state.id_features @ push, id_features=state.head @ push.T)

    def raw() -> tuple[float, np.ndarray, int]:
        start = OutputsState(reduced.start.head, jnp.asarray(task.features))
        seconds, state, steps = explicit(start, raw_field, (inputs, labels), settings.horizon)
        return seconds, np.asarray(state.id_features.T @ state.head), steps

    ways: dict[str, Way] = {"implicit": implicit, "dopri8_reduced": reduced_explicit}
    return ways | {"dopri8_all_parameters": raw} if settings.raw else ways


def main(settings: SeveralOutputsFlow) -> None:
    """Run and write."""
    config = EXPERIMENT.config("default")
    task = task_of(config, 0)
    head = jnp.asarray(random_head(config, 0, task))
    from_random = reduce_outputs(head, jnp.asarray(task.features), task.span, jnp.asarray(task.moment))
    probed = probed_outputs(from_random, PROBING_TIMES[-30:-29]).states.head[0]
    document: dict[str, Any] = {"horizon": settings.horizon, "rtol": RTOL, "load_average": load_average()}
    for name, reduced in (("fine_tuning", from_random), ("lp_ft", from_random.with_head(probed))):
        measured, reference = {}, None
        for way, solve in ways(task, reduced, settings).items():
            seconds, weights, steps = solve()
            reference = weights if reference is None else reference
            error = float(np.abs(weights - reference).max() / np.abs(reference).max())
            measured[way] = {"seconds": seconds, "steps": steps, "difference_from_implicit": error}
            print(name, way, measured[way], flush=True)
        document[name] = measured
    document["environment"] = environment()
    if settings.out is not None:
        write_json(settings.out, document)


if __name__ == "__main__":
    main(tyro.cli(SeveralOutputsFlow))
