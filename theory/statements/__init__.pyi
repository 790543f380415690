from .discovery import STATEMENTS
from .evidence import Evidence, closed_form_evidence
from .standing import Status
from .statement import (
    Counterexample,
    Setting,
    Statement,
    bound_ratio,
    is_violated,
    premises_hold,
    sides,
    slack,
    status,
)

__all__ = [
    "STATEMENTS",
    "Counterexample",
    "Evidence",
    "Setting",
    "Statement",
    "Status",
    "bound_ratio",
    "closed_form_evidence",
    "is_violated",
    "premises_hold",
    "sides",
    "slack",
    "status",
]
