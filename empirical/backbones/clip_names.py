"""Names of CLIP's tensors: OpenAI's (and open_clip's), and those of transformers with and without `vision_model.`."""

import re
from collections.abc import Iterable

from empirical.backbones.resnet_names import COUNTERS, block_origins, norm_origins
from empirical.backbones.sizes import ClipResNetSize, ClipVitSize, TextSize
from empirical.backbones.tensor_names import Dialect, Origins, TensorOrigin, linear_pairs, norm_pairs

#: Convolutions of a ResNet's stem.
STEMS = 3
# Sizes that OpenAI's archives carry along, positions that transformers once stored.
_SIZES = ("input_resolution", "context_length", "vocab_size")
_TEXT = (
    r"transformer\..*", r"token_embedding\.weight", "positional_embedding", r"ln_final\..*", "text_projection",
    "logit_scale", *_SIZES,
)  # fmt: skip
_HF_TEXT = (r"text_model\..*", r"text_projection\.weight", "logit_scale")
_IDS = r"(.*\.)?embeddings\.position_ids"


def clip_resnet_origins(size: ClipResNetSize) -> Origins:
    """OpenAI's names for the image tower of a ResNet."""
    stems: dict[str, TensorOrigin] = {}
    for number in range(STEMS):
        stems[f"stems.{number}.kernel"] = TensorOrigin((f"visual.conv{number + 1}.weight",), "convolution")
        stems |= norm_origins(f"stem_norms.{number}", f"visual.bn{number + 1}")
    maps = {"queries": "q_proj", "keys": "k_proj", "values": "v_proj", "outputs": "c_proj"}
    return {
        **stems,
        **block_origins(size.depths, "visual."),
        "pool.positions": TensorOrigin(("visual.attnpool.positional_embedding",)),
        **linear_pairs({f"pool.{ours}": f"visual.attnpool.{theirs}" for ours, theirs in maps.items()}),
    }


def openai_vit_origins(size: ClipVitSize) -> Origins:
    """OpenAI's names for the image tower of a ViT."""
    return {
        "patches.kernel": TensorOrigin(("visual.conv1.weight",), "convolution"),
        "token": TensorOrigin(("visual.class_embedding",)),
        "positions": TensorOrigin(("visual.positional_embedding",)),
        "projection.kernel": TensorOrigin(("visual.proj",)),
        **norm_pairs({"before_norm": "visual.ln_pre", "after_norm": "visual.ln_post"}),
        **_openai_blocks("visual.transformer.resblocks", size.depth),
    }


def openai_text_origins(size: TextSize) -> Origins:
    """OpenAI's names for the text tower: those that do not begin with `visual.`."""
    return {
        "table": TensorOrigin(("token_embedding.weight",)),
        "positions": TensorOrigin(("positional_embedding",)),
        "projection": TensorOrigin(("text_projection",)),
        "log_scale": TensorOrigin(("logit_scale",)),
        **norm_pairs({"after_norm": "ln_final"}),
        **_openai_blocks("transformer.resblocks", size.depth),
    }


def transformers_vit_origins(size: ClipVitSize, prefix: str) -> Origins:
    """The names of transformers' `CLIPModel` for the image tower; queries, keys and values are three tensors there.

    Args:
      prefix: of the names of the tower, `vision_model.` or nothing; the projection stands outside of it.
    """
    return {
        "patches.kernel": TensorOrigin((f"{prefix}embeddings.patch_embedding.weight",), "convolution"),
        "token": TensorOrigin((f"{prefix}embeddings.class_embedding",)),
        "positions": TensorOrigin((f"{prefix}embeddings.position_embedding.weight",)),
        "projection.kernel": TensorOrigin(("visual_projection.weight",), "matrix"),
        **norm_pairs({"before_norm": f"{prefix}pre_layrnorm", "after_norm": f"{prefix}post_layernorm"}),
        **_transformers_blocks(f"{prefix}encoder.layers", size.depth),
    }


def transformers_text_origins(size: TextSize) -> Origins:
    """The names of transformers' `CLIPModel` for the text tower."""
    return {
        "table": TensorOrigin(("text_model.embeddings.token_embedding.weight",)),
        "positions": TensorOrigin(("text_model.embeddings.position_embedding.weight",)),
        "projection": TensorOrigin(("text_projection.weight",), "matrix"),
        "log_scale": TensorOrigin(("logit_scale",)),
        **norm_pairs({"after_norm": "text_model.final_layer_norm"}),
        **_transformers_blocks("text_model.encoder.layers", size.depth),
    }


def timm_resnet_origins(size: ClipResNetSize) -> Origins:
    """OpenAI's names as timm turns them (`byobnet.py`), for networks whose pooling is kept."""

    def renamed(name: str) -> str:
        name = name.removeprefix("visual.")
        name = re.sub(r"^conv(\d)", r"stem.conv\1.conv", name)
        name = re.sub(r"^bn(\d)", r"stem.conv\1.bn", name)
        name = re.sub(r"^layer(\d)\.(\d+)\.(conv|bn)(\d)", _timm_stage, name)
        name = re.sub(r"^layer(\d)\.(\d+)\.downsample\.(\d)", _timm_shortcut, name)
        for theirs, ours in _TIMM_POOL.items():
            name = name.replace(theirs, ours)
        return name

    origins = clip_resnet_origins(size).items()
    return {ours: TensorOrigin(tuple(map(renamed, origin.names)), origin.layout) for ours, origin in origins}


