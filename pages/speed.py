"""Tables of speed in the docs, from the files that the programs of `benchmarks/` wrote."""

import json
from typing import Any

from pages.blocks import table
from pages.evidence import ROOT

INPUTS = {"gaussian_inputs": "7 (Gaussian inputs)", "condition_300": "300", "condition_10000": "10,000"}
WAYS = {
    "train": "`train`: many steps in one compiled loop",
    "step_by_step": "one compiled call a step",
    "streamed": "streamed from the store",
    "together": "four runs as one under `vmap`, an image of one run",
    "torch": "PyTorch",
}


def result(name: str) -> dict[str, Any]:
    """A file of `benchmarks/results`."""
    return json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))


def exact_training() -> str:
    """How training in the linear theory is solved, and how fast."""
    rate = result("exact_solutions")["one_id_direction"]["problems_per_second"]
    return (
        "- **Exact training.** A linear network under gradient flow is solved from the first moment to the limit, by a "
        "formula or a reduced equation: there is no step size and no stopping rule. Where a formula exists, two cores "
        f"solve {rate / 1e6:.1f} million problems a second (`python benchmarks/exact_solutions.py`)."
    )


def backbones_table() -> str:
    """Images a second of each network, beside PyTorch."""
    rows = [
        [
            row["network"],
            str(row["side"]),
            row["pass"],
            *(_rate(row["images_per_second"][library]) for library in ("jax", "pytorch")),
        ]
        for name in ("backbones", "backbones_224")
        for row in result(name)["rows"]
    ]
    return table(["network", "side", "pass", "JAX, images/s", "PyTorch, images/s"], rows, numbers_from=3)


def reduced_flow_table() -> str:
    """The reduced flow against integrating all parameters, each to the same accuracy."""
    rows = []
    for name, one in result("reduced_flow").items():
        if name not in INPUTS:
            continue
        once = one["times_faster_once_decomposed"]
        rows.append(
            [
                INPUTS[name],
                *(
                    _seconds(one[way]["median_seconds"])
                    for way in ("reduced_flow", "reduced_flow_once_decomposed", "diffrax_raw", "scipy_raw")
                ),
                f"{_factor(one['times_faster_than_the_fastest_integrator'])} ({_factor(once)})",
            ]
        )
    header = [
        "condition number of the inputs",
        "reduced flow",
        "once decomposed",
        "diffrax, all parameters",
        "SciPy, all parameters",
        "times faster (once decomposed)",
    ]
    return table(header, rows, numbers_from=1)


def training_table() -> str:
    """Milliseconds an image and training step of the small network, with batch statistics."""
    measured = [one for one in result("training")["measured"] if one["norm_mode"] == "train"]
    header = ["way", *(f"{one['images']} images, batches of {one['batch_size']}" for one in measured)]
    rows = [[text, *(f"{one['milliseconds_an_image'][way]:.3f}" for one in measured)] for way, text in WAYS.items()]
    return table(header, rows, numbers_from=1)


def _rate(value: float) -> str:
    return f"{value:.0f}" if value >= 50 else f"{value:.1f}"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s" if value < 10 else f"{value:.0f} s"


def _factor(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"
