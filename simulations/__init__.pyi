from .catalogue import EXPERIMENTS
from .experiment import Configuration, Experiment
from .gradient_flow import FailedSolve, solve
from .integration import Numerics
from .methods import fine_tuning, linear_probing, lp_ft
from .records import run_experiment
from .sampling import (
    Dimensions,
    equal_angles,
    sample_angles_up_to,
    sample_eigenvalues,
    sample_frame,
    sample_generic_angles,
    sample_problem,
    sample_truth,
    spread_eigenvalues,
)
from .sweeps import ensemble
from .trajectory import Trajectory
from .verification import Verification, verify

__all__ = [
    "EXPERIMENTS",
    "Configuration",
    "Dimensions",
    "Experiment",
    "FailedSolve",
    "Numerics",
    "Trajectory",
    "Verification",
    "ensemble",
    "equal_angles",
    "fine_tuning",
    "linear_probing",
    "lp_ft",
    "run_experiment",
    "sample_angles_up_to",
    "sample_eigenvalues",
    "sample_frame",
    "sample_generic_angles",
    "sample_problem",
    "sample_truth",
    "solve",
    "spread_eigenvalues",
    "verify",
]
