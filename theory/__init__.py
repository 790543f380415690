"""Two-layer linear networks: definitions, exact solutions, bounds and the paper's statements.

A formula and its premises, no randomness, no integration over time, no files. Everything here follows the submission's
conventions: training loss `||X B^T v - Y||^2` (no 1/2, no 1/n), time = learning rate x steps, angles in radians.
Enable double precision first: `jax.config.update("jax_enable_x64", True)`.
"""

from theory.alignment import aligned_truth, feature_error, head_alignment_error, truth_norm
from theory.networks import LinearNetwork
from theory.problem import Problem
from theory.risks import id_risk, id_subspace_risk, ood_risk, training_loss

__all__ = [
    "LinearNetwork",
    "Problem",
    "aligned_truth",
    "feature_error",
    "head_alignment_error",
    "id_risk",
    "id_subspace_risk",
    "ood_risk",
    "training_loss",
    "truth_norm",
]
