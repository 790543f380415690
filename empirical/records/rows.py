"""The rows of the benchmark's tables: one method on one data set, over seeds, at what selection chose.

An interval is given by its half width: `ci90` is Student's t (the one to show; with three seeds 2.92 standard errors),
`ci90_normal` the paper's formula (1.645 standard errors), which is too narrow for three. Both are None for one seed.
"""

from typing import Literal

from pydantic import Field

from empirical.records.record import Record
from empirical.records.runs import Edge, EpochRecord, Movement, NormMode

Premises = Literal["met", "near ID", "unknown"]
ID_SELECTION = "id_validation"


class Estimate(Record):
    """A mean over seeds with its two half widths at 90 %, and every seed."""

    mean: float
    ci90: float | None
    ci90_normal: float | None
    per_seed: list[float]


class OODAccuracy(Record):
    """One OOD set. `unmasked_accuracy` over all classes, where the set restricts predictions to its own."""

    accuracy: float
    ci90: float | None
    ci90_normal: float | None
    per_seed: list[float]
    premises: Premises
    nll: float
    ece: float
    unmasked_accuracy: float | None = None


class GridPoint(Record):
    """One learning rate (for LP: one penalty) of a method's grid, averaged over seeds.

    Attributes:
      extension: added because the best of the grid so far lay on its edge.
      diverged: a seed ended with a loss that was not finite; then there are no accuracies.
      selection: mean of the selection metric, each seed at its best epoch.
      id_accuracy, ood_accuracy, per_column: at those epochs.
    """

    value: float
    extension: bool
    diverged: bool
    selection: float | None
    id_accuracy: float | None
    ood_accuracy: float | None
    per_column: dict[str, float]
    runs: list[str]


class BenchmarkRow(Record):
    """One method on one data set.

    Everything is at the learning rate and, seed by seed, the epoch that selection chose.

    Attributes:
      dataset: name of the recipe.
      condition: empty in the main rows; else the `ConditionRecord` that the row belongs to.
      selected_on: `id_validation`, or, in OOD-oracle rows only, the OOD column whose accuracy chose epoch and rate.
      learning_rate: None for LP, whose grid is one of penalties.
      grid_edge: the chosen learning rate (for LP, the penalty of some seed) still lies at an end of the grid.
      grid_extended: learning rates that were added to the recipe's grid while the optimum lay on its edge.
      grid_limit: extension stopped at its limit, or where training diverged, with the optimum still on the edge.
      ood_accuracy: unweighted mean of the data set's columns (`per_column`).
      per_column: the paper's OOD columns: unweighted means over the sets that each names. For the embedded digits the
        one column averages the sets that meet the theory's premises.
      id_feature_movement, ood_feature_movement: the paper's mean squared difference; OOD averages as `ood_accuracy`.
      runs: directories behind the numbers, one a seed, below the benchmark's folder.
    """

    dataset: str
    condition: str = ""
    method: str
    norm_mode: NormMode
    seeds: list[int]
    selected_on: str = ID_SELECTION
    learning_rate: float | None
    penalties: list[float] = Field(default_factory=list)
    grid: list[GridPoint]
    grid_edge: Edge | None
    grid_extended: list[float] = Field(default_factory=list)
    grid_limit: bool = False
    selected_epochs: list[int]
    diverged_learning_rates: list[float]
    id_validation_accuracy: float
    id_accuracy: float
    id_ci90: float | None
    id_ci90_normal: float | None
    id_per_seed: list[float]
    id_nll: float
    id_ece: float
    ood_accuracy: float
    ood_ci90: float | None
    ood_ci90_normal: float | None
    ood_per_seed: list[float]
    per_ood_set: dict[str, OODAccuracy]
    per_column: dict[str, Estimate]
    id_feature_movement: float
    id_feature_movement_per_seed: list[float] = Field(default_factory=list)
    ood_feature_movement: float
    ood_feature_movement_per_seed: list[float] = Field(default_factory=list)
    movement: dict[str, Movement]
    runs: list[str]


class Curve(Record):
    """One seed's path along training at the selected learning rate."""

    run: str
    dataset: str
    condition: str = ""
    method: str
    norm_mode: NormMode
    learning_rate: float
    seed: int
    epochs: list[EpochRecord]
