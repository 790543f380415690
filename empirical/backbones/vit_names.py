"""Names of a vision transformer's tensors: timm's, which DeiT, DINO and DINOv2 share, and torchvision's."""

from empirical.backbones.sizes import VitSize
from empirical.backbones.tensor_names import Dialect, Origins, TensorOrigin, linear_pairs, norm_pairs


def timm_origins(size: VitSize) -> Origins:
    """timm's `vision_transformer.py`."""
    origins = _outside("patch_embed.proj", "cls_token", "pos_embed", "norm")
    for number in range(size.depth):
        ours, theirs = f"layers.{number}", f"blocks.{number}"
        maps = (f"{theirs}.attn.proj", f"{theirs}.mlp.fc1", f"{theirs}.mlp.fc2")
        origins |= _block(ours, (f"{theirs}.norm1", f"{theirs}.norm2"), f"{theirs}.attn.qkv.", maps)
        if size.layer_scale:
            origins[f"{ours}.attention_scale.kernel"] = TensorOrigin((f"{theirs}.ls1.gamma",))
            origins[f"{ours}.map_scale.kernel"] = TensorOrigin((f"{theirs}.ls2.gamma",))
    return origins


def torchvision_origins(size: VitSize, first: str, second: str) -> Origins:
    """torchvision's `vision_transformer.py`.

    Args:
      first, second: the two maps of a block: `0` and `3`, in files of before version 0.14 `linear_1` and `linear_2`.
    """
    origins = _outside("conv_proj", "class_token", "encoder.pos_embedding", "encoder.ln")
    for number in range(size.depth):
        theirs = f"encoder.layers.encoder_layer_{number}"
        attention = f"{theirs}.self_attention"
        maps = (f"{attention}.out_proj", f"{theirs}.mlp.{first}", f"{theirs}.mlp.{second}")
        norms = (f"{theirs}.ln_1", f"{theirs}.ln_2")
        origins |= _block(f"layers.{number}", norms, f"{attention}.in_proj_", maps)
    return origins


def _outside(patches: str, token: str, positions: str, norm: str) -> dict[str, TensorOrigin]:
    return {
        "patches.convolution.kernel": TensorOrigin((f"{patches}.weight",), "convolution"),
        "patches.bias": TensorOrigin((f"{patches}.bias",)),
        "token": TensorOrigin((token,), "two leading"),
        "positions": TensorOrigin((positions,), "one leading"),
        **norm_pairs({"after_norm": norm}),
    }


def _block(ours: str, norms: tuple[str, str], inputs: str, maps: tuple[str, str, str]) -> Origins:
    """Names of one block; `inputs` is what `weight` and `bias` of queries, keys and values in one are put behind."""
    outputs, expand, contract = maps
    return {
        **norm_pairs({f"{ours}.attention_norm": norms[0], f"{ours}.map_norm": norms[1]}),
        f"{ours}.attention.inputs.kernel": TensorOrigin((f"{inputs}weight",), "matrix"),
        f"{ours}.attention.inputs.bias": TensorOrigin((f"{inputs}bias",)),
        **linear_pairs({
            f"{ours}.attention.outputs": outputs, f"{ours}.expand": expand, f"{ours}.contract": contract,
        }),
    }  # fmt: skip


def _torchvision(name: str, first: str, second: str) -> Dialect:
    mark = f"encoder.layers.encoder_layer_0.mlp.{first}.weight"
    return Dialect(name, mark, lambda size: torchvision_origins(size, first, second), (r"heads\..*",))


TIMM = Dialect("timm's ViT", "blocks.0.attn.qkv.weight", timm_origins, (r"head\..*", "mask_token"))
TORCHVISION = (
    _torchvision("torchvision's ViT", "0", "3"),
    _torchvision("torchvision's older ViT", "linear_1", "linear_2"),
)
