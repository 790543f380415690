from . import attack, verification
from .batches import solve_batch
from .by_method import ByMethod, FlowRisks, Risks
from .catalogue import EXPERIMENTS
from .comparison import Comparison
from .experiment import Configuration, Experiment
from .gradient_flow import FailedSolve, solve
from .integration import Numerics
from .methods import feature_tuning, fine_tuning, linear_probing, lp_ft
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
from .settings import configured
from .sweeps import ensemble
from .trajectory import Trajectory
from .verification import Sampler, Verification, allows, draw_problems, verify
from .version import __version__

__all__ = [
    "EXPERIMENTS",
    "ByMethod",
    "Comparison",
    "Configuration",
    "Dimensions",
    "Experiment",
    "FailedSolve",
    "FlowRisks",
    "Numerics",
    "Risks",
    "Sampler",
    "Trajectory",
    "Verification",
    "__version__",
    "allows",
    "attack",
    "configured",
    "draw_problems",
    "ensemble",
    "equal_angles",
    "feature_tuning",
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
    "solve_batch",
    "spread_eigenvalues",
    "verification",
    "verify",
]
