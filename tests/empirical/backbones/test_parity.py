"""The networks are their references: same features, gradients and running statistics at the same random weights.

Weights travel through files in the published formats, so the readers are tested on the way. References are
transformers' ResNet (torchvision's ResNet v1.5) and OpenAI's own `model.py`, in PyTorch on a CPU.
"""

import copy
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

from empirical.backbones.checkpoints import tensors
from empirical.backbones.clip_names import CLIP_RESNET, CLIP_TEXT, CLIP_VIT
from empirical.backbones.clip_resnet import ClipResNet
from empirical.backbones.clip_text import ClipText
from empirical.backbones.clip_vit import ClipViT
from empirical.backbones.resnet import ResNet
from empirical.backbones.resnet_names import TORCHVISION, resnet_origins
from empirical.backbones.sizes import VIT_B16, ClipVitSize, TextSize
from empirical.backbones.transformer import quick_gelu
from empirical.backbones.translation import speaking, translated
from empirical.backbones.weights_file import stored_tensors

# Sums of float32 products in another order; largest difference over largest value.
RTOL = 1e-5
# Train mode divides by deviations of a batch's few values, so float32 is less exact; ours may err as much as PyTorch's
# own, times this.
ROUNDING = 5.0
DRAWS = 5
#: So small that a gradient which is off by percent (a ReLU on the edge) leaves the statistics alone.
SMALL_RATE = 1e-4
DRAW = np.random.default_rng(0)


def apart(found, expected) -> float:
    expected = np.asarray(expected)
    return float(np.abs(np.asarray(found) - expected).max() / np.abs(expected).max())


def loaded(path, like, dialects):
    stored = stored_tensors(path)
    return translated(path, stored, speaking(path, stored, dialects), like)


def to_torch(torch, images):
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def standardised(images):
    mean, deviation = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    return ((images - np.array(mean)) / np.array(deviation)).astype(np.float32)


def shapes(network, *sizes):
    return eqx.filter_eval_shape(lambda key: network(*sizes, key=key), jax.random.key(0))


features = eqx.filter_jit(lambda network, images: network(images, "eval").features)


@pytest.fixture(scope="module")
def resnet(torch, transformers, shaken, torchvision_names, tmp_path_factory):
    """A narrow ResNet of both kinds of block, in train mode, and ours read from its file."""
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[32, 64, 128], depths=[2, 1, 2])
    reference = shaken(transformers.ResNetModel(config))
    path = tmp_path_factory.mktemp("resnet") / "resnet.pth"
    torch.save(torchvision_names(reference.state_dict()), path)
    return reference, loaded(path, shapes(ResNet, (2, 1, 2), 8), (TORCHVISION,))


@pytest.mark.parametrize("side", [64, 45])
def test_resnet_features(torch, resnet, side):
    reference, ours = resnet
    images = DRAW.standard_normal((3, side, side, 3)).astype(np.float32)
    with torch.no_grad():
        expected = reference.eval()(to_torch(torch, images)).pooler_output[:, :, 0, 0]
    assert apart(features(ours, images), expected) < RTOL


def test_resnet_in_train_mode_features_and_gradients(torch, resnet, torchvision_names):
    reference, ours = resnet
    draw = np.random.default_rng(1)
    names = {name: origin.names[0] for name, origin in resnet_origins(ours.size, "").items()}
    ratios = {}
    for _ in range(DRAWS):
        images = (3 + 2 * draw.standard_normal((6, 48, 48, 3))).astype(np.float32)
        target = draw.standard_normal(128).astype(np.float32)
        truth, rounded = stepped_references(torch, reference, [images], target, rate=0.0)
        pooled, gradient, _ = stepped(ours, images, target, 0.0)
        found = {"features": pooled} | by_reference_name(gradient, names)
        expected, other = ({"features": one.features} | torchvision_names(one.gradients) for one in (truth, rounded))
        for name, values in expected.items():
            allowed = RTOL + ROUNDING * apart(other[name], values)
            ratios.setdefault(name, []).append(apart(found[name], values) / allowed)
    assert max(ratios.pop("features")) < 1
    # A sum that rounds to the other side of zero opens or shuts a ReLU and moves a gradient by percent, in PyTorch as
    # here: so the median over draws must agree, not each of them.
    assert max(float(np.median(one)) for one in ratios.values()) < 1


