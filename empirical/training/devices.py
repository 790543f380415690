"""One run on all local devices: parameters on each, every batch divided among them.

The compiler sees one program on whole batches, so means over a batch, those of batch normalisation among them, are
means over all devices' images.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec


class Placement(NamedTuple):
    """Where arrays live on several devices. `divided` splits the first axis; `everywhere` is a copy on each."""

    devices: int
    divided: NamedSharding
    everywhere: NamedSharding

    def of_batch(self, size: int) -> NamedSharding:
        """A batch that the devices do not divide, such as an epoch's last, is computed whole on each of them."""
        return self.divided if size % self.devices == 0 else self.everywhere


def placement(batch_size: int, devices: Sequence[jax.Device]) -> Placement | None:
    """Use as many of `devices` as divide the batch; None where that is one."""
    used = max(count for count in range(1, len(devices) + 1) if batch_size % count == 0)
    if used == 1:
        return None
    mesh = Mesh(np.array(devices[:used]), ("batch",))
    return Placement(used, NamedSharding(mesh, PartitionSpec("batch")), NamedSharding(mesh, PartitionSpec()))


def on_each(placement: Placement | None, tree: Any) -> Any:
    """A tree of arrays, copied to every device."""
    return tree if placement is None else jax.device_put(tree, placement.everywhere)
