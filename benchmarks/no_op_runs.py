"""Runs that train nothing: each publishes a small valid result through the same door as the real ones.

What is left is what planner, executors, publishing and collecting cost.
"""

import hashlib
from pathlib import Path
from typing import Any

from artifacts import Outcome
from empirical import Assignment, Run, Suite
from empirical.augment.transforms import OWN
from empirical.backbones.catalogue import BackboneChoice
from empirical.datasets.protocols import CLEAN
from empirical.methods import FT, FT_EVAL, LP_FT, LP_FT_TRAIN
from empirical.recipes import Recipe, SolvedProbe, Sweep
from empirical.records import (
    METRICS_FILE,
    RESULT_FILE,
    Description,
    EpochRecord,
    Movement,
    PenaltyRecord,
    ProbeResult,
    Record,
    RunResult,
    SetMetrics,
    write_lines,
    write_record,
)
from empirical.runs.publishing import publish_run

METHODS = (FT, FT_EVAL, LP_FT, LP_FT_TRAIN)
SETS = ("id_validation", "id_test", "first", "second")
EPOCHS = 3


def no_op_suite(recipes: int, *, rates: int, seeds: int) -> Suite:
    """`recipes` times (4 methods x `rates` x `seeds` training runs, `seeds` probes, a description)."""
    grid = tuple(float(f"{10 ** (-6 + 5 * index / rates):.6g}") for index in range(rates))
    return Suite(
        name="no-op",
        recipes=tuple(
            Recipe(
                name=f"recipe{number:03d}",
                title="No images",
                family="none",
                protocol=CLEAN,
                backbone=BackboneChoice(name="small_resnet"),
                pipelines=OWN,
                probe=SolvedProbe(penalties=(1e-2, 1.0)),
                sweeps=tuple(Sweep(method=method, learning_rates=grid) for method in METHODS),
                epochs=EPOCHS,
                batch_size=1,
                seeds=tuple(range(seeds)),
                source="a measurement",
            )
            for number in range(recipes)
        ),
    )


def no_op(assignment: Assignment) -> Outcome:
    """In the place of `run_unit`: numbers are drawn from the unit's name."""
    run = assignment.run()

    def build(directory: Path) -> None:
        result, lines = _made_up(run)
        write_lines(directory / METRICS_FILE, lines)
        write_record(directory / RESULT_FILE, result)

    return publish_run(run, inputs={"data": {}, "weights": ""}, build=build, force=assignment.force)


def _made_up(run: Run) -> tuple[Record, list[Record]]:
    unit, recipe, draw = run.unit, run.recipe, _draw(str(run.unit))
    if unit.kind == "description":
        common: dict[str, Any] = {
            "run": run.id,
            "dataset": recipe.name,
            "miniature": False,
            "classes": 2,
            "backbone": {},
        }
        sizes = dict.fromkeys(("id_training", *SETS), 1)
        return Description(**common, sizes=sizes, fingerprint="", sets=[], id_shared_head_accuracy=None,
                           quantities=[]), []  # fmt: skip
    assert unit.seed is not None
    if unit.kind == "probe":
        path = [PenaltyRecord(penalty=at, converged=True, iterations=1, sets=_sets(draw)) for at in (1e-2, 1.0)]
        return ProbeResult(run=run.id, dataset=recipe.name, seed=unit.seed, penalty=1e-2, edge="low", sets=path[0].sets,
                           seconds=0.0), list(path)  # fmt: skip
    assert unit.learning_rate is not None
    moved = dict.fromkeys(SETS, Movement(mean_squared=draw, euclidean=draw, cosine=0.0, cka=1.0))
    epochs = [
        EpochRecord(epoch=epoch, learning_rate=unit.learning_rate, training_loss=1.0, sets=_sets(draw), movement=moved)
        for epoch in range(EPOCHS + 1)
    ]
    result = RunResult(
        run=run.id, dataset=recipe.name, method=run.method.name, norm_mode=run.method.norm_mode, seed=unit.seed,
        learning_rate=unit.learning_rate, status="finished", reason=None, selected_epoch=1, sets=epochs[1].sets,
        movement=moved, seconds=0.0, images_per_second=None,
    )  # fmt: skip
    return result, list(epochs)


def _sets(draw: float) -> dict[str, SetMetrics]:
    return {name: SetMetrics(accuracy=draw, nll=1 - draw, ece=0.0, count=1) for name in SETS}


def _draw(name: str) -> float:
    """In [0, 1], the same for the same name in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32
