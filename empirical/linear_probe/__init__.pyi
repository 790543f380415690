from .head import UNSEEN_BIAS, Features, ProbeHead
from .path import (
    PENALTIES,
    SOLVERS,
    TOLERANCE,
    Probe,
    Solver,
    probe_path,
    selected_probe,
)
from .standardising import Standardisation, StandardisationName, standardisation

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
