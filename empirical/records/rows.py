"""The rows of the benchmark's tables: one method on one data set, over seeds, at what selection chose.

An interval is given by its half width: `ci90` is Student's t (the one to show; with three seeds 2.92 standard errors),
`ci90_normal` the paper's formula (1.645 standard errors), which is too narrow for three. Both are None for one seed.
"""

from typing import Literal

from pydantic import Field

from empirical.records.record import Record
from empirical.records.runs import Edge, EpochRecord, Movement, NormMode, method_label

#: Whether the theory speaks about an OOD set: a large shift that pretraining has seen, a small one, hardly any.
Premises = Literal["met", "small shift", "near ID", "unknown"]
#: Of a learning rate on a grid: `selection.selected`, or the lowest within a standard error of it.
SelectionRule = Literal["best", "one standard error"]
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
      rule: how the learning rate was chosen from the grid.
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
    rule: SelectionRule = "best"
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

    @property
    def label(self) -> str:
        """Method and norm mode."""
        return method_label(self.method, self.norm_mode)


#: Sets of which a difference is the mean: ID test images, and OOD sets by how far they lie, measured beforehand; "OOD"
#: are those of which nothing was measured, as of a user's own images.
DifferenceGroup = Literal["ID", "large shift", "small shift", "near ID", "OOD"]


class PairedDifference(Record):
    """One method's accuracy less another's, seed by seed on the same images, and its interval.

    Attributes:
      condition: as in `BenchmarkRow`.
      rule: by which both methods' learning rates were selected.
      name: `ft_minus_lp`, `lp_ft_minus_ft`, `lp_ft_minus_lp`: as the paper compares them, FT in train mode and the
        others in eval mode; `head_start_eval`, `head_start_train`: LP-FT less FT in equal norm mode, what the start of
        the head does; `norm_mode_ft`, `norm_mode_lp_ft`: eval less train mode with an equal start.
      minuend, subtrahend: labels of the two methods.
      good_features: whether one head reads the large-shift sets in the pretrained features (`results.paired`); None
        where that was not measured.
      sets: whose unweighted mean it is.
    """

    dataset: str
    condition: str = ""
    rule: SelectionRule
    name: str
    minuend: str
    subtrahend: str
    good_features: bool | None
    group: DifferenceGroup
    sets: list[str]
    difference: Estimate


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
