"""Experiment: a name, a configuration for every scale, and a function from configuration to data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from simulations.configuration import Configuration
from simulations.sweeps import Watch

Scale = Literal["quick", "default", "full"]


@dataclass(frozen=True)
class Experiment:
    """One illustration of the theory.

    Attributes:
      name: of its module, its results and its figure.
      title: one line for lists.
      config: the configuration at a scale: `quick` for continuous integration, `default`, `full` for fine resolution.
        `simulations.settings.configured` changes some of its fields.
      simulate: deterministic in the configuration, seed included; the second argument may be left out.
      data_type: dataclass or `eqx.Module` of arrays, texts, numbers and further such types; what `simulate` returns.
      family: names the function that experiments of one family sweep. In one process it is compiled once.
      compiled_quickly_up_to: the largest scale at which optimising its programs takes longer than it saves; None where
        there is none.
      beyond_the_paper: simulation only: no theorem speaks about what it shows, unless its docstring names one.
      order: where it stands in lists; equal ones stand in the order of their names.
    """

    name: str
    title: str
    config: Callable[[Scale], Configuration]
    simulate: Callable[[Any, Watch], Any]
    data_type: type
    family: str = ""
    compiled_quickly_up_to: Scale | None = "quick"
    beyond_the_paper: bool = False
    order: int = 1000

    def compiles_quickly(self, scale: Scale) -> bool:
        """Whether its programs are best compiled quickly at a scale (`artifacts.runtime.compiled_quickly`)."""
        largest, scales = self.compiled_quickly_up_to, get_args(Scale)
        return largest is not None and scales.index(scale) <= scales.index(largest)
