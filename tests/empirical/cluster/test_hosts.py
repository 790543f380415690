"""One run on the devices of two processes, through `jax.distributed`."""

import os
import socket
import subprocess
import sys

import pytest

from tests.support import ROOT, SUPPORT

#: Sums over four devices in another order, two epochs of six steps at float32.
ATOL = 1e-5


@pytest.mark.slow
def test_two_processes_train_one_run_as_one_device_does():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    flags = "--xla_force_host_platform_device_count=2"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    script = SUPPORT / "two_hosts.py"
    hosts = [
        subprocess.Popen([sys.executable, str(script), address, str(number)], env=environment, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for number in range(2)
    ]  # fmt: skip
    for host in hosts:
        out, err = host.communicate(timeout=240)
        assert host.returncode == 0, err[-2000:]
        assert float(out.split()[-1]) <= ATOL
