"""`python two_hosts.py ADDRESS NUMBER`: one of two processes that train one run together; prints the difference.

Each has two virtual CPU devices (`XLA_FLAGS=--xla_force_host_platform_device_count=2`).
"""

import sys

from artifacts.runtime import prepare_jax

prepare_jax()

import jax  # noqa: E402  prepared first

if __name__ == "__main__":
    jax.distributed.initialize(sys.argv[1], num_processes=2, process_id=int(sys.argv[2]))
    assert (jax.device_count(), jax.local_device_count()) == (4, 2)
    import numpy as np

    from empirical.methods import FT_EVAL
    from empirical.training import TrainingRun, train
    from tests.support.divided_training import START, streamed

    run = TrainingRun(method=FT_EVAL, learning_rate=0.02, epochs=2, batch_size=8, seed=0)
    alone = train(START, streamed(24), run, devices=jax.local_devices()[:1])
    together = train(START, streamed(24), run, devices=jax.devices())
    pairs = zip(jax.tree.leaves(alone.classifier), jax.tree.leaves(together.classifier), strict=True)
    print(max(float(np.max(np.abs(np.asarray(a) - np.asarray(b)))) for a, b in pairs))
