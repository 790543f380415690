"""The paper's own scale: `python benchmarks/paper_scale.py [--out FILE]`.

d = 10,000 inputs, k = 100 features, n = 5,000 Gaussian examples (paper, section 3.1): the whole trajectory of
fine-tuning to a relative training loss of 1e-10, with ID and OOD risk at 200 times, from the inputs on: decomposition,
compilation and integration. One run; seconds are processor time, all threads together, and memory is the peak of the
process.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from artifacts.runtime import prepare_jax

prepare_jax()

import numpy as np
import tyro
from gaussian_inputs import RELATIVE_LOSS, gaussian_setting, load_average, peak_memory, processor_timed

from artifacts import environment
from artifacts.files import write_json
from simulations.gradient_flow import solve
from theory.problem import Problem


@dataclass(frozen=True, kw_only=True)
class PaperScale:
    """Sizes, and the last time; the run says whether the loss has fallen far enough by then."""

    input_dim: int = 10_000
    feature_dim: int = 100
    examples: int = 5_000
    moments: int = 200
    last_time: float = 45.0
    seed: int = 0
    out: Path | None = None
    """JSON file to write; standard output where absent."""


def main(config: PaperScale) -> None:
    truth, pretrained, inputs = gaussian_setting(
        config.input_dim, config.feature_dim, config.examples, seed=config.seed
    )
    before = peak_memory()
    times = np.concatenate([[0.0], np.geomspace(1e-2, config.last_time, config.moments - 1)])
    decomposing, problem = processor_timed(lambda: Problem.from_inputs(truth, pretrained, inputs))
    solving, trajectory = processor_timed(lambda: solve(problem, "fine_tuning", times))
    again, _ = processor_timed(lambda: solve(problem, "fine_tuning", times))
    loss = np.asarray(trajectory.training_loss) / float(trajectory.training_loss[0])
    complete = np.flatnonzero(loss <= RELATIVE_LOSS)
    result = {
        "setting": {"d": config.input_dim, "k": config.feature_dim, "n": config.examples, "times": config.moments},
        "seconds": decomposing + solving,
        "decomposition_seconds": decomposing,
        "solving_seconds": solving,
        "solving_seconds_compiled": again,
        "peak_gib": peak_memory(),
        "of_which_inputs_gib": before,
        "solved_by": trajectory.solved_by,
        "relative_loss_at_the_end": float(loss[-1]),
        "complete_at_time": float(times[complete[0]]) if complete.size else None,
        "largest_drift": float(np.max(trajectory.conserved_drift)),
        "id_risk_at_the_end": float(trajectory.id_risk[-1]),
        "ood_risk_at_the_end": float(trajectory.ood_risk[-1]),
        "load_average": load_average(),
        "environment": environment(),
    }
    if config.out is None:
        json.dump(result, sys.stdout, indent=1)
    else:
        write_json(config.out, result)


if __name__ == "__main__":
    main(tyro.cli(PaperScale))
