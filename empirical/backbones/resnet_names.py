"""torchvision's names for a ResNet, and the prefixes under which MoCo, SwAV and others store it."""

import re
from collections.abc import Iterator

from empirical.backbones.sizes import ResNetSize
from empirical.backbones.tensor_names import Dialect, Origins, TensorOrigin

NORM_FIELDS = {"scale": "weight", "shift": "bias", "mean": "running_mean", "variance": "running_var"}
#: Fields of a block's convolutions, in order.
BASIC, BOTTLENECK = ("first", "second"), ("first", "second", "third")
COUNTERS = r".*\.num_batches_tracked"


def resnet_origins(size: ResNetSize, prefix: str) -> Origins:
    """torchvision's names for every array of a network of a size.

    Args:
      prefix: what a file puts before all of them; nothing in torchvision's own.
    """
    return {
        **convolution_and_norm("stem", f"{prefix}conv1", f"{prefix}bn1"),
        **block_origins(size.depths, prefix, basic=size.basic),
    }


def block_origins(depths: tuple[int, ...], prefix: str, *, basic: bool = False) -> Origins:
    """Those of the blocks, which CLIP's network names alike.

    The shortcut of a stage's first block has a convolution, but for the first stage of basic blocks, which neither
    changes the number of channels nor halves sides.

    Args:
      depths: blocks of each stage.
      prefix: what a file puts before all names.
      basic: blocks have two convolutions, not three.
    """
    origins: dict[str, TensorOrigin] = {}
    for ours, stage, block in _places(depths):
        theirs = f"layer{stage}.{block}"
        for number, name in enumerate(BASIC if basic else BOTTLENECK, start=1):
            outside = (f"{prefix}{theirs}.conv{number}", f"{prefix}{theirs}.bn{number}")
            origins |= convolution_and_norm(f"{ours}.{name}", *outside)
        if block == 0 and not (basic and stage == 1):
            outside = (f"{prefix}{theirs}.downsample.0", f"{prefix}{theirs}.downsample.1")
            origins |= convolution_and_norm(f"{ours}.shortcut", *outside)
    return origins


def convolution_and_norm(ours: str, convolution: str, norm: str) -> Origins:
    """Those of a convolution without bias and the batch norm behind it.

    Args:
      ours: the convolution's field; the norm's is the same with `_norm`.
      convolution: its name in the file.
      norm: the batch norm's name in the file.
    """
    return {
        f"{ours}.kernel": TensorOrigin((f"{convolution}.weight",), "convolution"),
        **norm_origins(f"{ours}_norm", norm),
    }


def norm_origins(ours: str, theirs: str) -> Origins:
    """Those of a batch norm's parameters and running statistics."""
    return {f"{ours}.{field}": TensorOrigin((f"{theirs}.{name}",)) for field, name in NORM_FIELDS.items()}


def _places(depths: tuple[int, ...]) -> Iterator[tuple[str, int, int]]:
    """Our name of every block, its stage, counted from 1, and its place in it, counted from 0."""
    count = 0
    for stage, depth in enumerate(depths, start=1):
        for block in range(depth):
            yield f"layers.{count}", stage, block
            count += 1


def _dialect(name: str, prefix: str, *ignored: str) -> Dialect:
    patterns = (COUNTERS, *ignored)
    return Dialect(name, f"{prefix}conv1.weight", lambda size: resnet_origins(size, prefix), patterns)


def _moco(name: str, outer: str) -> Dialect:
    """MoCo keeps the key encoder, its queue and the projection head beside the query encoder."""
    at = re.escape(outer)
    ignored = (rf"{at}encoder_q\.fc\..*", rf"{at}encoder_k\..*", rf"{at}queue(_ptr)?")
    return _dialect(name, f"{outer}encoder_q.", *ignored)


def _swav(name: str, outer: str) -> Dialect:
    at = re.escape(outer)
    return _dialect(name, outer, rf"{at}projection_head\..*", rf"{at}prototypes\..*")


def _torchvision(name: str, outer: str) -> Dialect:
    return _dialect(name, outer, rf"{re.escape(outer)}fc\.(weight|bias)")


# What was trained on several GPUs was mostly saved with PyTorch's wrapper `module` around it. timm's ResNets have
# torchvision's names.
MOCO, MOCO_UNWRAPPED = _moco("MoCo's encoder_q", "module."), _moco("MoCo's encoder_q, unwrapped", "")
SWAV, SWAV_UNWRAPPED = _swav("SwAV's ResNet", "module."), _swav("SwAV's ResNet, unwrapped", "")
TORCHVISION = _torchvision("torchvision's ResNet", "")
TORCHVISION_WRAPPED = _torchvision("torchvision's ResNet, wrapped", "module.")
