from .head import UNSEEN_BIAS, Features, ProbeHead
from .path import (
    PENALTIES,
    SOLVERS,
    TOLERANCE,
    Probe,
    probe_path,
    selected_probe,
)
from .settings import Solver, StandardisationName
from .standardising import Standardisation, standardisation

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
