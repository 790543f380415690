"""Every statement, found by its file."""

from importlib import import_module
from pkgutil import iter_modules

from theory import statements
from theory.statements.statement import Statement


def _discovered() -> tuple[Statement, ...]:
    package = statements.__name__
    modules = (import_module(f"{package}.{module.name}") for module in iter_modules(statements.__path__))
    discovered = [module.STATEMENT for module in modules if hasattr(module, "STATEMENT")]
    return tuple(sorted(discovered, key=lambda statement: (statement.order, statement.name)))


STATEMENTS: tuple[Statement, ...] = _discovered()
