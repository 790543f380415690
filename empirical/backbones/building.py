"""Networks of published sizes, with random weights."""

from typing import Any

from jaxtyping import Array, Key

from empirical.backbones.clip_resnet import ClipResNet
from empirical.backbones.clip_vit import ClipViT
from empirical.backbones.convnext import ConvNext
from empirical.backbones.resnet import ResNet
from empirical.backbones.sizes import ClipResNetSize, ClipVitSize, ConvNextSize, ResNetSize, Size, VitSize
from empirical.backbones.vit import ViT

PublishedNetwork = ResNet | ClipResNet | ClipViT | ViT | ConvNext


def build(size: Size, *, key: Key[Array, ""], compute_dtype: Any, rematerialise: bool) -> PublishedNetwork:
    """The network that a size is of.

    Args:
      compute_dtype: what activations are computed in; parameters are float32.
      rematerialise: forget activations inside blocks and compute them again for the gradient.
    """
    options: dict[str, Any] = {"key": key, "compute_dtype": compute_dtype, "rematerialise": rematerialise}
    match size:
        case ResNetSize():
            return ResNet(size.depths, size.width, basic=size.basic, **options)
        case ClipResNetSize():
            return ClipResNet(*size, **options)
        case ClipVitSize():
            return ClipViT(size, **options)
        case VitSize():
            return ViT(size, **options)
        case ConvNextSize():
            return ConvNext(size, **options)
