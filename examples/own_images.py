"""From folders of images and a network of one's own to a table: what `distort bench` does with data that it never saw.

    python examples/own_images.py FOLDER

The data are scikit-learn's handwritten digits as class folders, bright in distribution and faint on grey out of it;
the network is the one below, with random weights. Each step prints the command that does the same.
"""

import sys
from pathlib import Path

import equinox as eqx
import jax
import numpy as np

from empirical.backbones.backbone import Backbone, Forward
from empirical.backbones.convolution import Convolution
from empirical.backbones.layers import default_convolution
from empirical.backbones.normalisation import BatchNorm
from empirical.backbones.own import backbone
from empirical.backbones.roles import roles_by_field

SIDE, WIDTHS = 8, (3, 16, 32)
SETTINGS = f"""
methods = ["LP", {{ method = "FT", learning_rates = [0.03] }}, {{ method = "LP-FT", learning_rates = [0.003] }}]
epochs = 3
batch_size = 32
seeds = [0, 1]
probe = {{ penalties = [0.001, 0.01, 0.1, 1.0] }}
transforms.training = {{ crop = "resize", side = {SIDE} }}
transforms.evaluation = {{ crop = "resize", side = {SIDE} }}
"""


class Layer(eqx.Module):
    """A convolution and a batch norm, whose statistics train mode replaces."""

    convolution: Convolution
    norm: BatchNorm

    def __call__(self, x, norm_mode):
        x, norm = self.norm(self.convolution(x), norm_mode)
        return jax.nn.relu(x), eqx.tree_at(lambda layer: layer.norm, self, norm)


class TinyNetwork(Backbone):
    """Features are the map behind the last layer, flattened."""

    layers: tuple[Layer, ...]

    @property
    def feature_dim(self) -> int:
        return WIDTHS[-1] * (SIDE // 2 ** len(self.layers)) ** 2

    @property
    def blocks(self) -> int:
        return len(self.layers)

    @property
    def side(self) -> int:
        return SIDE

    def __call__(self, images, norm_mode):
        x, after = images, []
        for layer in self.layers:
            x, updated = layer(x, norm_mode)
            after.append(updated)
        return Forward(x.reshape(len(images), -1), eqx.tree_at(lambda network: network.layers, self, tuple(after)))

    def roles(self):
        return roles_by_field(self)

    def reinitialised(self, *, key):
        return tiny_network(key)


def tiny_network(key) -> TinyNetwork:
    keys = jax.random.split(key, len(WIDTHS) - 1)
    sizes = zip(WIDTHS[:-1], WIDTHS[1:], keys, strict=True)
    return TinyNetwork(
        tuple(Layer(default_convolution(3, a, b, key=layer_key, stride=2), BatchNorm(b)) for a, b, layer_key in sizes)
    )


@backbone
def untrained(checkpoint: Path | None) -> TinyNetwork:
    """What the suite names; a real one reads its weights from `checkpoint`."""
    return tiny_network(jax.random.key(0))


def write_folders(folder: Path) -> None:
    """Class folders of two domains."""
    from sklearn.datasets import load_digits

    from empirical.datasets.folders import write_class_folders

    digits = load_digits()
    pictures = (digits.images * 255 / 16).astype(np.uint8)
    write_class_folders(pictures[:800], digits.target[:800], folder / "plain")
    write_class_folders(pictures[800:1200] // 3 + 60, digits.target[800:1200], folder / "faint")


def main(folder: Path) -> None:
    from distort.__main__ import main as distort

    def run(*arguments: str) -> None:
        print("\n$ distort", " ".join(arguments), flush=True)
        if status := distort(arguments):
            sys.exit(status)

    write_folders(folder)
    suite = folder / "plain.toml"
    run("bench", "init", "--images", f"{folder}/plain", "--ood", f"{folder}/faint", "--out", str(suite),
        "--backbone", f"{Path(__file__).stem}:untrained")  # fmt: skip
    with suite.open("a", encoding="utf-8") as stream:  # what a hand would change
        stream.write(SETTINGS)
    run("bench", "plan", "--suite", str(suite), "--out", str(folder / "results"))
    run("bench", "run", "--suite", str(suite), "--out", str(folder / "results"))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "own_images"))
