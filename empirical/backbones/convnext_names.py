"""Names of a ConvNeXt's tensors: torchvision's and timm's."""

from collections.abc import Iterator

from empirical.backbones.sizes import ConvNextSize
from empirical.backbones.tensor_names import Dialect, Origins, TensorOrigin, linear_pairs, norm_pairs


def timm_origins(size: ConvNextSize) -> Origins:
    """timm's `convnext.py`."""
    origins = {
        **_patches("stem", "stem.0"),
        **norm_pairs({"stem_norm": "stem.1", "after_norm": "head.norm"}),
    }
    for stage, number, ours in _places(size):
        block = f"stages.{stage}.blocks.{number}"
        origins |= _block(ours, f"{block}.conv_dw", f"{block}.norm", f"{block}.mlp.fc1", f"{block}.mlp.fc2")
        origins[f"{ours}.scale.kernel"] = TensorOrigin((f"{block}.gamma",))
        if stage > 0 and number == 0:
            origins |= norm_pairs({f"{ours}.halving_norm": f"stages.{stage}.downsample.0"})
            origins |= _patches(f"{ours}.halving", f"stages.{stage}.downsample.1")
    return origins


def torchvision_origins(size: ConvNextSize) -> Origins:
    """torchvision's `convnext.py`: stages are its odd features, what halves the sides before them its even ones."""
    origins = {
        **_patches("stem", "features.0.0"),
        **norm_pairs({"stem_norm": "features.0.1", "after_norm": "classifier.0"}),
    }
    for stage, number, ours in _places(size):
        block = f"features.{2 * stage + 1}.{number}"
        origins |= _block(ours, *(f"{block}.block.{part}" for part in (0, 2, 3, 5)))
        origins[f"{ours}.scale.kernel"] = TensorOrigin((f"{block}.layer_scale",), "two trailing")
        if stage > 0 and number == 0:
            origins |= norm_pairs({f"{ours}.halving_norm": f"features.{2 * stage}.0"})
            origins |= _patches(f"{ours}.halving", f"features.{2 * stage}.1")
    return origins


def _places(size: ConvNextSize) -> Iterator[tuple[int, int, str]]:
    """Stage, place in it, and our name of every block."""
    count = 0
    for stage, depth in enumerate(size.depths):
        for number in range(depth):
            yield stage, number, f"layers.{count}"
            count += 1


def _block(ours: str, depthwise: str, norm: str, expand: str, contract: str) -> Origins:
    return {
        f"{ours}.depthwise.kernel": TensorOrigin((f"{depthwise}.weight",), "convolution"),
        f"{ours}.depthwise.bias": TensorOrigin((f"{depthwise}.bias",)),
        **norm_pairs({f"{ours}.map_norm": norm}),
        **linear_pairs({f"{ours}.expand": expand, f"{ours}.contract": contract}),
    }


def _patches(ours: str, theirs: str) -> Origins:
    return {
        f"{ours}.convolution.kernel": TensorOrigin((f"{theirs}.weight",), "convolution"),
        f"{ours}.bias": TensorOrigin((f"{theirs}.bias",)),
    }


TIMM = Dialect("timm's ConvNeXt", "stem.0.weight", timm_origins, (r"head\.fc\..*",))
TORCHVISION = Dialect("torchvision's ConvNeXt", "features.0.0.weight", torchvision_origins, (r"classifier\.2\..*",))
