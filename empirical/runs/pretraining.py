"""A backbone pretrained here and now, for a series over the quality of features."""

from pathlib import Path

from artifacts import Outcome
from empirical.backbones.checkpoints import weights_fingerprint, write_checkpoint
from empirical.benchmark.run import Run
from empirical.pretraining import Pretraining, pretrain
from empirical.records import RESULT_FILE, PretrainingResult, write_record
from empirical.runs.materials import WEIGHTS_FILE
from empirical.runs.publishing import publish_run


def publish_pretraining(run: Run, force: bool) -> Outcome:
    """Publish the weights."""
    asked = run.pretrained_for
    assert asked is not None

    def build(directory: Path) -> None:
        made = pretrain(Pretraining(steps=asked.steps, looks=asked.looks, seed=asked.seed))
        write_checkpoint(directory / WEIGHTS_FILE, made.network, made.provenance)
        fingerprint = weights_fingerprint(made.network)
        result = PretrainingResult(run=run.id, provenance=made.provenance, fingerprint=fingerprint)
        write_record(directory / RESULT_FILE, result)

    return publish_run(run, inputs={}, build=build, force=force)
