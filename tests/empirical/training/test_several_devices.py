"""On four virtual devices a run gives the numbers that it gives on one, batch statistics included."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ATOL = 1e-5  # parameters of order 1 after six steps whose float32 sums were taken in another order


@pytest.fixture(scope="module")
def compared() -> dict:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}",
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=4",
    }
    answer = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "support" / "divided_training.py")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


def test_the_batch_really_is_divided(compared):
    assert compared["devices"] == compared["batch_lies_on"] == compared["parameters_lie_on"] == 4
    assert compared["used"] == {"8": 4, "6": 3, "5": 1, "2": 2}


def test_several_devices_give_the_numbers_of_one(compared):
    assert set(compared["differences"]) == {"train mode", "eval mode, microbatches", "mixup", "penalty", "streamed"}
    assert all(0 <= one < ATOL for one in compared["differences"].values()), compared["differences"]
