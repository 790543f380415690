"""From features to heads: the path of probes over C, and the one that validation selects."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, get_args

import numpy as np
from jaxtyping import Int

from empirical.linear_probe.exact import exact_path
from empirical.linear_probe.head import UNSEEN_BIAS, Features, ProbeHead
from empirical.linear_probe.problem import measure, problem
from empirical.linear_probe.settings import Solver, StandardisationName
from empirical.linear_probe.standardising import standardisation as _standardisation
from empirical.linear_probe.streamed import is_streamed, measure_streamed, streamed_problem

SOLVERS: tuple[Solver, ...] = get_args(Solver)
#: The paper's 50 values of C.
PENALTIES: tuple[float, ...] = tuple(float(penalty) for penalty in np.logspace(-7, 2, 50))
#: Weights are within this fraction of their norm of the optimal ones, the objective within half its square.
TOLERANCE = 1e-4


class Probe(NamedTuple):
    """The head of one penalty on the path, and how well it solves its problem.

    Attributes:
      penalty: C, the inverse of the L2 strength.
      objective: `|W|^2 / 2 + C sum of cross-entropies` on standardised features.
      gradient_norm: of the objective, the intercept taken at the centre of the data; bounds the distance of the
        standardised weights from the optimal ones.
      iterations: of the solver: Newton steps (exact) or L-BFGS iterations (faithful).
      converged: whether the solver reached its own tolerance.
    """

    penalty: float
    head: ProbeHead
    objective: float
    gradient_norm: float
    iterations: int
    converged: bool


def probe_path(
    training: Features,
    *,
    classes: int,
    penalties: Sequence[float] = PENALTIES,
    standardisation: StandardisationName = "scalar",
    solver: Solver = "exact",
    tolerance: float = TOLERANCE,
) -> list[Probe]:
    """One probe for each C, ascending.

    Args:
      classes: of the data set; those that no training example has get zero weights and the bias `UNSEEN_BIAS`.
      penalties: values of C.
      standardisation: on what scale features are penalised (`standardisation`).
      solver: `exact`: to `tolerance`, for every C; `faithful`: scikit-learn as the paper ran it.
      tolerance: of the exact solver: `|gradient| <= tolerance |W|`.
    Raises:
      ValueError: features or labels no probe can be fitted to, or a penalty or tolerance that is not positive.
    """
    if len(penalties) == 0 or not min(penalties) > 0:
        raise ValueError(f"`penalties` must be positive values of C, got {list(penalties)}.")
    if not tolerance > 0:
        raise ValueError(f"`tolerance` must be positive, got {tolerance}.")
    ascending = sorted(set(penalties))
    standardise = _standardisation(training.features, standardisation)
    if solver == "exact" and is_streamed(training.features):
        streamed = streamed_problem(training.features, training.labels, classes, standardise)
        solutions = exact_path(streamed, ascending, tolerance)
        measured, present = partial(measure_streamed, streamed), streamed.present
    else:
        asked = problem(standardise(training.features), training.labels, classes)
        if solver == "exact":
            solutions = exact_path(asked, ascending, tolerance)
        else:
            from empirical.linear_probe.faithful import faithful_path  # scikit-learn takes a second to import

            solutions = faithful_path(asked, ascending)
        measured, present = partial(measure, asked), asked.present
    path = []
    for penalty, solution in zip(ascending, solutions, strict=True):
        solved = measured(solution, penalty)
        head = standardise.raw_head(solution.weight, solution.bias)
        path.append(
            Probe(
                penalty,
                _for_all_classes(head, present, classes),
                solved.objective,
                solved.gradient_norm,
                solution.iterations,
                solution.converged,
            )
        )
    return path


def selected_probe(path: Sequence[Probe], validation: Features) -> Probe:
    """The probe of highest validation accuracy; the smaller C on ties."""
    return max(path, key=lambda probe: (probe.head.accuracy(validation), -probe.penalty))


def _for_all_classes(head: ProbeHead, present: Int[np.ndarray, " q"], classes: int) -> ProbeHead:
    weight = np.zeros((classes, head.weight.shape[1]), np.float32)
    bias = np.full(classes, UNSEEN_BIAS, np.float32)
    weight[present], bias[present] = head.weight, head.bias
    return ProbeHead(weight, bias)