def test_resnet_in_train_mode_running_statistics_over_several_steps(torch, resnet, torchvision_names):
    reference, ours = resnet
    draw = np.random.default_rng(2)
    names = {name: origin.names[0] for name, origin in resnet_origins(ours.size, "").items()}
    batches = [(3 + 2 * draw.standard_normal((6, 48, 48, 3))).astype(np.float32) for _ in range(3)]
    target = draw.standard_normal(128).astype(np.float32)
    truth, rounded = stepped_references(torch, reference, batches, target, rate=SMALL_RATE)
    for images in batches:
        _, _, ours = stepped(ours, images, target, SMALL_RATE)
    expected, other = (torchvision_names(one.buffers) for one in (truth, rounded))
    found = by_reference_name(ours, names)
    running = [name for name in expected if "running" in name]
    assert running
    for name in running:
        assert apart(found[name], expected[name]) < RTOL + ROUNDING * apart(other[name], expected[name]), name


@eqx.filter_jit
def stepped(network, images, target, rate):
    """Features, gradients and the network after one step of gradient descent in train mode."""

    def loss(network):
        pooled, after = network(images, "train")
        return jnp.mean((pooled - target) ** 2), (pooled, after)

    (_, (pooled, after)), gradient = eqx.filter_value_and_grad(loss, has_aux=True)(network)
    statistics = jax.tree.map(lambda role: role.kind == "norm_statistics", network.roles())
    moved = jax.tree.map(lambda weight, slope: weight - rate * slope, network, gradient)
    return pooled, gradient, jax.tree.map(lambda s, new, old: new if s else old, statistics, after, moved)


class Stepped(NamedTuple):
    """A reference after its last step."""

    features: Any
    gradients: dict[str, Any]
    buffers: dict[str, Any]


def pooled_by_transformers(model, images):
    return model(images).pooler_output[:, :, 0, 0]


def stepped_references(torch, reference, batches, target, *, rate, pooled=pooled_by_transformers):
    """The reference in double precision, which is the truth, and in its own float32, which says how much it rounds.

    Args:
      pooled: features, from a model and a batch in PyTorch's order of axes.
    """
    found = []
    for model in (copy.deepcopy(reference).double().train(), copy.deepcopy(reference).train()):
        optimiser = torch.optim.SGD(model.parameters(), lr=rate)
        for images in batches:
            features, gradients = torch_step(torch, model, optimiser, images, target, pooled)
        found.append(Stepped(features, gradients, dict(model.named_buffers())))
    return found


def torch_step(torch, model, optimiser, images, target, pooled):
    """Features and gradients of one step, which is taken."""
    dtype = next(model.parameters()).dtype
    optimiser.zero_grad()
    features = pooled(model, to_torch(torch, images).to(dtype))
    ((features - torch.from_numpy(target).to(dtype)) ** 2).mean().backward()
    gradients = {name: one.grad.clone() for name, one in model.named_parameters()}
    optimiser.step()
    return features.detach(), gradients


def by_reference_name(tree, names):
    """Arrays as the reference has them: its names, its order of axes."""
    return {
        names[name]: array.transpose(3, 2, 0, 1) if array.ndim == 4 else array for name, array in tensors(tree).items()
    }


def clip(openai, shaken, *, vision_layers, width, patch, side=64):
    return shaken(openai.CLIP(32, side, vision_layers, width, patch, 9, 60, 128, 2, 2)).eval()


@pytest.fixture(scope="module")
def clip_resnet(torch, openai, shaken, tmp_path_factory):
    reference = clip(openai, shaken, vision_layers=(2, 1, 1, 1), width=16, patch=None)
    path = tmp_path_factory.mktemp("clip") / "RN.pth"
    torch.save(reference.state_dict(), path)
    return reference, loaded(path, shapes(ClipResNet, (2, 1, 1, 1), 16, 32, 64), CLIP_RESNET), path


@pytest.fixture(scope="module")
def clip_vit(torch, openai, shaken, tmp_path_factory):
    reference = clip(openai, shaken, vision_layers=2, width=128, patch=16)
    path = tmp_path_factory.mktemp("clip") / "ViT.pth"
    torch.save(reference.state_dict(), path)
    return reference, loaded(path, shapes(ClipViT, ClipVitSize(64, 16, 128, 2, 32)), CLIP_VIT), path


