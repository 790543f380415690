"""Handwritten digits of MNIST and USPS as class folders, and a TOML file that names the shift in both directions.

    python examples/mnist_usps.py mnist_usps_32.npz digits
    distort bench verify mnist_to_usps usps_to_mnist --config digits/data.toml

The archive holds uint8 arrays `mnist_images` and `usps_images` (n, height, width), and their labels `mnist_labels` and
`usps_labels`. Arrays of your own become a data set in the same way.
"""

import argparse
from pathlib import Path

import numpy as np

from artifacts.files import write_text
from empirical.datasets.folders import write_class_folders

SOURCES = ("mnist", "usps")
CONFIGURATION = """\
[datasets.mnist_to_usps]
title = "MNIST to USPS"
training = { folder = "mnist" }
[datasets.mnist_to_usps.ood]
usps = { folder = "usps" }

[datasets.usps_to_mnist]
title = "USPS to MNIST"
training = { folder = "usps" }
[datasets.usps_to_mnist.ood]
mnist = { folder = "mnist" }
"""


def convert(archive: Path, out: Path, limit: int | None = None) -> None:
    """Write both sources, or the first `limit` images of each, below a new folder; the TOML file comes last."""
    out.mkdir(parents=True)
    with np.load(archive, allow_pickle=False) as arrays:
        for source in SOURCES:
            images, labels = arrays[f"{source}_images"][:limit], arrays[f"{source}_labels"][:limit]
            write_class_folders(images, labels, out / source)
    write_text(out / "data.toml", CONFIGURATION)


def main() -> None:
    arguments = argparse.ArgumentParser(description="MNIST and USPS as class folders.")
    arguments.add_argument("archive", type=Path)
    arguments.add_argument("out", type=Path, help="new folder")
    arguments.add_argument("--limit", type=int, help="images of each source; all by default")
    chosen = arguments.parse_args()
    convert(chosen.archive, chosen.out, chosen.limit)


if __name__ == "__main__":
    main()
