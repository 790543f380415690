"""Writes what torchvision and timm give at weights that follow from names, for machines that have neither.

    python -m tests.empirical.backbones.references.make

Needs torch, torchvision and timm. Weights are drawn from a seed made of each tensor's name, so that only names, shapes
and features are kept: narrow networks with every kind of block, and the names of the full ones as a hash.
"""

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

KEPT = Path(__file__).with_name("references.json")
SIDE, IMAGES = 64, 2
#: Full networks by our name: the library, and its own name.
FULL = {
    **{name: ("torchvision", name) for name in (
        "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "convnext_tiny", "convnext_small",
        "convnext_base", "convnext_large", "vit_b_16", "vit_b_32", "vit_l_16", "vit_l_32",
    )},
    **{name: ("timm", name) for name in (
        "vit_tiny_patch16_224", "vit_small_patch16_224", "vit_small_patch32_224", "vit_base_patch16_224",
        "vit_base_patch32_224", "vit_large_patch16_224", "deit_tiny_patch16_224", "deit_small_patch16_224",
        "deit_base_patch16_224",
    )},
    "dino_vits16": ("timm", "vit_small_patch16_224"), "dino_vitb16": ("timm", "vit_base_patch16_224"),
    "dinov2_vits14": ("timm", "vit_small_patch14_dinov2"), "dinov2_vitb14": ("timm", "vit_base_patch14_dinov2"),
}  # fmt: skip
#: What the libraries keep beside the backbone: classifiers and counters.
BESIDE = r"(fc|head|head\.fc|heads\.head|classifier\.2)\.(weight|bias)|.*num_batches_tracked"


def images() -> np.ndarray:
    """Channels last."""
    return np.random.default_rng(7).standard_normal((IMAGES, SIDE, SIDE, 3)).astype(np.float32)


def filled(name: str, shape: Iterable[int]) -> np.ndarray:
    """Values of a tensor that nobody else has."""
    draw, shape = np.random.default_rng(zlib.crc32(name.encode())), tuple(shape)
    if name.endswith("running_var"):
        return draw.uniform(0.5, 2.0, shape).astype(np.float32)
    normal = draw.standard_normal(shape).astype(np.float32)
    if max(shape) == np.prod(shape):  # norms, biases, layer scales
        return (0.2 * normal + (0.0 if name.endswith(("bias", "mean")) else 1.0)).astype(np.float32)
    return (normal / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def digest(shapes: Mapping[str, Iterable[int]]) -> str:
    """Of names and shapes."""
    return hashlib.sha256(
        json.dumps(sorted((name, list(shape)) for name, shape in shapes.items())).encode()
    ).hexdigest()


def narrow_networks() -> dict[str, object]:
    """Every family with every kind of block, as small as it goes."""
    import torchvision.models as vision
    from timm.models.convnext import ConvNeXt as TimmConvNext
    from timm.models.resnet import BasicBlock, Bottleneck
    from timm.models.resnet import ResNet as TimmResNet
    from timm.models.vision_transformer import VisionTransformer
    from torchvision.models.convnext import CNBlockConfig
    from torchvision.models.resnet import BasicBlock as VisionBasicBlock

    blocks = [CNBlockConfig(*one) for one in ((16, 24, 2), (24, 32, 1), (32, 48, 1), (48, None, 1))]
    return {
        "torchvision resnet basic": vision.ResNet(VisionBasicBlock, [2, 1, 1, 1]),
        "timm resnet basic": TimmResNet(BasicBlock, (1, 2, 1, 1)),
        "timm resnet bottleneck": TimmResNet(Bottleneck, (1, 1, 1, 1)),
        "torchvision convnext": vision.ConvNeXt(blocks, num_classes=3),
        "timm convnext": TimmConvNext(depths=(2, 1, 1, 1), dims=(16, 24, 32, 48), num_classes=3),
        "torchvision vit": vision.VisionTransformer(SIDE, 16, 2, 2, 128, 512, num_classes=3),
        "timm vit": VisionTransformer(SIDE, 16, embed_dim=128, depth=2, num_heads=2, num_classes=3),
        "timm dinov2": VisionTransformer(SIDE, 16, embed_dim=128, depth=2, num_heads=2, init_values=1.0, num_classes=0),
    }


def references() -> dict[str, object]:
    """Everything that is kept."""
    import timm
    import torch
    import torchvision

    def features(network: torch.nn.Module) -> list[list[float]]:
        pictures = torch.from_numpy(np.ascontiguousarray(images().transpose(0, 3, 1, 2)))
        for name in ("fc", "head", "heads", "classifier"):
            last = getattr(network, name, None)
            if name == "classifier" and last is not None:
                last[2] = torch.nn.Identity()
            elif hasattr(last, "fc"):
                last.fc = torch.nn.Identity()
            elif last is not None:
                setattr(network, name, torch.nn.Identity())
        with torch.no_grad():
            return np.round(network.eval()(pictures).numpy().astype(float), 7).tolist()

    narrow = {}
    for case, network in narrow_networks().items():
        shapes = {
            name: list(tensor.shape) for name, tensor in network.state_dict().items() if not re.fullmatch(BESIDE, name)
        }
        state = {name: torch.from_numpy(filled(name, shape)) for name, shape in shapes.items()}
        network.load_state_dict(state, strict=False)
        narrow[case] = {"shapes": shapes, "features": features(network)}
    full = {}
    for ours, (library, name) in FULL.items():
        with torch.device("meta"):
            network = getattr(torchvision.models, name)() if library == "torchvision" else timm.create_model(name)
        state = {key: tuple(one.shape) for key, one in network.state_dict().items() if not re.fullmatch(BESIDE, key)}
        full[ours] = {"library": library, "name": name, "tensors": len(state), "sha256": digest(state)}
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__, "timm": timm.__version__}
    return {"versions": versions, "narrow": narrow, "full": full}


if __name__ == "__main__":
    KEPT.write_text(json.dumps(references(), indent=None, separators=(",", ":")) + "\n", encoding="utf-8")
