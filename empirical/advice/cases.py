"""Finished results held against the rule: a case for each OOD set on which LP, FT and LP-FT were trained."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from artifacts import UserError
from empirical.advice.premises import Premises, SetPremises
from empirical.advice.rule import advise
from empirical.advice.track_record import COMPARED, Case, TrackRecord
from empirical.records import Benchmark, BenchmarkRow, ConditionRecord, DatasetRecord, SetDescription

LP = COMPARED[0]
NOTHING: Mapping[str, Premises] = MappingProxyType({})


def track_record(results: str, benchmark: Benchmark, *, measured: Mapping[str, Premises] = NOTHING) -> TrackRecord:
    """Every OOD set that has all that the rule needs, in main rows and under conditions with features of their own.

    Args:
      results: what the results are called.
      measured: premises by data set, for main rows; where there are none they are those of the descriptions.
    Raises:
      UserError: premises were measured on other weights than the results have, or on other images.
    """
    judged = list(_cases(results, benchmark, measured))
    return TrackRecord(
        cases=[case for case in judged if case is not None], unmeasured=sum(case is None for case in judged)
    )


def without_premises(benchmark: Benchmark) -> list[str]:
    """Data sets on which all three methods were trained, some of whose descriptions have no shared head."""
    names = {row.dataset for row in benchmark.rows}
    heads = {(described.dataset, described.name): described.shared_head_accuracy for described in benchmark.sets}
    return [
        dataset.name
        for dataset in benchmark.datasets
        if dataset.name in names
        and (rows := _compared(row for row in benchmark.rows if row.dataset == dataset.name))
        and any(heads.get((dataset.name, name)) is None for name in rows[LP].per_ood_set)
    ]


def _cases(results: str, benchmark: Benchmark, measured: Mapping[str, Premises]) -> Iterator[Case | None]:
    """None for a set without premises."""
    for dataset in benchmark.datasets:
        rows = _compared(row for row in benchmark.rows if row.dataset == dataset.name)
        if rows:
            of_sets = {described.name: _described(described, rows) for described in benchmark.sets
                       if described.dataset == dataset.name}  # fmt: skip
            of_sets |= _own(measured.get(dataset.name), dataset)
            for name in rows[LP].per_ood_set:
                premises = of_sets.get(name)
                yield (
                    None if premises is None else _case(results, dataset, "", dataset.fingerprint[:16], rows, premises)
                )
    for condition in benchmark.conditions:
        rows = _compared(condition.rows)
        if condition.name and rows:
            dataset = benchmark.dataset(condition.dataset)
            for described in condition.sets:
                premises = _described(described, rows)
                network = _network(dataset, condition)
                yield None if premises is None else _case(results, dataset, condition.name, network, rows, premises)


def _compared(rows: Iterable[BenchmarkRow]) -> dict[str, BenchmarkRow]:
    """The three methods' rows; none where one is missing."""
    by_label = {row.label: row for row in rows}
    return {method: by_label[method] for method in COMPARED} if set(COMPARED) <= set(by_label) else {}


def _own(premises: Premises | None, dataset: DatasetRecord) -> dict[str, SetPremises]:
    """Premises that were measured apart, if of the same weights and as many images."""
    if premises is None:
        return {}
    if premises.fingerprint != dataset.fingerprint:
        raise UserError(
            f"Premises of {dataset.name} must be of the weights of its results, {dataset.fingerprint[:16]}, got "
            f"{premises.fingerprint[:16]}; name the checkpoint that the results were made with."
        )
    for images in premises.sets:
        if images.images != dataset.sizes.get(images.name):
            raise UserError(
                f"Premises of {images.name} must be of the images of its results, {dataset.sizes.get(images.name)}, "
                f"got {images.images}; name the data that the results were made from."
            )
    return {images.name: images for images in premises.sets}


def _network(dataset: DatasetRecord, condition: ConditionRecord) -> str:
    """What tells a condition's weights from others: steps and looks of their pretraining, or the hash."""
    if condition.kind != "pretraining":
        return dataset.fingerprint[:16]
    conditions = dataset.recipe.get("conditions", ())
    declared = (settings for settings in conditions if settings.get("name") == condition.name)
    pretraining = next(declared, {}).get("pretraining")
    return f"{pretraining['steps']} steps, looks {pretraining['looks']}" if pretraining else condition.label


def _described(described: SetDescription, rows: Mapping[str, BenchmarkRow]) -> SetPremises | None:
    """Premises from a description; None where it has no shared head."""
    if described.shared_head_accuracy is None:
        return None
    return SetPremises(
        name=described.name,
        images=described.count,
        probe_accuracy=rows[LP].per_ood_set[described.name].accuracy,
        shared_accuracy=described.shared_head_accuracy,
        energy_outside=described.feature_energy_outside,
        id_energy_outside=described.id_energy_outside,
    )


def _case(
    results: str,
    dataset: DatasetRecord,
    condition: str,
    network: str,
    rows: Mapping[str, BenchmarkRow],
    premises: SetPremises,
) -> Case:
    advice = advise(dataset.name, premises, rows[LP].id_accuracy)
    accuracies = {method: row.per_ood_set[premises.name].accuracy for method, row in rows.items()}
    return Case(
        results=results,
        dataset=dataset.name,
        miniature=dataset.miniature,
        condition=condition,
        set=premises.name,
        network=network,
        energy_ratio=premises.energy_ratio,
        gap=premises.gap,
        shared_ratio=premises.shared_ratio(rows[LP].id_accuracy),
        regime=advice.regime,
        first=advice.first,
        accuracies=accuracies,
        regret=max(accuracies.values()) - accuracies[advice.first],
    )
