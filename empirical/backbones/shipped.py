"""Weights of the small network that come with the package, each named after the pretraining that made it."""

from pathlib import Path

from artifacts import UserError
from empirical.records import PretrainingLooks


def shipped_weights(*, steps: int, looks: PretrainingLooks, seed: int) -> Path:
    """The file of the network that was pretrained so; how it was made is in its provenance.

    Raises:
      UserError: no such network comes with the package.
    """
    path = Path(__file__).with_name(f"small_resnet_{looks}_{steps}_{seed}.safetensors")
    if not path.is_file():
        raise UserError(
            f"Shipped weights must be among those of the package, got {steps} steps on {looks} looks from seed {seed}; "
            "leave `shipped` out, and they are pretrained here and now."
        )
    return path
