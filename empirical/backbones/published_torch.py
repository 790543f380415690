"""Networks of torchvision and timm in the catalogue, by their names there, read in their published tensor names.

Sources: the weights that torchvision 0.28 and timm 1.0 name. torchvision's file names hold the beginning of the file's
SHA-256.
"""

from empirical.backbones import convnext_names, vit_names
from empirical.backbones.published_form import PublishedBackbone, WeightsFile, hub_file
from empirical.backbones.resnet_names import TORCHVISION, TORCHVISION_WRAPPED
from empirical.backbones.sizes import (
    CONVNEXT_BASE,
    CONVNEXT_LARGE,
    CONVNEXT_SMALL,
    CONVNEXT_TINY,
    RESNET18,
    RESNET34,
    RESNET50,
    RESNET101,
    RESNET152,
    VitSize,
)

BSD, APACHE = "BSD 3-Clause (torchvision)", "Apache 2.0"
BSD_OR_APACHE = f"{BSD}; {APACHE} (timm)"
FACEBOOK = f"{APACHE} (Facebook)"


def _torchvision_file(name: str) -> WeightsFile:
    sha256 = name.removesuffix(".pth").rpartition("-")[2]
    return WeightsFile(name, f"https://download.pytorch.org/models/{name}", sha256=sha256)


def _timm_file(repository: str) -> WeightsFile:
    return hub_file("timm", repository, "model.safetensors")


_RESNETS = {
    "resnet18": ("ResNet-18", RESNET18, "resnet18-f37072fd.pth"),
    "resnet34": ("ResNet-34", RESNET34, "resnet34-b627a593.pth"),
    "resnet50": ("ResNet-50", RESNET50, "resnet50-11ad3fa6.pth"),
    "resnet101": ("ResNet-101", RESNET101, "resnet101-63fe2227.pth"),
    "resnet152": ("ResNet-152", RESNET152, "resnet152-394f9c45.pth"),
}
_CONVNEXTS = {
    "convnext_tiny": ("ConvNeXt-T", CONVNEXT_TINY, "convnext_tiny-983f1562.pth"),
    "convnext_small": ("ConvNeXt-S", CONVNEXT_SMALL, "convnext_small-0c510722.pth"),
    "convnext_base": ("ConvNeXt-B", CONVNEXT_BASE, "convnext_base-6075fbad.pth"),
    "convnext_large": ("ConvNeXt-L", CONVNEXT_LARGE, "convnext_large-ea097f82.pth"),
}
_TORCHVISION_VITS = {
    "vit_b_16": ("ViT-B/16", VitSize(224, 16, 768, 12), "vit_b_16-c867db91.pth"),
    "vit_b_32": ("ViT-B/32", VitSize(224, 32, 768, 12), "vit_b_32-d86f8d99.pth"),
    "vit_l_16": ("ViT-L/16", VitSize(224, 16, 1024, 24), "vit_l_16-852ce7e3.pth"),
    "vit_l_32": ("ViT-L/32", VitSize(224, 32, 1024, 24), "vit_l_32-c7638314.pth"),
}
_AUGREG = "augreg_in21k_ft_in1k"
#: Title, size, repository, licence.
_TIMM_VITS = {
    "vit_tiny_patch16_224": ("ViT-Ti/16, AugReg", VitSize(224, 16, 192, 12, half=True), _AUGREG, APACHE),
    "vit_small_patch16_224": ("ViT-S/16, AugReg", VitSize(224, 16, 384, 12, half=True), _AUGREG, APACHE),
    "vit_small_patch32_224": ("ViT-S/32, AugReg", VitSize(224, 32, 384, 12, half=True), _AUGREG, APACHE),
    "vit_base_patch16_224": ("ViT-B/16, AugReg", VitSize(224, 16, 768, 12, half=True), _AUGREG, APACHE),
    "vit_base_patch32_224": ("ViT-B/32, AugReg", VitSize(224, 32, 768, 12, half=True), _AUGREG, APACHE),
    "vit_large_patch16_224": ("ViT-L/16, AugReg", VitSize(224, 16, 1024, 24, half=True), _AUGREG, APACHE),
    "deit_tiny_patch16_224": ("DeiT-Ti/16", VitSize(224, 16, 192, 12), "fb_in1k", FACEBOOK),
    "deit_small_patch16_224": ("DeiT-S/16", VitSize(224, 16, 384, 12), "fb_in1k", FACEBOOK),
    "deit_base_patch16_224": ("DeiT-B/16", VitSize(224, 16, 768, 12), "fb_in1k", FACEBOOK),
}
_S14, _B14 = (VitSize(518, 14, width, 12, layer_scale=True) for width in (384, 768))
_DINOS = {
    "dino_vits16": ("DINO ViT-S/16", VitSize(224, 16, 384, 12), "vit_small_patch16_224.dino"),
    "dino_vitb16": ("DINO ViT-B/16", VitSize(224, 16, 768, 12), "vit_base_patch16_224.dino"),
    "dinov2_vits14": (
        "DINOv2 ViT-S/14",
        _S14,
        "vit_small_patch14_dinov2.lvd142m",
    ),
    "dinov2_vitb14": (
        "DINOv2 ViT-B/14",
        _B14,
        "vit_base_patch14_dinov2.lvd142m",
    ),
}

TORCH_PUBLISHED = (
    *(
        PublishedBackbone(
            name=name, title=title, licence=BSD_OR_APACHE, needed_by=(), size=size,
            dialects=(TORCHVISION, TORCHVISION_WRAPPED), files=(_torchvision_file(file), _timm_file(f"{name}.a1_in1k")),
        )
        for name, (title, size, file) in _RESNETS.items()
    ),
    *(
        PublishedBackbone(
            name=name, title=title, licence=BSD_OR_APACHE, needed_by=(), size=size,
            dialects=(convnext_names.TORCHVISION, convnext_names.TIMM),
            files=(_torchvision_file(file), _timm_file(f"{name}.fb_in22k_ft_in1k")),
        )
        for name, (title, size, file) in _CONVNEXTS.items()
    ),
    *(
        PublishedBackbone(
            name=name, title=f"{title} (torchvision)", licence=BSD, needed_by=(), size=size,
            dialects=vit_names.TORCHVISION, files=(_torchvision_file(file),),
        )
        for name, (title, size, file) in _TORCHVISION_VITS.items()
    ),
    *(
        PublishedBackbone(
            name=name, title=f"{title} (timm)", licence=licence, needed_by=(), size=size,
            dialects=(vit_names.TIMM,), files=(_timm_file(f"{name}.{weights}"),),
        )
        for name, (title, size, weights, licence) in _TIMM_VITS.items()
    ),
    *(
        PublishedBackbone(
            name=name, title=title, licence=FACEBOOK, needed_by=(), size=size, dialects=(vit_names.TIMM,),
            files=(_timm_file(repository),),
        )
        for name, (title, size, repository) in _DINOS.items()
    ),
)  # fmt: skip
#: Backbones that standardise images in [0, 1] themselves.
OWN_STANDARDISATION = frozenset(name for name, (_, size, _, _) in _TIMM_VITS.items() if size.half)
