"""The statements of the paper and ours, one file each. A file in this folder that has a `STATEMENT` is one of them.

Their order, that in which the argument runs, is the statements' own (`Statement.order`): who adds a statement adds a
file, and touches no list.
"""

from importlib import import_module
from pkgutil import iter_modules

from theory.statements.evidence import Evidence, closed_form_evidence
from theory.statements.statement import (
    Counterexample,
    Setting,
    Statement,
    Status,
    bound_ratio,
    is_violated,
    premises_hold,
    sides,
    slack,
    status,
)


def _discovered() -> tuple[Statement, ...]:
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    statements = [module.STATEMENT for module in modules if hasattr(module, "STATEMENT")]
    return tuple(sorted(statements, key=lambda statement: (statement.order, statement.name)))


STATEMENTS: tuple[Statement, ...] = _discovered()

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
