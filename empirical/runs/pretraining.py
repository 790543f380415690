"""A backbone pretrained here and now, for a series over the quality of features."""

from pathlib import Path

from artifacts import Outcome
from empirical.backbones.checkpoints import weights_fingerprint, write_checkpoint
from empirical.benchmark.suite import Suite
from empirical.benchmark.units import Unit, run_id, variation
from empirical.benchmark.workspace import Places
from empirical.pretraining import Pretraining, pretrain
from empirical.records import PretrainingResult, write_record
from empirical.runs.materials import WEIGHTS_FILE
from empirical.runs.publishing import RESULT_FILE, publish_run


def publish_pretraining(unit: Unit, suite: Suite, places: Places, force: bool) -> Outcome:
    """Publish the weights."""
    asked = variation(unit, suite.recipe(unit.recipe)).pretraining
    assert asked is not None

    def build(directory: Path) -> None:
        made = pretrain(Pretraining(steps=asked.steps, seed=asked.seed))
        write_checkpoint(directory / WEIGHTS_FILE, made.network, made.provenance)
        result = PretrainingResult(
            run=run_id(unit, suite), provenance=made.provenance, fingerprint=weights_fingerprint(made.network)
        )
        write_record(directory / RESULT_FILE, result)

    return publish_run(unit, suite, places, inputs={}, build=build, force=force)
