"""Learning rates, step by step and group by group: known before the run begins, a function of its configuration."""

import math

import numpy as np
from jaxtyping import Float32

from empirical.methods.unfreezing import Moment
from empirical.training.groups import Grouping
from empirical.training.run import TrainingRun


def learning_rate(run: TrainingRun, now: Moment) -> float:
    """Of a parameter without a factor of its own, unfreezing apart.

    Source: docs/protocol.md, section 4.1; lr0 (1 + cos(pi e / T)) / 2 in epoch e = 0 .. T - 1, or the same over steps.
    """
    schedule = run.method.schedule
    if schedule.every == "epoch":
        at, length = now.epoch, now.epochs
    else:
        at = now.epoch * now.steps + now.step - schedule.warm_up_steps
        length = now.epochs * now.steps - schedule.warm_up_steps
    if at < 0:
        return run.learning_rate * (at + schedule.warm_up_steps + 1) / schedule.warm_up_steps
    fallen = (1 + math.cos(math.pi * at / length)) / 2 if schedule.decay == "cosine" else 1.0
    return run.learning_rate * fallen


def group_rates(
    run: TrainingRun, grouping: Grouping, blocks: int, epoch: int, steps: int
) -> Float32[np.ndarray, "steps groups"]:
    """The learning rates of an epoch; 0 where a group waits to be unfrozen.

    Args:
      blocks: how many the network has.
      epoch: counted from 0.
      steps: of an epoch.
    """

    def row(step: int) -> list[float]:
        now = Moment(epoch=epoch, epochs=run.epochs, step=step, steps=steps)
        return [learning_rate(run, now) * group.rate(run.method, blocks, now) for group in grouping.groups]

    unfreezing = run.method.unfreezing
    constant = run.method.schedule.every == "epoch" and getattr(unfreezing, "every", "epoch") == "epoch"
    rows = [row(0)] * steps if constant else [row(step) for step in range(steps)]
    with np.errstate(over="ignore"):  # an absurd rate becomes infinite, and the run says that its loss is not finite
        return np.asarray(rows, np.float64).reshape(steps, -1).astype(np.float32)
