"""The same networks in PyTorch: torchvision's ResNet-50 (or transformers', the same) and OpenAI's own model file."""

import importlib.util
import re
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
    network: str, batch: int, side: int, dtype: str, classes: int, rate: float, momentum: float, *, on_gpu: bool
) -> dict[str, Run]:
    """Forward and training step; empty where PyTorch or the reference is not installed, or PyTorch sees no GPU."""
    if why_not(network, on_gpu=on_gpu):
        return {}
    import torch

    device = torch.device("cuda" if on_gpu else "cpu")
    model = _model(network, side, classes).to(device, memory_format=torch.channels_last)
    images = torch.rand(batch, 3, side, side, device=device).to(memory_format=torch.channels_last)
    labels = torch.randint(0, classes, (batch,), device=device)
    optimiser = torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum)
    called = torch.compile(model, dynamic=False) if on_gpu else model
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


def _model(network: str, side: int, classes: int) -> Any:
    import torch

    if network == "resnet50":
        return torch.nn.Sequential(resnet((3, 4, 6, 3)), torch.nn.Linear(2048, classes))
    clip = openai()
    if network == "clip_resnet50":
        return torch.nn.Sequential(clip.ModifiedResNet((3, 4, 6, 3), 1024, 32, side), torch.nn.Linear(1024, classes))
    patch = int(network[-2:])
    tower = clip.VisionTransformer(side, patch, 768, 12, 12, 512)
    return torch.nn.Sequential(tower, torch.nn.Linear(512, classes))


def resnet(depths: tuple[int, int, int, int]) -> Any:
    """A bottleneck ResNet of full width, from images to pooled features; its tensors' names are `torchvision_name`'s business."""
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
    spec = importlib.util.spec_from_file_location("openai_clip_model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
