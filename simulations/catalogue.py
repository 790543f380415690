"""Every experiment: a module in `simulations/experiments` that has an `EXPERIMENT`. No list has to know it."""

from importlib import import_module
from pkgutil import iter_modules

from simulations import experiments
from simulations.experiment import Experiment


def _discovered() -> tuple[Experiment, ...]:
    names = (module.name for module in iter_modules(experiments.__path__))
    modules = (import_module(f"{experiments.__name__}.{name}") for name in names)
    experiments_there = [module.EXPERIMENT for module in modules if hasattr(module, "EXPERIMENT")]
    return tuple(sorted(experiments_there, key=lambda experiment: (experiment.order, experiment.name)))


#: In the order of the report, which is the experiments' own.
EXPERIMENTS: tuple[Experiment, ...] = _discovered()
