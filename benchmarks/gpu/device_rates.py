"""The rates as the package ships them (`distort bench plan` reads that): written by part 3, added by hand.

python -m benchmarks.gpu.device_rates OUT/device_rates.json     # puts the device's rates into the package
"""

import sys
from pathlib import Path

import jax

from artifacts import environment
from artifacts.files import write_text
from benchmarks.gpu.programs import Program
from benchmarks.gpu.report import Report
from benchmarks.gpu.setting import Setting
from empirical.benchmark.device_rates import FILE, DeviceRates, Rate, Shipped, read_rates

#: A published backbone of each architecture, as the catalogue calls it.
BACKBONES = {"resnet50": "supervised_resnet50", "clip_resnet50": "clip_resnet50", "clip_vit_b16": "clip_vit_b16"}


class Rates:
    """Of this device, those of an earlier call among them; the file is written anew with every rate."""

    def __init__(self, report: Report, setting: Setting):
        described = environment()
        self.path = setting.out / "device_rates.json"
        earlier = read_rates(self.path).devices if self.path.exists() else ()
        self.device = DeviceRates(
            device=jax.devices()[0].device_kind,
            command=setting.command,
            revision=setting.revision or described["git_revision"],
            versions={name: version for name, version in described["versions"].items() if version is not None},
            rates=next((device.rates for device in earlier if device.device == jax.devices()[0].device_kind), ()),
        )

    def add(self, program: Program, images_per_second: float) -> None:
        """Only training steps of one run count, of networks that the paper's recipes have."""
        if program.kind != "training step" or program.alone != program or program.network not in BACKBONES:
            return
        rate = Rate(
            backbone=BACKBONES[program.network], side=program.side, batch=program.batch, precision=program.precision,
            images_per_second=round(images_per_second, 1),
        )  # fmt: skip
        same = {"images_per_second"}
        others = [
            known_rate
            for known_rate in self.device.rates
            if known_rate.model_dump(exclude=same) != rate.model_dump(exclude=same)
        ]
        self.device = self.device.model_copy(update={"rates": (*others, rate)})
        _write(self.path, Shipped(devices=(self.device,)))


def ship(path: Path) -> None:
    """Put the devices of a file into the package, in place of what it says of them."""
    new = read_rates(path)
    names = {device.device for device in new.devices}
    kept = tuple(device for device in read_rates(FILE).devices if device.device not in names)
    devices = sorted((*kept, *new.devices), key=lambda device: device.device)
    _write(FILE, Shipped(devices=tuple(devices)))


def _write(path: Path, rates: Shipped) -> None:
    write_text(path, rates.model_dump_json(indent=1) + "\n")


if __name__ == "__main__":
    ship(Path(sys.argv[1]))
