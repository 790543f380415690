"""Linear probing: multinomial logistic regression on cached features, over a whole path of L2 penalties.

The paper's procedure: features standardised by two scalars, minimise `|W|^2 / 2 + C sum of cross-entropies` with an
unpenalised intercept for 50 values of C, choose C by ID validation accuracy, and return the head to raw feature space
exactly, so that the network with that head *is* the probe. Source: docs/protocol.md, section 5.1.
"""

from empirical.linear_probe.head import UNSEEN_BIAS, Features, ProbeHead
from empirical.linear_probe.path import (
    PENALTIES,
    SOLVERS,
    TOLERANCE,
    Probe,
    Solver,
    probe_path,
    selected_probe,
)
from empirical.linear_probe.standardisation import Standardisation, StandardisationName, standardisation

__all__ = [
    "PENALTIES",
    "SOLVERS",
    "TOLERANCE",
    "UNSEEN_BIAS",
    "Features",
    "Probe",
    "ProbeHead",
    "Solver",
    "Standardisation",
    "StandardisationName",
    "probe_path",
    "selected_probe",
    "standardisation",
]
