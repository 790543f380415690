"""A benchmark with made-up numbers, for tests of what is drawn and written; no result of ours.

Accuracies are simple: 0.8 for LP, 0.9 for FT and 0.88 for LP-FT in distribution, plus 0.01 for every data set before
this one; out of distribution 0.6, 0.5 and 0.65; seeds 0.01 around that.
"""

from collections.abc import Iterable
from typing import Literal

from empirical.records import (
    Benchmark,
    BenchmarkRow,
    ConditionRecord,
    Curve,
    DatasetRecord,
    EpochRecord,
    Estimate,
    GridPoint,
    Interpolation,
    InterpolationPoint,
    Movement,
    OODAccuracy,
    PairedDifference,
    PublishedAccuracy,
    Refitting,
    SetDescription,
    SetMetrics,
)

ID = {"LP": 0.8, "FT": 0.9, "LP-FT": 0.88}
OOD = {"LP": 0.6, "FT": 0.5, "LP-FT": 0.65}
MOVED = {"LP": 0.0, "FT": 1.0, "LP-FT": 0.1}
#: In the other norm mode than the paper's, everything is this much worse.
OTHER_MODE = 0.05
METHODS = (("LP", "eval"), ("FT", "train"), ("FT", "eval"), ("LP-FT", "eval"), ("LP-FT", "train"))
PAPER = {("LP", "eval"), ("FT", "train"), ("LP-FT", "eval")}
SETS = {"inverted": "met", "coloured": "met", "near_id": "near ID"}
RATES = (0.001, 0.01, 0.1)
SEEDS = (0, 1)


