"""A backbone pretrained on rendered characters: here and now, or beforehand and shipped with the package."""

import json
from dataclasses import asdict
from pathlib import Path

from artifacts import Outcome, UserError
from artifacts.files import digest_of
from empirical.backbones.checkpoints import read_checkpoint, read_provenance, weights_fingerprint, write_checkpoint
from empirical.backbones.shipped import shipped_weights
from empirical.backbones.small_resnet import small_shapes
from empirical.benchmark.run import Run
from empirical.pretraining import Pretrained, Pretraining, pretrain
from empirical.records import RESULT_FILE, PretrainingResult, write_record
from empirical.runs.publishing import WEIGHTS_FILE, publish_run


def publish_pretraining(run: Run, force: bool) -> Outcome:
    """Publish the weights.

    Raises:
      UserError: shipped weights are asked for, and there are none that were pretrained so.
    """
    asked = run.pretrained_for
    assert asked is not None
    config = Pretraining(steps=asked.steps, looks=asked.looks, seed=asked.seed)
    path = shipped_weights(steps=asked.steps, looks=asked.looks, seed=asked.seed) if asked.shipped else None

    def build(directory: Path) -> None:
        made = pretrain(config) if path is None else shipped_network(path, config)
        write_checkpoint(directory / WEIGHTS_FILE, made.network, made.provenance)
        fingerprint = weights_fingerprint(made.network)
        result = PretrainingResult(run=run.id, provenance=made.provenance, fingerprint=fingerprint)
        write_record(directory / RESULT_FILE, result)

    inputs = {} if path is None else {"shipped": digest_of(path)}
    return publish_run(run, inputs=inputs, build=build, force=force)


def shipped_network(path: Path, config: Pretraining) -> Pretrained:
    """The network that a file of the package holds.

    Raises:
      UserError: it was pretrained in another way than `config`, or the file is damaged.
    """
    provenance = read_provenance(path)
    if provenance.get("configuration") != json.loads(json.dumps(asdict(config))):
        raise UserError(
            f"{path} must hold the network of {config}, got {provenance.get('configuration')}; "
            "`python -m empirical.pretraining` makes it anew."
        )
    return Pretrained(network=read_checkpoint(path, small_shapes()), provenance=provenance)
