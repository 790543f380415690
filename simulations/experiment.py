"""Experiment: a name, a configuration for every scale, and a function from configuration to data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from simulations.sweeps import Watch

Scale = Literal["quick", "default", "full"]


class Configuration(BaseModel):
    """The base of every experiment's configuration: frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Experiment:
    """One illustration of the theory.

    Attributes:
      name: of its module, its results and its figure.
      title: one line for lists.
      config: the configuration at a scale: `quick` for continuous integration, `default`, `full` for fine resolution.
      simulate: deterministic in the configuration, seed included; the second argument may be left out.
      data_type: dataclass or `eqx.Module` of arrays, texts, numbers and further such types; what `simulate` returns.
      family: names the function that experiments of one family sweep. In one process it is compiled once.
      beyond_the_paper: simulation only: no theorem speaks about what it shows, unless its docstring names one.
    """

    name: str
    title: str
    config: Callable[[Scale], Configuration]
    simulate: Callable[[Any, Watch], Any]
    data_type: type
    family: str = ""
    beyond_the_paper: bool = False
