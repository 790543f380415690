"""Names of CLIP's tensors: OpenAI's (and open_clip's), and those of transformers with and without `vision_model.`."""

from collections.abc import Iterable

from empirical.backbones.clip_resnet import ClipResNet
from empirical.backbones.clip_text import ClipText
from empirical.backbones.clip_vit import ClipViT
from empirical.backbones.resnet_names import COUNTERS, block_origins, norm_origins
from empirical.backbones.tensor_names import Dialect, Origin, Origins

# Sizes that OpenAI's archives carry along, positions that transformers once stored.
_SIZES = ("input_resolution", "context_length", "vocab_size")
_TEXT = (
    r"transformer\..*", r"token_embedding\.weight", "positional_embedding", r"ln_final\..*", "text_projection",
    "logit_scale", *_SIZES,
)  # fmt: skip
_HF_TEXT = (r"text_model\..*", r"text_projection\.weight", "logit_scale")
_IDS = r"(.*\.)?embeddings\.position_ids"


def clip_resnet_origins(network: ClipResNet) -> Origins:
    stems: dict[str, Origin] = {}
    for place in range(len(network.stems)):
        stems[f"stems.{place}.kernel"] = Origin((f"visual.conv{place + 1}.weight",), "convolution")
        stems |= norm_origins(f"stem_norms.{place}", f"visual.bn{place + 1}")
    maps = {"queries": "q_proj", "keys": "k_proj", "values": "v_proj", "outputs": "c_proj"}
    return {
        **stems,
        **block_origins(network.depths, "visual.", [one.shortcut is not None for one in network.layers]),
        "pool.positions": Origin(("visual.attnpool.positional_embedding",)),
        **_linears({f"pool.{ours}": f"visual.attnpool.{theirs}" for ours, theirs in maps.items()}),
    }


def openai_vit_origins(network: ClipViT) -> Origins:
    return {
        "patches.kernel": Origin(("visual.conv1.weight",), "convolution"),
        "token": Origin(("visual.class_embedding",)),
        "positions": Origin(("visual.positional_embedding",)),
        "projection.kernel": Origin(("visual.proj",)),
        **_norms({"before_norm": "visual.ln_pre", "after_norm": "visual.ln_post"}),
        **_openai_blocks("visual.transformer.resblocks", len(network.layers)),
    }


def openai_text_origins(network: ClipText) -> Origins:
    return {
        "table": Origin(("token_embedding.weight",)),
        "positions": Origin(("positional_embedding",)),
        "projection": Origin(("text_projection",)),
        "log_scale": Origin(("logit_scale",)),
        **_norms({"after_norm": "ln_final"}),
        **_openai_blocks("transformer.resblocks", len(network.layers)),
    }


def transformers_vit_origins(network: ClipViT, prefix: str) -> Origins:
    return {
        "patches.kernel": Origin((f"{prefix}embeddings.patch_embedding.weight",), "convolution"),
        "token": Origin((f"{prefix}embeddings.class_embedding",)),
        "positions": Origin((f"{prefix}embeddings.position_embedding.weight",)),
        "projection.kernel": Origin(("visual_projection.weight",), "matrix"),
        **_norms({"before_norm": f"{prefix}pre_layrnorm", "after_norm": f"{prefix}post_layernorm"}),
        **_transformers_blocks(f"{prefix}encoder.layers", len(network.layers)),
    }


def transformers_text_origins(network: ClipText) -> Origins:
    return {
        "table": Origin(("text_model.embeddings.token_embedding.weight",)),
        "positions": Origin(("text_model.embeddings.position_embedding.weight",)),
        "projection": Origin(("text_projection.weight",), "matrix"),
        "log_scale": Origin(("logit_scale",)),
        **_norms({"after_norm": "text_model.final_layer_norm"}),
        **_transformers_blocks("text_model.encoder.layers", len(network.layers)),
    }


CLIP_RESNET = (
    Dialect("OpenAI's CLIP ResNet", "visual.attnpool.positional_embedding", clip_resnet_origins, (COUNTERS, *_TEXT)),
)
CLIP_VIT = (
    Dialect("OpenAI's CLIP ViT", "visual.class_embedding", openai_vit_origins, _TEXT),
    Dialect(
        "transformers' CLIP", "vision_model.embeddings.class_embedding",
        lambda network: transformers_vit_origins(network, "vision_model."), (*_HF_TEXT, _IDS),
    ),
    Dialect(
        "transformers' CLIP without prefix", "embeddings.class_embedding",
        lambda network: transformers_vit_origins(network, ""), (*_HF_TEXT, _IDS),
    ),
)  # fmt: skip
CLIP_TEXT = (
    Dialect("OpenAI's CLIP text tower", "token_embedding.weight", openai_text_origins, (r"visual\..*", *_SIZES)),
    Dialect(
        "transformers' CLIP text tower", "text_model.embeddings.token_embedding.weight", transformers_text_origins,
        (r"vision_model\..*", r"visual_projection\.weight", _IDS),
    ),
)  # fmt: skip


def _openai_blocks(theirs: str, depth: int) -> Origins:
    origins: dict[str, Origin] = {}
    for place in range(depth):
        ours, block = f"layers.{place}", f"{theirs}.{place}"
        origins[f"{ours}.attention.inputs.kernel"] = Origin((f"{block}.attn.in_proj_weight",), "matrix")
        origins[f"{ours}.attention.inputs.bias"] = Origin((f"{block}.attn.in_proj_bias",))
        origins |= _norms({f"{ours}.attention_norm": f"{block}.ln_1", f"{ours}.map_norm": f"{block}.ln_2"})
        origins |= _linears({
            f"{ours}.attention.outputs": f"{block}.attn.out_proj",
            f"{ours}.expand": f"{block}.mlp.c_fc", f"{ours}.contract": f"{block}.mlp.c_proj",
        })  # fmt: skip
    return origins


def _transformers_blocks(theirs: str, depth: int) -> Origins:
    origins: dict[str, Origin] = {}
    for place in range(depth):
        ours, block = f"layers.{place}", f"{theirs}.{place}"
        parts = [f"{block}.self_attn.{part}_proj" for part in "qkv"]
        origins[f"{ours}.attention.inputs.kernel"] = Origin(_each(parts, "weight"), "matrix")
        origins[f"{ours}.attention.inputs.bias"] = Origin(_each(parts, "bias"))
        origins |= _norms({
            f"{ours}.attention_norm": f"{block}.layer_norm1", f"{ours}.map_norm": f"{block}.layer_norm2"
        })  # fmt: skip
        origins |= _linears({
            f"{ours}.attention.outputs": f"{block}.self_attn.out_proj",
            f"{ours}.expand": f"{block}.mlp.fc1", f"{ours}.contract": f"{block}.mlp.fc2",
        })  # fmt: skip
    return origins


def _each(parts: Iterable[str], field: str) -> tuple[str, ...]:
    return tuple(f"{part}.{field}" for part in parts)


def _norms(pairs: dict[str, str]) -> Origins:
    return {
        f"{ours}.{field}": Origin((f"{theirs}.{name}",))
        for ours, theirs in pairs.items()
        for field, name in (("scale", "weight"), ("shift", "bias"))
    }


def _linears(pairs: dict[str, str]) -> Origins:
    origins: dict[str, Origin] = {}
    for ours, theirs in pairs.items():
        origins[f"{ours}.kernel"] = Origin((f"{theirs}.weight",), "matrix")
        origins[f"{ours}.bias"] = Origin((f"{theirs}.bias",))
    return origins
