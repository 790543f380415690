"""The theory's side of a figure along one parameter: OOD errors on random problems with good features."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from figures.look import style
from simulations.experiments.bounds_against_parameters import PARAMETERS
from simulations.records import load


@dataclass(frozen=True)
class Swept:
    """Values of the parameter, and by method the errors, the square roots of OOD risks (value, problem)."""

    values: np.ndarray
    errors: dict[str, np.ndarray]

    @property
    def medians(self) -> dict[str, np.ndarray]:
        """By method, over the problems."""
        return {method: np.median(errors, axis=1) for method, errors in self.errors.items()}

    def draw(self, axis: Axes, methods: tuple[str, ...] = style.METHODS) -> None:
        """A line for each median, and a band from 5 % to 95 %.

        Args:
          methods: in the order in which they are drawn, the last on top.
        """
        for method in methods:
            style.band(axis, self.values, self.errors[method], method)


def swept(results: Path | str, parameter: str) -> Swept:
    """The sweep over one of the parameters of the experiment `bounds_against_parameters`."""
    data, row = load("bounds_against_parameters", results), PARAMETERS.index(parameter)
    return Swept(
        data.values[row], {method: np.sqrt(risks.ood[row]) for method, risks in data.comparison.methods.items()}
    )
