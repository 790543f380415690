"""What the pages say of GPUs: hours of the paper's suite, and real photographs (`benchmarks/results/gpu`)."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pages.speed import result

if TYPE_CHECKING:
    from empirical.recipes.recipe import Evaluate


@cache
def suite_hours(evaluate: "Evaluate | None" = None) -> dict[str, float]:
    """Hours of the paper's suite by device, at the rates that were measured there, as `distort bench plan` says them.

    Args:
      evaluate: `selected`; None judges every set after every epoch.
    """
    from empirical import Ledger, Only, Workspace, named_suite, plan
    from empirical.benchmark.cost import measured_rates, shares
    from empirical.benchmark.device_rates import device_hours, read_rates

    suite = named_suite("paper", scale="default", protocol="paper", evaluate=evaluate)
    with TemporaryDirectory() as folder:
        ledger = Ledger(suite, Workspace(folder=Path(folder)))
        units = [run.unit for run in Only(()).select(ledger.runs(plan(suite, ledger.training).units), suite)]
        parts = shares(ledger, units, measured_rates(ledger, units))
    return {device: hours for device, hours, _, _ in device_hours(parts, suite.recipes, read_rates())}


def gpu_used() -> str:
    """How little was measured on a GPU, and what the paper's suite would take there."""
    hours = next(hours for device, hours in suite_hours().items() if "H200" in device)
    rows = result("gpu/h200/rates")["measured"].values()
    ratios = [row["times_pytorch"] for row in rows if row.get("times_pytorch")]
    if min(ratios) < 1:
        raise ValueError("The words of `gpu_used` must follow its numbers: no program is slower than PyTorch's.")
    return (
        "- GPUs have been used little: half an hour of one H200 and a quarter of one H100 "
        "([docs/gpu.md](docs/gpu.md)). Networks, the linear probe and exact solutions agree there with PyTorch, "
        "scikit-learn and the CPU. Training steps and forward passes in bfloat16 take "
        f"{min(ratios):.2f} to {max(ratios):.2f} times as many images a second as PyTorch's. The paper's suite would "
        f"take {hours:.1f} hours of an H200."
    )


def photographs() -> str:
    """What FT and LP-FT did on real photographs, as far as three seeds tell."""
    lost, won = _difference("ft_minus_lp", "OOD"), _difference("ft_minus_lp", "ID")
    if not (lost["mean"] + lost["ci90"] < 0 and abs(won["mean"]) <= won["ci90"]):
        raise ValueError("The words of `photographs` must follow its numbers: FT lost OOD, and won nothing ID.")
    return (
        "- On real photographs half of the paper's story was seen: FT lost "
        f"{-100 * lost['mean']:.1f} ± {100 * lost['ci90']:.1f} points to LP out of distribution, but won none in "
        "distribution, and LP-FT was no better than LP ([docs/gpu.md](docs/gpu.md))."
    )


def _difference(name: str, group: str) -> dict[str, Any]:
    differences, wanted = result("gpu/h100/office/benchmark")["differences"], ("best", name, group)
    return next(
        paired["difference"] for paired in differences if (paired["rule"], paired["name"], paired["group"]) == wanted
    )
