"""A benchmark with made-up numbers, for tests of what is drawn and written; no result of ours.

Its rows are those of `made_up_rows`, 0.01 better for every data set before this one.
"""

from collections.abc import Iterable
from typing import Any, Literal

from empirical.records import (
    Benchmark,
    DatasetRecord,
    Estimate,
    Interpolation,
    InterpolationPoint,
    PairedDifference,
    PublishedAccuracy,
    Refitting,
    SetDescription,
)
from tests.support.made_up_conditions import head_scales, head_starts, lengths, pretraining
from tests.support.made_up_rows import ID, METHODS, OOD, SEEDS, SETS, curve, metrics, row, run_of, spread


def benchmark(datasets: Iterable[str] = ("digits",)) -> Benchmark:
    """Everything that a suite can collect, for every data set."""
    names = tuple(datasets)
    bonuses = {name: 0.01 * before for before, name in enumerate(names)}
    return Benchmark(
        suite="made up",
        datasets=[dataset(name) for name in names],
        rows=[row(name, *method, bonus=bonus) for name, bonus in bonuses.items() for method in METHODS],
        oracle_rows=[
            row(name, *method, bonus=bonus, selected_on="shifted")
            for name, bonus in bonuses.items()
            for method in METHODS
        ],
        curves=[curve(name, *method, seed=seed) for name in names for method in METHODS[1:] for seed in SEEDS],
        sets=[described(name, ood) for name in names for ood in SETS],
        interpolations=[interpolation(name, "LP-FT", "eval", seed=seed) for name in names for seed in SEEDS],
        refittings=[refitting(name, "FT", "train", seed=seed) for name in names for seed in SEEDS],
        differences=[bad_features(name) for name in names],
        conditions=[
            condition
            for name in names
            for condition in (*pretraining(name), *head_starts(name), *lengths(name), *head_scales(name))
        ],
        published=[
            *(published("id", name, method) for name in names for method in ID),
            *(published("ood", "shifted", method) for method in ID),
        ],
    )


def dataset(name: str) -> DatasetRecord:
    return DatasetRecord(
        name=name,
        title=f"The {name}",
        family=name,
        protocol="clean",
        miniature=False,
        classes=10,
        sizes={"id_test": 100} | dict.fromkeys(SETS, 50),
        columns={"shifted": ["inverted", "coloured"]},
        titles={"shifted": "Shifted"},
        backbone={"command": "made up"},
        fingerprint="0" * 64,
        recipe={"epochs": 2},
    )


def described(dataset: str, name: str) -> SetDescription:
    """Sets lie the farther from ID the earlier they come."""
    earlier = list(SETS).index(name)
    return SetDescription(
        dataset=dataset,
        name=name,
        premises=SETS[name],
        reason=f"{name} & <made up>",
        count=50,
        pixel_energy_outside=0.5,
        feature_energy_outside=0.3 - 0.1 * earlier,
        id_energy_outside=0.1,
        shift="large" if earlier < 2 else "small",
        largest_angle=1.2 - 0.3 * earlier,
        mean_angle=0.9 - 0.3 * earlier,
        paired_distance=1.0,
        own_head_accuracy=0.9,
        shared_head_accuracy=0.9,
    )


def interpolation(dataset: str, method: str, norm_mode: Literal["train", "eval"], *, seed: int) -> Interpolation:
    """ID accuracy rises along the line, OOD accuracy is best in its middle."""
    points = [
        InterpolationPoint(
            alpha=alpha,
            sets={"id_test": metrics(0.8 + 0.1 * alpha)}
            | {name: metrics(0.6 + 0.2 * alpha * (1 - alpha)) for name in SETS},
        )
        for alpha in (0.0, 0.5, 1.0)
    ]
    return Interpolation(**end_of_run("interpolation", dataset, method, norm_mode, seed), points=points)


def refitting(dataset: str, method: str, norm_mode: Literal["train", "eval"], *, seed: int) -> Refitting:
    """A refitted head reads every set as LP does, and OOD features follow half of what ID features move."""
    return Refitting(
        **end_of_run("refitting", dataset, method, norm_mode, seed),
        accuracies={"id_test": 0.9} | dict.fromkeys(SETS, OOD["LP"]),
        followed={"id_test": 1.0} | dict.fromkeys(SETS, 0.5),
    )


def bad_features(dataset: str) -> PairedDifference:
    """With the shortest pretraining features are bad."""
    return PairedDifference(
        dataset=dataset, condition="100 steps", rule="best", name="ft_minus_lp", minuend="FT (train)",
        subtrahend="LP (eval)", good_features=False, group="large shift", sets=["inverted", "coloured"],
        difference=Estimate(mean=0.1, ci90=0.03, ci90_normal=0.02, per_seed=spread(0.1)),
    )  # fmt: skip


def published(table: Literal["id", "ood"], column: str, method: str) -> PublishedAccuracy:
    accuracy = (ID if table == "id" else OOD)[method] + 0.05
    mode = "train" if method == "FT" else "eval"
    status = "recollected" if method == "LP" else "confirmed"
    return PublishedAccuracy(
        table=table, column=column, method=method, norm_mode=mode, accuracy=accuracy, ci90=0.01, status=status,
        source="made up",
    )  # fmt: skip


def end_of_run(kind: str, dataset: str, method: str, norm_mode: str, seed: int) -> dict[str, Any]:
    """The fields of `OfTrainedRun`."""
    run = run_of(dataset, method, norm_mode, seed=seed)
    return {
        "run": f"{run}/{kind}", "end": run, "dataset": dataset, "method": method, "norm_mode": norm_mode,
        "learning_rate": 0.01, "seed": seed,
    }  # fmt: skip
