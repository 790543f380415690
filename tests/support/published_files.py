"""What published files of weights hold, for narrow networks of the published architectures."""

import jax
import numpy as np

from empirical.backbones.checkpoints import tensors
from empirical.backbones.resnet import ResNet
from empirical.backbones.tensor_names import LEADING

KEY = jax.random.key(0)
RESNET = ResNet((1, 1), 4, key=KEY)


def outside(network, dialect):
    """A network's arrays under a dialect's names and with its axes."""
    found = {}
    ours = tensors(network)
    for name, origin in dialect.origins(network.size).items():
        array = ours[name]
        if origin.layout == "convolution":
            array = array.transpose(3, 2, 0, 1)
        if origin.layout == "matrix":
            array = array.T
        if origin.layout in LEADING:
            array = array.reshape((1,) * LEADING[origin.layout] + array.shape)
        found |= dict(zip(origin.names, np.split(array, len(origin.names)), strict=True))
    return found


MOCO_EXTRA = {
    "module.encoder_q.fc.0.weight": np.ones((2, 2), np.float32),
    "module.encoder_q.bn1.num_batches_tracked": np.array(7, np.int64),
    "module.encoder_k.conv1.weight": np.ones((2, 2), np.float32),
    "module.queue": np.ones((2, 2), np.float32),
    "module.queue_ptr": np.zeros(1, np.int64),
}
