"""Every published backbone: its size, the names in its files, where they come from and who needs it.

Source: docs/protocol.md, 3.1. Where no checksum is published, none is given; a file is then named by the SHA-256 that
`distort bench checkpoints` shows.
"""

from empirical.backbones.clip_names import CLIP_RESNET, CLIP_VIT
from empirical.backbones.published_form import PublishedBackbone, WeightsFile, hub_file
from empirical.backbones.published_torch import TORCH_PUBLISHED
from empirical.backbones.resnet_names import (
    MOCO,
    MOCO_UNWRAPPED,
    SWAV,
    SWAV_UNWRAPPED,
    TORCHVISION,
    TORCHVISION_WRAPPED,
)  # fmt: skip
from empirical.backbones.sizes import CLIP_RN50, RESNET50, TEXT_512, TEXT_768, TEXT_RN50, VIT_B16, VIT_B32, VIT_L14

_MOCO = "https://dl.fbaipublicfiles.com/moco/moco_checkpoints"
_OPENAI = "https://openaipublic.azureedge.net/clip/models"


def _openai(name: str, sha256: str) -> WeightsFile:
    return WeightsFile(name, f"{_OPENAI}/{sha256}/{name}", sha256=sha256)


PUBLISHED = (
    PublishedBackbone(
        name="moco_v2_resnet50", title="MoCo-v2, 800 epochs, ResNet-50", licence="CC BY-NC 4.0",
        needed_by=("living17", "entity30", "cifar10"), dialects=(MOCO, MOCO_UNWRAPPED), size=RESNET50,
        files=(WeightsFile(
            "moco_v2_800ep_pretrain.pth.tar", f"{_MOCO}/moco_v2_800ep/moco_v2_800ep_pretrain.pth.tar", md5="a04e12f8"
        ),),
    ),
    PublishedBackbone(
        name="moco_v1_resnet50", title="MoCo-v1, 200 epochs, ResNet-50", licence="CC BY-NC 4.0",
        needed_by=("living17 (feature quality)",), dialects=(MOCO, MOCO_UNWRAPPED), size=RESNET50,
        files=(WeightsFile(
            "moco_v1_200ep_pretrain.pth.tar", f"{_MOCO}/moco_v1_200ep/moco_v1_200ep_pretrain.pth.tar", md5="b251726a"
        ),),
    ),
    PublishedBackbone(
        name="mocotp_resnet50", title="MoCo-v2 with temporal positives on fMoW, 200 epochs, ResNet-50",
        licence="none stated", needed_by=("fmow",), dialects=(MOCO, MOCO_UNWRAPPED), size=RESNET50,
        files=(
            WeightsFile("moco_tp.pth.tar", "https://zenodo.org/records/7379715/files/moco_tp.pth.tar"),
            WeightsFile("mocotp_checkpoint_0200.pth.tar", "the paper's own copy; not published under this name"),
        ),
    ),
    PublishedBackbone(
        name="supervised_resnet50", title="ResNet-50, supervised on ImageNet (torchvision, version 1)",
        licence="BSD 3-Clause (torchvision)", needed_by=(), size=RESNET50,
        dialects=(TORCHVISION, TORCHVISION_WRAPPED),
        files=(
            WeightsFile(
                "resnet50-0676ba61.pth", "https://download.pytorch.org/models/resnet50-0676ba61.pth", sha256="0676ba61"
            ),
            WeightsFile(
                "resnet50-19c8e357.pth", "https://download.pytorch.org/models/resnet50-19c8e357.pth", sha256="19c8e357"
            ),
        ),
    ),
    PublishedBackbone(
        name="swav_resnet50", title="SwAV, 800 epochs, ResNet-50", licence="CC BY-NC 4.0", needed_by=(),
        dialects=(SWAV, SWAV_UNWRAPPED), size=RESNET50,
        files=(WeightsFile(
            "swav_800ep_pretrain.pth.tar",
            "https://dl.fbaipublicfiles.com/deepcluster/swav_800ep_pretrain.pth.tar",
        ),),
    ),
    PublishedBackbone(
        name="clip_resnet50", title="CLIP RN50", licence="MIT", needed_by=("domainnet",),
        dialects=CLIP_RESNET, size=CLIP_RN50, text=TEXT_RN50,
        files=(
            _openai("RN50.pt", "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762"),
            hub_file("timm", "resnet50_clip.openai", "open_clip_model.safetensors"),
        ),
    ),
    PublishedBackbone(
        name="clip_vit_b16", title="CLIP ViT-B/16", licence="MIT", needed_by=("imagenet",),
        dialects=CLIP_VIT, size=VIT_B16, text=TEXT_512,
        files=(
            _openai("ViT-B-16.pt", "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"),
            hub_file("openai", "clip-vit-base-patch16", "model.safetensors"),
            hub_file("timm", "vit_base_patch16_clip_224.openai", "open_clip_model.safetensors"),
        ),
    ),
    PublishedBackbone(
        name="clip_vit_b32", title="CLIP ViT-B/32", licence="MIT", needed_by=(),
        dialects=CLIP_VIT, size=VIT_B32, text=TEXT_512,
        files=(
            _openai("ViT-B-32.pt", "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"),
            hub_file("openai", "clip-vit-base-patch32", "model.safetensors"),
            hub_file("timm", "vit_base_patch32_clip_224.openai", "open_clip_model.safetensors"),
        ),
    ),
    PublishedBackbone(
        name="clip_vit_l14", title="CLIP ViT-L/14", licence="MIT", needed_by=(),
        dialects=CLIP_VIT, size=VIT_L14, text=TEXT_768,
        files=(
            _openai("ViT-L-14.pt", "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836"),
            hub_file("openai", "clip-vit-large-patch14", "model.safetensors"),
            hub_file("timm", "vit_large_patch14_clip_224.openai", "open_clip_model.safetensors"),
        ),
    ),
    *TORCH_PUBLISHED,
)  # fmt: skip
BY_NAME = {backbone.name: backbone for backbone in PUBLISHED}
