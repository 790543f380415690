"""Every figure of the project, in the order of the report; light to import, so that a name can be looked up at once."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

#: Where the benchmark lies in a results folder.
BENCHMARK = "benchmark"
Section = Literal["side by side", "theory", "benchmark"]


@runtime_checkable
class FigureModule(Protocol):
    """A module of this package that draws one figure; its docstring is the caption.

    It may have a function `note(data) -> str`: what the data say that a caption cannot know.
    """

    __name__: str
    __doc__: str | None

    def collect(self, results: Path) -> Any:
        """What the figure shows, read from a results folder."""

    def draw(self, data: Any) -> Any:
        """The figure; draws and does nothing else."""


@dataclass(frozen=True)
class FigureEntry:
    """A figure by name.

    Attributes:
      name: of its files, and what a user types.
      title: a heading for the report; the figure itself carries none.
      sources: the results it is drawn from, as folders below the results folder. Nothing else is read.
    """

    name: str
    title: str
    sources: tuple[str, ...]

    @property
    def module(self) -> str:
        """Below `figures`: a folder for each section, in it a file for each figure."""
        if self.section != "side by side":
            return f"{self.section}.{self.name}"
        return f"side_by_side.{self.name.removeprefix('side_by_side').removeprefix('_') or 'risks'}"

    @property
    def section(self) -> Section:
        """Where it stands in the report: what it is drawn from decides."""
        if self.sources == (BENCHMARK,):
            return "benchmark"
        return "side by side" if BENCHMARK in self.sources else "theory"

    def load(self) -> FigureModule:
        """The module; imports matplotlib."""
        module: Any = import_module(f"figures.{self.module}")
        return module


FIGURES: tuple[FigureEntry, ...] = (
    FigureEntry("side_by_side", "Who wins in, and who out of distribution", ("simulations/id_ood_tradeoff", BENCHMARK)),
    FigureEntry(
        "side_by_side_training", "Along the flow and along the epochs", ("simulations/risk_along_flow", BENCHMARK)
    ),
    FigureEntry(
        "side_by_side_movement",
        "How far features of inputs and of images move",
        ("simulations/id_ood_tradeoff", BENCHMARK),
    ),
    FigureEntry(
        "side_by_side_features",
        "Better features",
        ("simulations/lp_ft_with_imperfect_features", BENCHMARK),
    ),
    FigureEntry(
        "side_by_side_shift", "Out of distribution, close or far", ("simulations/bounds_against_parameters", BENCHMARK)
    ),
    FigureEntry("side_by_side_heads", "The head at the start", ("simulations/head_start", BENCHMARK)),
    FigureEntry("toy_example", "The two-dimensional example", ("simulations/toy_example",)),
    FigureEntry("risk_along_flow", "Risk along the flow, with the bounds", ("simulations/risk_along_flow",)),
    FigureEntry("id_ood_tradeoff", "In against out of distribution", ("simulations/id_ood_tradeoff",)),
    FigureEntry(
        "risk_ratio_as_features_improve", "As features improve", ("simulations/lp_ft_with_imperfect_features",)
    ),
    FigureEntry(
        "lp_ft_with_imperfect_features",
        "LP-FT with imperfect features",
        ("simulations/lp_ft_with_imperfect_features",),
    ),
    FigureEntry(
        "feature_movement",
        "How far features move",
        ("simulations/along_training", "simulations/lp_ft_with_imperfect_features"),
    ),
    FigureEntry("early_stopping", "No stopping time saves fine-tuning", ("simulations/along_training",)),
    FigureEntry("phase_diagram", "Which method wins where", ("simulations/phase_diagram",)),
    FigureEntry(
        "bounds_against_parameters",
        "How close the bounds come",
        ("simulations/bounds_against_parameters",),
    ),
    FigureEntry("weight_interpolation", "Beyond the paper: averaged weights", ("simulations/weight_interpolation",)),
    FigureEntry("head_learning_rate", "Beyond the paper: a faster head", ("simulations/head_learning_rate",)),
    FigureEntry("l2_sp", "Beyond the paper: a penalty on moved features", ("simulations/l2_sp",)),
    FigureEntry("several_outputs", "Beyond the paper: several outputs", ("simulations/several_outputs",)),
    FigureEntry("relu_network", "Beyond the paper: a ReLU network", ("simulations/relu_network",)),
    FigureEntry("finite_steps", "Beyond the paper: finite steps", ("simulations/finite_steps",)),
    FigureEntry("finite_sample", "Beyond the paper: few examples and noisy labels", ("simulations/finite_sample",)),
    FigureEntry("any_loss", "Beyond the paper: any loss, noisy labels, stochastic steps", ("simulations/any_loss",)),
    FigureEntry(
        "last_layers_on_digits",
        "Beyond the paper: the last two layers on real digits",
        ("simulations/last_layers_on_digits",),
    ),
    FigureEntry("benchmark_accuracy", "Accuracy, measured and published", (BENCHMARK,)),
    FigureEntry("id_ood_scatter", "Everything that was trained", (BENCHMARK,)),
    FigureEntry("accuracy_along_training", "Accuracy along training", (BENCHMARK,)),
    FigureEntry("selection_on_id_and_ood", "Selection on ID against selection on OOD data", (BENCHMARK,)),
    FigureEntry("feature_movement_on_images", "How far features of images move", (BENCHMARK,)),
    FigureEntry("norm_modes", "The 2 x 2 of method and norm mode", (BENCHMARK,)),
    FigureEntry("learning_rates", "Learning rates, with the grid's extensions", (BENCHMARK,)),
    FigureEntry("weight_interpolation_on_images", "Weight interpolation (WiSE-FT) on images", (BENCHMARK,)),
)


def entry(name: str) -> FigureEntry:
    """The figure of this name.

    Raises:
      ValueError: there is none.
    """
    for figure in FIGURES:
        if figure.name == name:
            return figure
    raise ValueError(f"A figure must be one of {', '.join(figure.name for figure in FIGURES)}, got {name!r}.")
