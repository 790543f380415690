"""The same runs on one and on four virtual devices, compared; prints the largest differences as JSON.

Needs `XLA_FLAGS=--xla_force_host_platform_device_count=4`.
"""

import json

import jax
import numpy as np

from empirical.augment import Transform
from empirical.datasets.image_sets import ImageRows, ImageSet
from empirical.methods import FT, FT_EVAL, L2_SP, MIXUP
from empirical.training import Streamed, TrainingRun, train
from empirical.training.devices import placement
from tests.support.tiny_network import CLASSES, SIDE, START, examples


def streamed(count: int) -> Streamed:
    pixels = np.random.default_rng(0).integers(0, 256, (count, 6, 6, 3)).astype(np.uint8)
    rows = ImageRows("drawn", pixels, np.arange(count))
    labels = (np.arange(count) % CLASSES).astype(np.int32)
    return Streamed(ImageSet(name="drawn", images=rows, labels=labels), Transform(crop="resize", side=SIDE))


def difference(data, run: TrainingRun) -> float:
    alone, divided = (train(START, data, run, devices=devices) for devices in (jax.devices()[:1], jax.devices()))
    assert alone.failure is None
    assert divided.failure is None
    pairs = zip(jax.tree.leaves(alone.classifier), jax.tree.leaves(divided.classifier), strict=True)
    return max(float(np.max(np.abs(np.asarray(a) - np.asarray(b)))) for a, b in pairs)


def main() -> None:
    # 22 images in batches of 8: the last batch has 6, which four devices do not divide.
    def run_of(method, microbatches: int = 1) -> TrainingRun:
        return TrainingRun(method=method, learning_rate=0.02, epochs=2, batch_size=8, seed=0, microbatches=microbatches)

    where = placement(8, jax.devices())
    batch = jax.device_put(np.zeros(8), where.divided)
    last = train(START, examples(22), run_of(FT)).classifier
    print(
        json.dumps(
            {
                "devices": len(jax.devices()),
                "used": {size: getattr(placement(size, jax.devices()), "devices", 1) for size in (8, 6, 5, 2)},
                "batch_lies_on": sum(shard.data.size == 2 for shard in batch.addressable_shards),
                "parameters_lie_on": len(last.head.weight.sharding.device_set),
                "differences": {
                    "train mode": difference(examples(22), run_of(FT)),
                    "eval mode, microbatches": difference(examples(22), run_of(FT_EVAL, 2)),
                    "mixup": difference(examples(22), run_of(MIXUP)),
                    "penalty": difference(examples(22), run_of(L2_SP)),
                    "streamed": difference(streamed(22), run_of(FT)),
                },
            }
        )
    )


if __name__ == "__main__":
    main()
