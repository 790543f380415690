"""PyTorch's networks at random weights on this device, and ours read from the files that they save.

ResNet-50 is torchvision's, or transformers' where that is missing; CLIP's networks are OpenAI's own `model.py`.
"""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from benchmarks import torch_side
from empirical.backbones.backbone import Backbone
from empirical.backbones.clip_names import CLIP_RESNET, CLIP_VIT
from empirical.backbones.clip_resnet import ClipResNet
from empirical.backbones.clip_vit import ClipViT
from empirical.backbones.resnet import ResNet
from empirical.backbones.resnet_names import TORCHVISION
from empirical.backbones.sizes import VIT_B16, ClipVitSize
from empirical.backbones.tensor_names import Dialect
from empirical.backbones.translation import speaking, translated
from empirical.backbones.weights_file import stored_tensors

#: CLIP's own standardisation, which our networks do themselves.
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class Reference(NamedTuple):
    """A network in PyTorch and the way into ours.

    Attributes:
      model: from images in PyTorch's order of axes to features, on the device.
      prefix: of its tensors' names in the file.
      standardised: whether images must be standardised as CLIP's are before PyTorch sees them.
      build: ours, of one type of arithmetic.
    """

    model: Any
    prefix: str
    standardised: bool
    dialects: tuple[Dialect, ...]
    build: Callable[..., Backbone]
    side: int

    def inputs(self, images: Float32[np.ndarray, "n side side 3"], device: Any) -> Any:
        import torch

        shown = (images - np.array(MEAN)) / np.array(DEVIATION) if self.standardised else images
        return torch.tensor(shown.transpose(0, 3, 1, 2), dtype=torch.float32, device=device)

    def ours(self, tensors: dict[str, Any], folder: Path, *, dtype: Any = jnp.float32) -> Backbone:
        """Our network, or a tree like it, with these tensors, by way of a file."""
        import torch

        path = folder / "tensors.pth"
        torch.save(
            {
                self.prefix + torch_side.torchvision_name(name): tensor.float().cpu().contiguous()
                for name, tensor in tensors.items()
            },
            path,
        )
        like = eqx.filter_eval_shape(lambda key: self.build(key=key, compute_dtype=dtype), jax.random.key(0))
        stored = stored_tensors(path)
        return translated(path, stored, speaking(path, stored, self.dialects), like)


def resnet50(device: Any, *, small: bool) -> Reference:
    depths = (1, 1, 1, 1) if small else (3, 4, 6, 3)
    model = _shaken(torch_side.resnet(depths)).to(device)
    return Reference(model, "", False, (TORCHVISION,), lambda **given: ResNet(depths, **given), 64 if small else 224)


def clip_resnet50(device: Any, *, small: bool) -> Reference:
    depths, width, outputs, side = ((1, 1, 1, 1), 16, 32, 64) if small else ((3, 4, 6, 3), 64, 1024, 224)
    clip = torch_side.openai().ModifiedResNet(depths, outputs, width * 32 // 64, side, width)
    build = lambda **given: ClipResNet(depths, width, outputs, side, **given)  # noqa: E731
    return Reference(_shaken(clip).to(device), "visual.", True, CLIP_RESNET, build, side)


def clip_vit_b16(device: Any, *, small: bool) -> Reference:
    size = ClipVitSize(64, 16, 128, 2, 32) if small else VIT_B16
    clip = torch_side.openai()
    tower = clip.VisionTransformer(size.side, size.patch, size.width, size.depth, size.width // 64, size.outputs)
    # OpenAI's layer norm computes in float32 whatever comes in, and could not say what is right in double precision.
    import torch

    for module in tower.modules():
        if isinstance(module, clip.LayerNorm):
            module.__class__ = torch.nn.LayerNorm
    return Reference(
        _shaken(tower).to(device), "visual.", True, CLIP_VIT, lambda **given: ClipViT(size, **given), size.side
    )


NETWORKS: dict[str, Callable[..., Reference]] = {
    "resnet50": resnet50, "clip_resnet50": clip_resnet50, "clip_vit_b16": clip_vit_b16
}  # fmt: skip


class Truth(NamedTuple):
    """What PyTorch says: features in three kinds of arithmetic, and one training step in two.

    Attributes:
      gradients: of the cross-entropy under a linear head, by the network's tensor names, in double precision.
      rounded: the same in float32, which says how much PyTorch itself rounds.
    """

    double: np.ndarray
    single: np.ndarray
    autocast: np.ndarray
    loss: float
    gradients: dict[str, Any]
    rounded: dict[str, Any]


def truth(reference: Reference, images: np.ndarray, labels: np.ndarray, head: np.ndarray, device: Any) -> Truth:
    """Features in eval mode, and the gradients of one step in train mode.

    Args:
      head: weights (classes, features) of a head without bias.
    """
    import torch

    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    shown = reference.inputs(images, device)
    with torch.no_grad():
        single = reference.model.eval()(shown)
        with torch.autocast(device.type, torch.bfloat16):
            autocast = reference.model(shown).float()
        double = copy.deepcopy(reference.model).double()(shown.double())
    steps = []
    for dtype in (torch.float64, torch.float32):
        model = copy.deepcopy(reference.model).to(dtype).train()
        scores = model(shown.to(dtype)) @ torch.tensor(head, dtype=dtype, device=device).T
        loss = torch.nn.functional.cross_entropy(scores, torch.tensor(labels, device=device))
        loss.backward()
        # Every tensor of the file, those that no gradient reaches as zeros.
        gradients = {name: torch.zeros_like(tensor) for name, tensor in model.state_dict().items()}
        steps.append((loss.item(), gradients | {name: parameter.grad for name, parameter in model.named_parameters()}))
    as_numpy = [tensor.detach().cpu().numpy() for tensor in (double, single, autocast)]
    return Truth(*as_numpy, steps[0][0], steps[0][1], steps[1][1])


def _shaken(model: Any) -> Any:
    """Norm layers with weights and statistics of their own, so that none can be mistaken for another."""
    import torch

    torch.manual_seed(0)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2.0)
            elif name.endswith("running_mean") or (tensor.ndim == 1 and tensor.is_floating_point()):
                tensor.add_(0.1 * torch.randn_like(tensor))
    return model
