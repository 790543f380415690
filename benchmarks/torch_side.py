"""The same networks in PyTorch: torchvision's ResNet-50 (or transformers', the same) and OpenAI's own model file."""

import importlib.util
import re
import sys
from collections.abc import Callable
from typing import Any

Run = Callable[[int], None]


def description() -> dict[str, Any] | None:
    """PyTorch's version and how it ran; None where it is not installed."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    on_gpu = torch.cuda.is_available()
    return {
        "version": torch.__version__,
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
        "threads": torch.get_num_threads(),
        "form": "channels-last, bfloat16 autocast, torch.compile" if on_gpu else "channels-last, eager",
    }


def runs(
    network: str, batch: int, side: int, dtype: str, classes: int, rate: float, momentum: float, *, on_gpu: bool,
    small: bool = False,
) -> dict[str, Run]:  # fmt: skip
    """Forward and training step; empty where PyTorch or the reference is not installed, or PyTorch sees no GPU.

    Args:
      small: few and narrow blocks, compiled by `torch.compile` without code of its own, which takes minutes on a CPU.
    """
    if why_not(network, on_gpu=on_gpu):
        return {}
    import torch

    device = torch.device("cuda" if on_gpu else "cpu")
    model = _model(network, side, classes, small=small).to(device, memory_format=torch.channels_last)
    images = torch.rand(batch, 3, side, side, device=device).to(memory_format=torch.channels_last)
    labels = torch.randint(0, classes, (batch,), device=device)
    optimiser = torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum)
    called = model
    if on_gpu or small:
        called = torch.compile(model, dynamic=False, backend="inductor" if on_gpu else "aot_eager")
    half = torch.autocast(device.type, torch.bfloat16, enabled=dtype == "bfloat16")

    def finish() -> None:
        if on_gpu:
            torch.cuda.synchronize()

    def forward(steps: int) -> None:
        model.eval()
        with torch.no_grad(), half:
            for _ in range(steps):
                called(images)
        finish()

    def train(steps: int) -> None:
        model.train()
        for _ in range(steps):
            optimiser.zero_grad(set_to_none=True)
            with half:
                loss = torch.nn.functional.cross_entropy(called(images), labels)
            loss.backward()
            optimiser.step()
        finish()

    return {"forward": forward, "training step": train}


def why_not(network: str, *, on_gpu: bool) -> str:
    """Why a network cannot run in PyTorch here; empty where it can."""
    wanted = ["torch"] if network == "resnet50" else ["torch", "clip"]
    absent = [name for name in wanted if importlib.util.find_spec(name) is None]
    if network == "resnet50" and not any(importlib.util.find_spec(name) for name in ("torchvision", "transformers")):
        absent.append("torchvision or transformers")
    if absent:
        return f"not installed: {', '.join(absent)}"
    import torch

    return "PyTorch sees no GPU" if on_gpu and not torch.cuda.is_available() else ""


def _model(network: str, side: int, classes: int, *, small: bool) -> Any:
    import torch

    depths = (1, 1, 1, 1) if small else (3, 4, 6, 3)
    if network == "resnet50":
        return torch.nn.Sequential(resnet(depths), torch.nn.Linear(2048, classes))
    clip = openai()
    if network == "clip_resnet50":
        width = 16 if small else 64
        tower = clip.ModifiedResNet(depths, 16 * width, width // 2, side, width)
        return torch.nn.Sequential(tower, torch.nn.Linear(16 * width, classes))
    patch, width, depth = int(network[-2:]), 64 if small else 768, 2 if small else 12
    tower = clip.VisionTransformer(side, patch, width, depth, width // 64, 512)
    return torch.nn.Sequential(tower, torch.nn.Linear(512, classes))


def resnet(depths: tuple[int, int, int, int]) -> Any:
    """A bottleneck ResNet of full width, from images to pooled features; `torchvision_name` names its tensors."""
    import torch

    if importlib.util.find_spec("torchvision") is not None:
        from torchvision.models.resnet import Bottleneck, ResNet

        network = ResNet(Bottleneck, list(depths))
        network.fc = torch.nn.Identity()
        return network
    from transformers import ResNetConfig, ResNetModel

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = ResNetModel(ResNetConfig(depths=list(depths)))

        def forward(self, images: Any) -> Any:
            return self.body(images).pooler_output.flatten(1)

    return Pooled()


def torchvision_name(name: str) -> str:
    """A tensor of `resnet` by torchvision's name."""
    name = name.removeprefix("body.")
    name = name.replace("embedder.embedder.convolution", "conv1").replace("embedder.embedder.normalization", "bn1")
    name = re.sub(r"encoder\.stages\.(\d+)\.layers\.(\d+)", lambda m: f"layer{int(m[1]) + 1}.{m[2]}", name)
    name = re.sub(r"\.layer\.(\d)\.convolution", lambda m: f".conv{int(m[1]) + 1}", name)
    name = re.sub(r"\.layer\.(\d)\.normalization", lambda m: f".bn{int(m[1]) + 1}", name)
    return name.replace("shortcut.convolution", "downsample.0").replace("shortcut.normalization", "downsample.1")


def openai() -> Any:
    """OpenAI's `clip/model.py`, by its file: the package itself asks for torchvision."""
    package = importlib.util.find_spec("clip")
    path = f"{package.submodule_search_locations[0]}/model.py"
    name = "openai_clip_model"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # torch.compile imports what it compiles by its module's name
        spec.loader.exec_module(module)
    return sys.modules[name]
