"""The whole command for a first GPU, small, on made-up photographs and a narrow network of the same form."""

import importlib.util
import json

import numpy as np
import pytest
from PIL import Image

from benchmarks.gpu import __main__ as command
from benchmarks.gpu.parts import PARTS
from examples.mobilenet_v2 import STAGES

DOMAINS, CLASSES, PICTURES = ("amazon", "caltech10", "webcam", "dslr"), 10, 20
WIDTH = 4


def write_photographs(folder) -> None:
    draw = np.random.default_rng(0)
    for domain in DOMAINS:
        for label in range(CLASSES):
            place = folder / domain / f"class_{label}"
            place.mkdir(parents=True)
            for number in range(PICTURES):
                pixels = draw.integers(0, 256, (40, 40, 3)) // 2 + 12 * label
                Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number}.jpg")


def write_weights(path) -> None:
    """A network of MobileNetV2's form whose every map has `WIDTH` channels."""
    draw, arrays, place = np.random.default_rng(0), {}, 0

    def add(size: int, inputs: int) -> None:
        nonlocal place
        arrays[f"conv{place:02d}.weight"] = draw.standard_normal((size, size, inputs, WIDTH)).astype(np.float32) / 4
        arrays[f"conv{place:02d}.bias"] = np.zeros(WIDTH, np.float32)
        place += 1

    add(3, 3)
    for expansion, count, _ in STAGES:
        for _ in range(count):
            for size, inputs in ([] if expansion == 1 else [(1, WIDTH)]) + [(3, 1), (1, WIDTH)]:
                add(size, inputs)
    add(1, WIDTH)
    np.savez(path, **arrays)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_every_part_small(tmp_path, capsys):
    for name in ("torch", "clip"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: see README.md, Tests")
    data = tmp_path / "data"
    write_photographs(data / "office_caltech")
    write_weights(data / "mobilenet_v2_imagenet.npz")
    out = tmp_path / "out"
    status = command.main(["--out", str(out), "--data", str(data), "--small", "--seconds", "1400"])
    said = capsys.readouterr().out
    assert status == 0, said
    names = sorted(path.name for path in out.iterdir())
    assert names == sorted(
        [*(f"{part.name}.json" for part in PARTS), "summary.json", "device_rates.json", "office.tar.gz"]
    )
    documents = {part.name: json.loads((out / f"{part.name}.json").read_bytes()) for part in PARTS}
    assert all(document["state"] == "complete" for document in documents.values())
    assert {"resnet50: step", "clip_resnet50: float32", "clip_vit_b16: bfloat16"} <= set(
        documents["correct"]["measured"]
    )
    rows = documents["office"]["measured"]["2 seeds"]["rows"]
    assert [row["method"] for row in rows] == ["LP", "FT", "LP-FT"]
    # A second call finds every run in the archive and makes none.
    again = command.main(["--out", str(out), "--data", str(data), "--small", "--part", "office"])
    assert again == 0
    found = json.loads((out / "office.json").read_bytes())["measured"]
    assert {step: one["runs_made"] for step, one in found.items()} == {"one run": 0, "1 seeds": 0, "2 seeds": 0}
    assert found["2 seeds"]["rows"] == rows
