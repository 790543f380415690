"""Names of a vision transformer's tensors: timm's, which DeiT, DINO and DINOv2 share, and torchvision's."""

from empirical.backbones.tensor_names import Dialect, Origins, TensorOrigin, linear_pairs, norm_pairs
from empirical.backbones.vit import ViT


def timm_origins(network: ViT) -> Origins:
    """timm's `vision_transformer.py`."""
    origins = {
        "patches.convolution.kernel": TensorOrigin(("patch_embed.proj.weight",), "convolution"),
        "patches.bias": TensorOrigin(("patch_embed.proj.bias",)),
        "token": TensorOrigin(("cls_token",), "two leading"),
        "positions": TensorOrigin(("pos_embed",), "one leading"),
        **norm_pairs({"after_norm": "norm"}),
    }
    for block in range(network.size.depth):
        ours, theirs = f"layers.{block}", f"blocks.{block}"
        origins |= norm_pairs({f"{ours}.attention_norm": f"{theirs}.norm1", f"{ours}.map_norm": f"{theirs}.norm2"})
        origins |= linear_pairs({
            f"{ours}.attention.inputs": f"{theirs}.attn.qkv", f"{ours}.attention.outputs": f"{theirs}.attn.proj",
            f"{ours}.expand": f"{theirs}.mlp.fc1", f"{ours}.contract": f"{theirs}.mlp.fc2",
        })  # fmt: skip
        if network.size.layer_scale:
            origins[f"{ours}.attention_scale.kernel"] = TensorOrigin((f"{theirs}.ls1.gamma",))
            origins[f"{ours}.map_scale.kernel"] = TensorOrigin((f"{theirs}.ls2.gamma",))
    return origins


def torchvision_origins(network: ViT, first: str, second: str) -> Origins:
    """torchvision's `vision_transformer.py`.

    Args:
      first, second: the two maps of a block: `0` and `3`, in files of before version 0.14 `linear_1` and `linear_2`.
    """
    origins = {
        "patches.convolution.kernel": TensorOrigin(("conv_proj.weight",), "convolution"),
        "patches.bias": TensorOrigin(("conv_proj.bias",)),
        "token": TensorOrigin(("class_token",), "two leading"),
        "positions": TensorOrigin(("encoder.pos_embedding",), "one leading"),
        **norm_pairs({"after_norm": "encoder.ln"}),
    }
    for block in range(network.size.depth):
        ours, theirs = f"layers.{block}", f"encoder.layers.encoder_layer_{block}"
        origins |= norm_pairs({f"{ours}.attention_norm": f"{theirs}.ln_1", f"{ours}.map_norm": f"{theirs}.ln_2"})
        origins |= linear_pairs({
            f"{ours}.attention.outputs": f"{theirs}.self_attention.out_proj",
            f"{ours}.expand": f"{theirs}.mlp.{first}", f"{ours}.contract": f"{theirs}.mlp.{second}",
        })  # fmt: skip
        inputs = f"{theirs}.self_attention.in_proj_"
        origins[f"{ours}.attention.inputs.kernel"] = TensorOrigin((f"{inputs}weight",), "matrix")
        origins[f"{ours}.attention.inputs.bias"] = TensorOrigin((f"{inputs}bias",))
    return origins


def _torchvision(name: str, first: str, second: str) -> Dialect:
    mark = f"encoder.layers.encoder_layer_0.mlp.{first}.weight"
    return Dialect(name, mark, lambda network: torchvision_origins(network, first, second), (r"heads\..*",))


TIMM = Dialect("timm's ViT", "blocks.0.attn.qkv.weight", timm_origins, (r"head\..*", "mask_token"))
TORCHVISION = (
    _torchvision("torchvision's ViT", "0", "3"),
    _torchvision("torchvision's older ViT", "linear_1", "linear_2"),
)