def benchmark(datasets: Iterable[str] = ("digits",)) -> Benchmark:
    """Everything that a suite can collect, for every data set."""
    names = tuple(datasets)
    places = list(enumerate(names))
    return Benchmark(
        suite="made up",
        datasets=[dataset(name) for name in names],
        rows=[row(name, *method, bonus=0.01 * place) for place, name in places for method in METHODS],
        oracle_rows=[
            row(name, *method, bonus=0.01 * place, selected_on="shifted")
            for place, name in places
            for method in METHODS
        ],
        curves=[curve(name, *method, seed=seed) for name in names for method in METHODS[1:] for seed in SEEDS],
        sets=[described(name, place, one) for name in names for place, one in enumerate(SETS)],
        interpolations=[interpolation(name, "LP-FT", "eval", seed=seed) for name in names for seed in SEEDS],
        refittings=[refitting(name, "FT", "train", seed=seed) for name in names for seed in SEEDS],
        differences=[bad_features(name) for name in names],
        conditions=[one for name in names for one in (*pretraining(name), *head_starts(name), *lengths(name))],
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


def row(
    dataset: str,
    method: str,
    norm_mode: Literal["train", "eval"],
    *,
    bonus: float = 0.0,
    selected_on: str = "id_validation",
    condition: str = "",
) -> BenchmarkRow:
    """A row; selected on OOD data it is 0.02 better there and 0.02 worse in distribution."""
    other = 0.0 if (method, norm_mode) in PAPER else OTHER_MODE
    oracle = 0.0 if selected_on == "id_validation" else 0.02
    id_accuracy, ood = ID[method] + bonus - other - oracle, OOD[method] + bonus - other + oracle
    moved = MOVED[method]
    run = f"runs/{dataset}-{method}-{norm_mode}"
    return BenchmarkRow(
        dataset=dataset,
        condition=condition,
        method=method,
        norm_mode=norm_mode,
        seeds=list(SEEDS),
        selected_on=selected_on,
        learning_rate=None if method == "LP" else 0.01,
        penalties=[1.0, 1.0] if method == "LP" else [],
        grid=[] if method == "LP" else grid(id_accuracy, ood, run),
        grid_edge=None,
        selected_epochs=[] if method == "LP" else [1, 2],
        diverged_learning_rates=[],
        id_validation_accuracy=id_accuracy,
        id_accuracy=id_accuracy,
        id_ci90=0.03,
        id_ci90_normal=0.02,
        id_per_seed=spread(id_accuracy),
        id_nll=0.5,
        id_ece=0.02,
        ood_accuracy=ood,
        ood_ci90=0.03,
        ood_ci90_normal=0.02,
        ood_per_seed=spread(ood),
        per_ood_set={
            name: OODAccuracy(
                accuracy=accuracy,
                ci90=0.03,
                ci90_normal=0.02,
                per_seed=spread(accuracy),
                premises=premises,
                nll=1.0,
                ece=0.1,
            )
            for name, premises in SETS.items()
            for accuracy in [id_accuracy if premises == "near ID" else ood]
        },
        per_column={"shifted": Estimate(mean=ood, ci90=0.03, ci90_normal=0.02, per_seed=spread(ood))},
        id_feature_movement=moved,
        id_feature_movement_per_seed=[0.99 * moved, 1.01 * moved],
        ood_feature_movement=moved / 2,
        ood_feature_movement_per_seed=[0.495 * moved, 0.505 * moved],
        movement={"id_test": movement(moved)} | {name: movement(moved / 2) for name in SETS},
        runs=[f"{run}-seed{seed}" for seed in SEEDS],
    )


def grid(id_accuracy: float, ood: float, run: str) -> list[GridPoint]:
    """The middle rate is best, the last one is an extension, a still larger one diverged."""
    points = [
        GridPoint(
            value=rate,
            extension=rate == RATES[-1],
            diverged=False,
            selection=id_accuracy - loss,
            id_accuracy=id_accuracy - loss,
            ood_accuracy=ood - 2 * loss,
            per_column={"shifted": ood - 2 * loss},
            runs=[f"{run}-{rate:g}"],
        )
        for rate, loss in zip(RATES, (0.1, 0.0, 0.05), strict=True)
    ]
    diverged = GridPoint(
        value=1.0, extension=True, diverged=True, selection=None, id_accuracy=None, ood_accuracy=None, per_column={},
        runs=[f"{run}-1"],
    )  # fmt: skip
    return [*points, diverged]


def curve(dataset: str, method: str, norm_mode: Literal["train", "eval"], *, seed: int) -> Curve:
    """Accuracy 0.5 + 0.2 epoch - 0.1 seed; LP-FT starts where it will end."""
    epochs = [
        EpochRecord(
            epoch=epoch,
            learning_rate=0.01,
            training_loss=None if epoch == 0 else 1.0 / epoch,
            sets={
                name: metrics(0.5 + 0.2 * (2 if method == "LP-FT" else epoch) - 0.1 * seed)
                for name in ("id_validation", "id_test", *SETS)
            },
            movement={name: movement(0.1 * epoch) for name in ("id_validation", "id_test", *SETS)},
        )
        for epoch in range(3)
    ]
    run = f"runs/{dataset}-{method}-{norm_mode}-seed{seed}"
    return Curve(
        run=run, dataset=dataset, method=method, norm_mode=norm_mode, learning_rate=0.01, seed=seed, epochs=epochs
    )


def described(dataset: str, place: int, name: str) -> SetDescription:
    """Sets lie the farther from ID the earlier they come."""
    return SetDescription(
        dataset=dataset,
        name=name,
        premises=SETS[name],
        reason=f"{name} & <made up>",
        count=50,
        pixel_energy_outside=0.5,
        feature_energy_outside=0.3 - 0.1 * place,
        id_energy_outside=0.1,
        shift="large" if place < 2 else "small",
        largest_angle=1.2 - 0.3 * place,
        mean_angle=0.9 - 0.3 * place,
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
    run = f"runs/{dataset}-{method}-{norm_mode}-seed{seed}"
    return Interpolation(
        run=f"{run}/interpolation", end=run, dataset=dataset, method=method, norm_mode=norm_mode, learning_rate=0.01,
        seed=seed, points=points,
    )  # fmt: skip


def pretraining(dataset: str) -> list[ConditionRecord]:
    """Three lengths; every method gains 0.1 out of distribution with each step."""
    return [
        ConditionRecord(
            dataset=dataset,
            kind="pretraining",
            name="" if place == 2 else f"{steps} steps",
            label=f"{steps} steps",
            value=steps,
            backbone_accuracy=0.5 + 0.2 * place,
            head_accuracy=None,
            quantities=None,
            rows=[row(dataset, *method, bonus=0.1 * (place - 2)) for method in METHODS if method in PAPER],
        )
        for place, steps in enumerate((100, 1000, 4000))
    ]


def head_starts(dataset: str) -> list[ConditionRecord]:
    """From a random head to a probed one; out of distribution 0.05 better each time."""
    return [
        ConditionRecord(
            dataset=dataset,
            kind="head_start",
            name="" if place in (0, 2) else label,
            label=label,
            value=place,
            backbone_accuracy=None,
            head_accuracy=0.1 + 0.4 * place,
            quantities=None,
            rows=[row(dataset, "LP-FT" if place == 2 else "FT", "eval", bonus=0.05 * place)],
        )
        for place, label in enumerate(("random", "partly probed", "linear probe"))
    ]


def lengths(dataset: str) -> list[ConditionRecord]:
    """Three lengths of features; out of distribution FT loses 0.1 with each that is shorter, the others nothing."""
    return [
        ConditionRecord(
            dataset=dataset,
            kind="feature_norm",
            name="" if length == 1.0 else f"features of length {length:g}",
            label=f"{length:g}",
            value=length,
            backbone_accuracy=0.9,
            head_accuracy=None,
            quantities=None,
            rows=[row(dataset, *method, bonus=-0.1 * place if method[0] == "FT" else 0.0) for method in METHODS],
        )
        for place, length in enumerate((10.0, 1.0, 0.1))
    ]


def refitting(dataset: str, method: str, norm_mode: Literal["train", "eval"], *, seed: int) -> Refitting:
    """A refitted head reads every set as LP does, and OOD features follow half of what ID features move."""
    run = f"runs/{dataset}-{method}-{norm_mode}-seed{seed}"
    return Refitting(
        run=f"{run}/refitting", end=run, dataset=dataset, method=method, norm_mode=norm_mode, learning_rate=0.01,
        seed=seed, accuracies={"id_test": 0.9} | dict.fromkeys(SETS, OOD["LP"]),
        followed={"id_test": 1.0} | dict.fromkeys(SETS, 0.5),
    )  # fmt: skip


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


def movement(value: float) -> Movement:
    return Movement(mean_squared=value, euclidean=value, cosine=value)


def metrics(accuracy: float) -> SetMetrics:
    return SetMetrics(accuracy=accuracy, nll=1.0, ece=0.1, count=50)


def spread(mean: float) -> list[float]:
    return [mean - 0.01, mean + 0.01]