_TIMM_POOL = {
    "attnpool.positional_embedding": "head.pos_embed", "attnpool.q_proj": "head.q", "attnpool.k_proj": "head.k",
    "attnpool.v_proj": "head.v", "attnpool.c_proj": "head.proj",
}  # fmt: skip


def _timm_stage(match: re.Match[str]) -> str:
    stage, layer, kind, number = match.groups()
    return f"stages.{int(stage) - 1}.{layer}.{('conv1_1x1', 'conv2_kxk', 'conv3_1x1')[int(number) - 1]}.{kind}"


def _timm_shortcut(match: re.Match[str]) -> str:
    stage, layer, number = match.groups()
    return f"stages.{int(stage) - 1}.{layer}.shortcut.conv.{'conv' if number == '0' else 'bn'}"


def timm_vit_origins(size: ClipVitSize) -> Origins:
    """timm's `vision_transformer.py`; the projection is its classifier, whose bias must be zero."""
    origins = {
        "patches.kernel": TensorOrigin(("patch_embed.proj.weight",), "convolution"),
        "token": TensorOrigin(("cls_token",), "two leading"),
        "positions": TensorOrigin(("pos_embed",), "one leading"),
        "projection.kernel": TensorOrigin(("head.weight",), "matrix"),
        **norm_pairs({"before_norm": "norm_pre", "after_norm": "norm"}),
    }
    for number in range(size.depth):
        ours, block = f"layers.{number}", f"blocks.{number}"
        origins |= norm_pairs({f"{ours}.attention_norm": f"{block}.norm1", f"{ours}.map_norm": f"{block}.norm2"})
        origins |= linear_pairs({
            f"{ours}.attention.inputs": f"{block}.attn.qkv", f"{ours}.attention.outputs": f"{block}.attn.proj",
            f"{ours}.expand": f"{block}.mlp.fc1", f"{ours}.contract": f"{block}.mlp.fc2",
        })  # fmt: skip
    return origins


CLIP_RESNET = (
    Dialect("OpenAI's CLIP ResNet", "visual.attnpool.positional_embedding", clip_resnet_origins, (COUNTERS, *_TEXT)),
    Dialect("timm's CLIP ResNet", "head.pos_embed", timm_resnet_origins, (COUNTERS,)),
)
CLIP_VIT = (
    Dialect("OpenAI's CLIP ViT", "visual.class_embedding", openai_vit_origins, _TEXT),
    Dialect(
        "transformers' CLIP", "vision_model.embeddings.class_embedding",
        lambda size: transformers_vit_origins(size, "vision_model."), (*_HF_TEXT, _IDS),
    ),
    Dialect(
        "transformers' CLIP without prefix", "embeddings.class_embedding",
        lambda size: transformers_vit_origins(size, ""), (*_HF_TEXT, _IDS),
    ),
    Dialect("timm's CLIP ViT", "cls_token", timm_vit_origins, zero=("head.bias",)),
)  # fmt: skip
CLIP_TEXT = (
    Dialect("OpenAI's CLIP text tower", "token_embedding.weight", openai_text_origins, (r"visual\..*", *_SIZES)),
    Dialect(
        "transformers' CLIP text tower", "text_model.embeddings.token_embedding.weight", transformers_text_origins,
        (r"vision_model\..*", r"visual_projection\.weight", _IDS),
    ),
)  # fmt: skip


def _openai_blocks(theirs: str, depth: int) -> Origins:
    origins: dict[str, TensorOrigin] = {}
    for number in range(depth):
        ours, block = f"layers.{number}", f"{theirs}.{number}"
        origins[f"{ours}.attention.inputs.kernel"] = TensorOrigin((f"{block}.attn.in_proj_weight",), "matrix")
        origins[f"{ours}.attention.inputs.bias"] = TensorOrigin((f"{block}.attn.in_proj_bias",))
        origins |= norm_pairs({f"{ours}.attention_norm": f"{block}.ln_1", f"{ours}.map_norm": f"{block}.ln_2"})
        origins |= linear_pairs({
            f"{ours}.attention.outputs": f"{block}.attn.out_proj",
            f"{ours}.expand": f"{block}.mlp.c_fc", f"{ours}.contract": f"{block}.mlp.c_proj",
        })  # fmt: skip
    return origins


def _transformers_blocks(theirs: str, depth: int) -> Origins:
    origins: dict[str, TensorOrigin] = {}
    for number in range(depth):
        ours, block = f"layers.{number}", f"{theirs}.{number}"
        parts = [f"{block}.self_attn.{part}_proj" for part in "qkv"]
        origins[f"{ours}.attention.inputs.kernel"] = TensorOrigin(_each(parts, "weight"), "matrix")
        origins[f"{ours}.attention.inputs.bias"] = TensorOrigin(_each(parts, "bias"))
        origins |= norm_pairs({
            f"{ours}.attention_norm": f"{block}.layer_norm1", f"{ours}.map_norm": f"{block}.layer_norm2"
        })  # fmt: skip
        origins |= linear_pairs({
            f"{ours}.attention.outputs": f"{block}.self_attn.out_proj",
            f"{ours}.expand": f"{block}.mlp.fc1", f"{ours}.contract": f"{block}.mlp.fc2",
        })  # fmt: skip
    return origins


def _each(parts: Iterable[str], field: str) -> tuple[str, ...]:
    return tuple(f"{part}.{field}" for part in parts)
