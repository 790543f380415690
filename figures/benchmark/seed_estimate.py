"""What a benchmark figure marks: a mean over seeds, with what is known of its spread."""

from dataclasses import dataclass

from empirical.records import BenchmarkRow, Estimate, OODAccuracy


@dataclass(frozen=True)
class SeedEstimate:
    """An accuracy or an error rate in [0, 1]: mean over seeds, half width of its 90 % interval, single seeds."""

    mean: float
    ci90: float | None
    per_seed: tuple[float, ...]

    @classmethod
    def of(cls, accuracy: OODAccuracy | Estimate) -> "SeedEstimate":
        """An OOD set or a column of a row."""
        mean = accuracy.mean if isinstance(accuracy, Estimate) else accuracy.accuracy
        return cls(mean, accuracy.ci90, tuple(accuracy.per_seed))

    @classmethod
    def in_distribution(cls, row: BenchmarkRow) -> "SeedEstimate":
        """A row's ID test accuracy."""
        return cls(row.id_accuracy, row.id_ci90, tuple(row.id_per_seed))

    @classmethod
    def out_of_distribution(cls, row: BenchmarkRow) -> "SeedEstimate":
        """A row's mean over its OOD columns."""
        return cls(row.ood_accuracy, row.ood_ci90, tuple(row.ood_per_seed))

    @property
    def error(self) -> "SeedEstimate":
        """The error rate of an accuracy."""
        return SeedEstimate(1 - self.mean, self.ci90, tuple(1 - seed for seed in self.per_seed))