def test_clip_resnet_in_train_mode_features_and_gradients(torch, clip_resnet, tmp_path):
    reference, ours, _ = clip_resnet
    draw = np.random.default_rng(3)
    ratios = {}
    for _ in range(DRAWS):
        images = draw.random((6, 64, 64, 3), np.float32)
        target = draw.standard_normal(32).astype(np.float32)
        truth, rounded = stepped_references(
            torch, reference.visual, [standardised(images)], target, rate=0.0, pooled=lambda model, x: model(x)
        )
        pooled, gradient, _ = stepped(ours, images, target, 0.0)
        allowed = RTOL + ROUNDING * apart(rounded.features, truth.features)
        assert apart(pooled, truth.features) < allowed
        # Gradients travel the way of weights, since every map between the two is linear; the text tower's are zero.
        expected, other = (
            tensors(translated_gradients(torch, reference, one.gradients, ours, tmp_path)) for one in (truth, rounded)
        )
        found = tensors(gradient)
        for name in trained_names(ours):
            allowed = RTOL + ROUNDING * apart(other[name], expected[name])
            ratios.setdefault(name, []).append(apart(found[name], expected[name]) / allowed)
    assert len(ratios) > 60
    assert max(float(np.median(one)) for one in ratios.values()) < 1


def trained_names(network):
    """Arrays that gradients move."""
    statistics = tensors(jax.tree.map(lambda role: role.kind == "norm_statistics", network.roles()))
    return [name for name, fixed in statistics.items() if not fixed]


def translated_gradients(torch, reference, gradients, like, folder):
    whole = {name: torch.zeros_like(one) for name, one in reference.state_dict().items()}
    path = folder / "gradients.pth"
    torch.save(whole | {f"visual.{name}": one.float() for name, one in gradients.items()}, path)
    return loaded(path, like, CLIP_RESNET)


@pytest.mark.parametrize("kind", ["clip_resnet", "clip_vit"])
def test_clip_image_features(torch, kind, request):
    reference, ours, _ = request.getfixturevalue(kind)
    images = DRAW.random((3, 64, 64, 3), np.float32)
    with torch.no_grad():
        expected = reference.encode_image(to_torch(torch, standardised(images)))
    assert apart(features(ours, images), expected) < RTOL


def test_clip_resnet_in_train_mode(torch, clip_resnet):
    reference, ours, _ = clip_resnet
    images = DRAW.random((4, 64, 64, 3), np.float32)
    with torch.no_grad():
        expected = reference.visual.train()(to_torch(torch, standardised(images)))
        reference.eval()
    pooled, after = eqx.filter_jit(lambda network, images: network(images, "train"))(ours, images)
    assert apart(pooled, expected) < RTOL
    assert apart(after.layers[1].second_norm.mean, reference.visual.layer1[1].bn2.running_mean) < RTOL
    assert apart(after.stem_norms[2].variance, reference.visual.bn3.running_var) < RTOL
    assert apart(after.layers[2].shortcut_norm.variance, reference.visual.layer2[0].downsample[2].running_var) < RTOL


def test_clip_text_features(torch, clip_vit):
    reference, _, path = clip_vit
    ours = loaded(path, shapes(ClipText, TextSize(60, 9, 128, 2, 32)), CLIP_TEXT)
    tokens = np.array([[58, 4, 7, 59, 0, 0, 0, 0, 0], [58, 3, 59, 0, 0, 0, 0, 0, 0]])
    with torch.no_grad():
        expected = reference.encode_text(torch.from_numpy(tokens))
    assert apart(ours(jnp.asarray(tokens), jnp.asarray([3, 2])), expected) < RTOL
    assert ours.log_scale.shape == ()
    np.testing.assert_allclose(ours.log_scale, reference.logit_scale.item(), rtol=1e-6)


