"""Part 1: the same numbers on the device as elsewhere; networks, the linear probe's path, the theory's solutions."""

from benchmarks.gpu import correct_networks, correct_probe, correct_theory
from benchmarks.gpu.report import Report
from benchmarks.gpu.setting import Setting


def measure(report: Report, setting: Setting) -> None:
    correct_networks.measure(report, setting)
    correct_probe.measure(report, setting)
    correct_theory.measure(report, setting)
