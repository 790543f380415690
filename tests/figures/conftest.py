"""A benchmark with made-up numbers, for tests of what is drawn and written; no result of ours."""

import pytest

from empirical.records import (
    Benchmark,
    BenchmarkRow,
    Curve,
    EpochRecord,
    Movement,
    OODAccuracy,
    SetDescription,
)

SETS = {"inverted": "met", "coloured": "met", "near_id": "near ID"}


def row(method: str, norm_mode: str, *, accuracy: float, moved: float) -> BenchmarkRow:
    """A row whose accuracy falls by 0.1 from ID to OOD, with two seeds 0.02 apart."""
    ood = accuracy - 0.1
    movement = {name: Movement(mean_squared=moved / 2, euclidean=moved, cosine=moved) for name in SETS}
    movement["id_test"] = Movement(mean_squared=moved, euclidean=moved, cosine=moved)
    per_set = {
        name: OODAccuracy(
            accuracy=ood, ci90=0.03, ci90_normal=0.02, per_seed=[ood - 0.01, ood + 0.01], premises=premises
        )
        for name, premises in SETS.items()
    }
    return BenchmarkRow(
        dataset="digits",
        method=method,
        norm_mode=norm_mode,
        seeds=[0, 1],
        learning_rate=None if method == "LP" else 0.01,
        grid_edge=None,
        selected_epochs=[] if method == "LP" else [1, 2],
        diverged_learning_rates=[],
        id_validation_accuracy=accuracy,
        id_accuracy=accuracy,
        id_ci90=0.03,
        id_ci90_normal=0.02,
        id_per_seed=[accuracy - 0.01, accuracy + 0.01],
        ood_accuracy=ood,
        ood_ci90=0.03,
        ood_ci90_normal=0.02,
        ood_per_seed=[ood - 0.01, ood + 0.01],
        per_ood_set=per_set,
        id_feature_movement=moved,
        ood_feature_movement=moved / 2,
        movement=movement,
    )


def curve(method: str, norm_mode: str, *, seed: int) -> Curve:
    """Accuracy climbing to 0.9 - 0.1 seed in two epochs."""
    epochs = [
        EpochRecord(
            epoch=epoch,
            learning_rate=0.01,
            training_loss=None if epoch == 0 else 1.0 / epoch,
            accuracy={name: 0.5 + 0.2 * epoch - 0.1 * seed for name in ("id_validation", "id_test", *SETS)},
            movement={name: 0.1 * epoch for name in ("id_validation", "id_test", *SETS)},
        )
        for epoch in range(3)
    ]
    return Curve(method=method, norm_mode=norm_mode, learning_rate=0.01, seed=seed, epochs=epochs)


@pytest.fixture
def made_up_benchmark() -> Benchmark:
    sets = [
        SetDescription(
            name=name,
            premises=premises,
            reason=f"{name} & <made up>",
            pixel_energy_outside=0.5,
            feature_energy_outside=0.1,
            largest_angle=0.5,
            mean_angle=0.2,
            paired_distance=1.0,
            own_head_accuracy=0.9,
            shared_head_accuracy=0.9,
        )
        for name, premises in SETS.items()
    ]
    return Benchmark(
        rows=[
            row("LP", "eval", accuracy=0.8, moved=0.0),
            row("FT", "train", accuracy=0.9, moved=1.0),
            row("FT", "eval", accuracy=0.7, moved=0.7),
            row("LP-FT", "eval", accuracy=0.85, moved=0.1),
        ],
        curves=[curve(*method, seed=seed) for method in (("FT", "train"), ("LP-FT", "eval")) for seed in (0, 1)],
        sets=sets,
        id_shared_head_accuracy=0.9,
        backbone={"command": "made up"},
        recipe={},
    )