def test_both_of_transformers_prefixes_give_transformers_features(torch, transformers, shaken, tmp_path):
    vision = {"hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision |= {"image_size": 64, "patch_size": 16}
    text = {"hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 2, "num_attention_heads": 2}
    text |= {"vocab_size": 60, "max_position_embeddings": 9, "bos_token_id": 58, "eos_token_id": 59}
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=32)
    reference = shaken(transformers.CLIPModel(config)).eval()
    state = {name: tensor.numpy() for name, tensor in reference.state_dict().items()}
    images = DRAW.random((2, 64, 64, 3), np.float32)
    tokens = np.array([[58, 4, 7, 59, 59, 59, 59, 59, 59], [58, 3, 59, 59, 59, 59, 59, 59, 59]])
    with torch.no_grad():
        vision_model = reference.vision_model(to_torch(torch, standardised(images)))
        expected = reference.visual_projection(vision_model.pooler_output)
        expected_text = reference.text_projection(reference.text_model(torch.from_numpy(tokens)).pooler_output)
    bare = {name.removeprefix("vision_model."): tensor for name, tensor in state.items()}
    for number, named in enumerate((state, bare)):
        path = tmp_path / f"{number}.safetensors"
        save_file(named, path, metadata={"format": "pt"})
        ours = loaded(path, shapes(ClipViT, ClipVitSize(64, 16, 128, 2, 32)), CLIP_VIT)
        assert apart(features(ours, images), expected) < RTOL
    ours = loaded(tmp_path / "0.safetensors", shapes(ClipText, TextSize(60, 9, 128, 2, 32)), CLIP_TEXT)
    assert apart(ours(jnp.asarray(tokens), jnp.asarray([3, 2])), expected_text) < RTOL


def test_the_activation_is_openais_and_not_the_exact_gelu(torch, openai):
    x = np.linspace(-6, 6, 101, dtype=np.float32)
    np.testing.assert_allclose(quick_gelu(jnp.asarray(x)), openai.QuickGELU()(torch.from_numpy(x)), atol=1e-6)
    assert float(jnp.abs(quick_gelu(jnp.asarray(x)) - jax.nn.gelu(jnp.asarray(x), approximate=False)).max()) > 0.01


def test_each_patch_has_its_own_position_and_the_token_the_first(torch, clip_vit):
    reference, ours, _ = clip_vit
    images = DRAW.random((1, 64, 64, 3), np.float32)
    shift = DRAW.standard_normal(128).astype(np.float32)
    for place in (0, 1, 16):
        moved = eqx.tree_at(lambda net: net.positions, ours, ours.positions.at[place].add(shift))
        with torch.no_grad():
            reference.visual.positional_embedding[place] += torch.from_numpy(shift)
            expected = reference.encode_image(to_torch(torch, standardised(images)))
            reference.visual.positional_embedding[place] -= torch.from_numpy(shift)
        assert apart(features(moved, images), expected) < RTOL
        assert apart(features(moved, images), features(ours, images)) > 100 * RTOL


@pytest.mark.slow
def test_full_size_resnet50(torch, transformers, shaken, torchvision_names, tmp_path):
    reference = shaken(transformers.ResNetModel(transformers.ResNetConfig())).eval()
    torch.save(torchvision_names(reference.state_dict()), tmp_path / "r.pth")
    ours = loaded(tmp_path / "r.pth", shapes(ResNet), (TORCHVISION,))
    images = DRAW.standard_normal((1, 224, 224, 3)).astype(np.float32)
    with torch.no_grad():
        expected = reference(to_torch(torch, images)).pooler_output[:, :, 0, 0]
    assert apart(features(ours, images), expected) < RTOL


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["RN50", "ViT-B/16"])
def test_full_size_clip(torch, openai, shaken, kind, tmp_path):
    if kind == "RN50":
        reference = shaken(openai.ModifiedResNet((3, 4, 6, 3), 1024, 32)).eval()
        like, dialects = shapes(ClipResNet), CLIP_RESNET
    else:
        reference = shaken(openai.VisionTransformer(224, 16, 768, 12, 12, 512)).eval()
        like, dialects = shapes(ClipViT, VIT_B16), CLIP_VIT
    torch.save({f"visual.{name}": tensor for name, tensor in reference.state_dict().items()}, tmp_path / "c.pth")
    ours = loaded(tmp_path / "c.pth", like, dialects)
    images = DRAW.random((1, 224, 224, 3), np.float32)
    with torch.no_grad():
        expected = reference(to_torch(torch, standardised(images)))
    assert apart(features(ours, images), expected) < RTOL
