"""The paper's own solver: scikit-learn's L-BFGS, 200 iterations, each C started from the one before.

The paper's scikit-learn (0.24) minimised the sum of losses and stopped where no entry of the gradient was above 1e-4.
Since 1.4 scikit-learn minimises the mean, whose gradient is n times smaller: the same tolerance would stop n times
sooner. It is divided by n here, so that the rule is the paper's. For large C the 200 iterations may end first; the
answer then depends on the path that led there.
"""

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from empirical.linear_probe.problem import ProbeProblem, Solution

MAX_ITERATIONS = 200
TOLERANCE = 1e-4  # the largest entry of the gradient of the summed loss


def faithful_path(problem: ProbeProblem, penalties: Sequence[float]) -> Iterator[Solution]:
    """Solutions for ascending penalties, in double precision as the paper's version of scikit-learn had it."""
    inputs = problem.inputs + problem.centre
    solver = LogisticRegression(tol=TOLERANCE / len(inputs), max_iter=MAX_ITERATIONS, warm_start=True)
    binary = len(problem.present) == 2
    for penalty in penalties:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # said by `converged`
            # Of two classes scikit-learn fits the difference w, penalised by |w|^2 / 2; rows -w/2 and w/2 weigh half.
            solver.set_params(C=2 * penalty if binary else penalty).fit(inputs, problem.targets)
        weight, bias = solver.coef_, np.atleast_1d(solver.intercept_)
        iterations = int(solver.n_iter_.max())
        if binary:
            weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        yield Solution(weight, bias, iterations, iterations < MAX_ITERATIONS)
