"""Images a second of training on devices that others have measured, shipped with the package.

`python -m benchmarks.gpu` measures them (docs/gpu.md). A rate holds for one backbone's architecture, side, batch and
precision, and for nothing else: where none fits exactly, none is given.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, ValidationError

from artifacts import UserError
from artifacts.frozen import Frozen
from empirical.backbones.published import BY_NAME
from empirical.benchmark.cost import FORWARD_SHARE, Share
from empirical.recipes import Recipe

FILE = Path(__file__).with_name("device_rates.json")


class Rate(Frozen):
    """Of a training step on images that lie on the device. `backbone`: a name of the catalogue."""

    backbone: str
    side: int = Field(ge=1)
    batch: int = Field(ge=1)
    precision: Literal["float32", "bfloat16"]
    images_per_second: float = Field(gt=0)


class DeviceRates(Frozen):
    """All that was measured on one kind of device, and with what."""

    device: str
    command: str
    revision: str | None
    versions: dict[str, str]
    rates: tuple[Rate, ...] = ()


class Shipped(Frozen):
    """The content of a file of rates."""

    devices: tuple[DeviceRates, ...]


class DeviceHours(NamedTuple):
    """A plan's length on a kind of device.

    Attributes:
      hours: of the lines whose rate is known, one device, one run after another.
      unknown: lines of the plan whose rate or size is not known.
      source: where the rates come from.
    """

    device: str
    hours: float
    unknown: int
    source: str


def read_rates(path: Path | None = None) -> Shipped:
    """What a file says; by default the one that is shipped.

    Raises:
      UserError: it is not one of these files.
    """
    path = FILE if path is None else path
    try:
        return Shipped.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UserError(f"{path} must hold rates of devices, but {str(error).splitlines()[0]}.") from error


def device_hours(shares: Sequence[Share], recipes: Sequence[Recipe], shipped: Shipped) -> list[DeviceHours]:
    """The missing part of a plan on every kind of device that was measured.

    Args:
      shares: of a plan, finished ones included.
      recipes: every recipe that a share names.
    """
    by_name = {recipe.name: recipe for recipe in recipes}
    hours = []
    for device in shipped.devices:
        seconds = [_seconds(share, by_name[share.recipe], device) for share in shares]
        known = [duration for duration in seconds if duration is not None]
        source = f"`{device.command}` at revision {device.revision or 'unknown'}"
        hours.append(DeviceHours(device.device, sum(known) / 3600, len(seconds) - len(known), source))
    return hours


def rate_of(recipe: Recipe, device: DeviceRates) -> float | None:
    """The rate that fits a recipe exactly; None where there is none."""
    wanted = (recipe.pipelines.training.side, recipe.batch_size, recipe.backbone.compute)
    for rate in device.rates:
        same = _architecture(rate.backbone) == _architecture(recipe.backbone.name)
        if same and not recipe.backbone.rematerialise and wanted == (rate.side, rate.batch, rate.precision):
            return rate.images_per_second
    return None


def _seconds(share: Share, recipe: Recipe, device: DeviceRates) -> float | None:
    if share.finished == share.units:
        return 0.0
    rate = rate_of(recipe, device)
    if rate is None or share.effort is None:
        return None
    return (share.effort.trained + FORWARD_SHARE * (share.effort.head_trained + share.effort.passed)) / rate


def _architecture(backbone: str) -> object:
    """Equal for backbones that differ in their weights alone; of a user's own, its name."""
    return BY_NAME[backbone].size if backbone in BY_NAME else backbone
