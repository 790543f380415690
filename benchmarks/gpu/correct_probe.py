"""The linear probe's path in double precision: on the device, on the host, and scikit-learn's objective beside it."""

import time
from typing import Any

import jax
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.gpu.report import Report, within
from benchmarks.gpu.setting import Setting
from benchmarks.linear_probe import ProbeBenchmark, sample
from empirical.linear_probe import PENALTIES, standardisation
from empirical.linear_probe.exact import exact_path
from empirical.linear_probe.faithful import faithful_path
from empirical.linear_probe.path import TOLERANCE
from empirical.linear_probe.problem import ProbeProblem, problem
from empirical.linear_probe.problem import measure as measured

#: scikit-learn's objective may be lower by what the exact path leaves open: half the square of its tolerance, relative
#: to the weights' part of the objective.
EXCESS = TOLERANCE**2
#: Two solutions to the same tolerance, relative.
AGREEMENT = TOLERANCE**2


def measure(report: Report, setting: Setting) -> None:
    if report.has("probe path: device", "probe path: host", "probe path: scikit-learn"):
        return
    sizes = {"examples": 200, "features": 16, "classes": 4} if setting.small else {}
    asked = _problem(ProbeBenchmark(out=setting.scratch / "probe.json", **sizes))
    penalties = PENALTIES[::10] if setting.small else PENALTIES
    objectives: dict[str, list[float]] = {}
    for name, device in (("device", jax.devices()[0]), ("host", jax.devices("cpu")[0])):
        report.measure(
            f"probe path: {name}", lambda n=name, d=device: _path(n, d, asked, penalties, objectives), seconds=15
        )
    # A few values of C will do: scikit-learn takes longest where C is large.
    checked = penalties[:: max(len(penalties) // 5, 1)]
    report.measure("probe path: scikit-learn", lambda: _compared(asked, penalties, checked, objectives), seconds=10)


def _problem(config: ProbeBenchmark) -> ProbeProblem:
    training = sample(config, "overlapping")
    return problem(standardisation(training.features)(training.features), training.labels, config.classes)


def _path(
    name: str, device: Any, asked: ProbeProblem, penalties: Any, objectives: dict[str, list[float]]
) -> dict[str, Any]:
    with jax.default_device(device):
        list(exact_path(asked, penalties[:2], TOLERANCE))  # compiles
        began = time.perf_counter()
        solutions = list(exact_path(asked, penalties, TOLERANCE))
        seconds = time.perf_counter() - began
    judged = [measured(asked, solution, c) for solution, c in zip(solutions, penalties, strict=True)]
    objectives[name] = [probe.objective for probe in judged]
    gradient = max(probe.gradient_norm / probe.weight_norm for probe in judged)
    values = {"seconds": seconds, "values_of_C": len(penalties), "largest_relative_gradient": gradient}
    # A hair above: it is measured from weights that were rotated back.
    return within(values, {"largest_relative_gradient": 1.01 * TOLERANCE})


def _compared(asked: ProbeProblem, penalties: Any, checked: Any, objectives: dict[str, list[float]]) -> dict[str, Any]:
    began = time.perf_counter()
    with threadpool_limits(1):  # more threads wait for each other
        solutions = list(faithful_path(asked, checked))
    theirs = np.array([measured(asked, solution, c).objective for solution, c in zip(solutions, checked, strict=True)])
    seconds = time.perf_counter() - began
    ours = np.array([objectives["device"][list(penalties).index(c)] for c in checked])
    host, device = np.array(objectives["host"]), np.array(objectives["device"])
    values = {
        "seconds": seconds, "values_of_C": list(checked), "scikit_learn_excess": list(theirs / ours - 1),
        "device_above_scikit_learn": float(np.max(ours / theirs - 1)),
        "device_and_host_apart": float(np.max(np.abs(device / host - 1))),
    }  # fmt: skip
    return within(values, {"device_above_scikit_learn": EXCESS, "device_and_host_apart": AGREEMENT})
