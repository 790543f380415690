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
    for name, measured in result("reduced_flow").items():
        if name not in INPUTS:
            continue
        once = measured["times_faster_once_decomposed"]
        rows.append(
            [
                INPUTS[name],
                *(
                    _seconds(measured[way]["median_seconds"])
                    for way in ("reduced_flow", "reduced_flow_once_decomposed", "diffrax_raw", "scipy_raw")
                ),
                f"{_factor(measured['times_faster_than_the_fastest_integrator'])} ({_factor(once)})",
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
    measured = [training for training in result("training")["measured"] if training["norm_mode"] == "train"]
    header = ["way", *(f"{training['images']} images, batches of {training['batch_size']}" for training in measured)]
    rows = [
        [text, *(f"{training['milliseconds_an_image'][way]:.3f}" for training in measured)]
        for way, text in WAYS.items()
    ]
    return table(header, rows, numbers_from=1)


def _rate(value: float) -> str:
    return f"{value:.0f}" if value >= 50 else f"{value:.1f}"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s" if value < 10 else f"{value:.0f} s"


def _factor(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def structure_table() -> str:
    """An integrator on the Lorentz group against the usual ones: error, drift and time."""
    measured = result("structure_preserving")
    picked = [
        ("on the group, order 4, 400 steps", "lie_group_order_4", "steps", 400),
        ("on the group, order 4, 1,600 steps", "lie_group_order_4", "steps", 1600),
        ("classical, order 4, 1,600 steps", "runge_kutta_order_4", "steps", 1600),
        ("Dopri8, rtol 1e-7", "dopri8", "rtol", 1e-7),
        ("Dopri8, rtol 1e-9", "dopri8", "rtol", 1e-9),
    ]
    rows = []
    for name, kind, key, value in picked:
        entry = next(row for row in measured[kind] if row[key] == value)
        milliseconds = f"{1000 * entry['median_seconds']:.2g}"
        rows.append([name, f"{entry['relative_error']:.1e}", f"{entry['drift']:.0e}", milliseconds])
    header = ["integrator", "relative error", "drift", "milliseconds (median of 5)"]
    return table(header, rows, numbers_from=1)


def loading_table() -> str:
    """Images a second and core of each way to read images."""
    measured = result("data_loading")
    names = {
        "pillow": "Pillow, one file an image, decoded",
        "torch": "torch's DataLoader: the same, random crop to 224, float tensors, collated",
        "raw_256": "store, raw 256 x 256",
        "jpeg_native": "store, JPEG as they came",
        "jpeg_256": "store, JPEG, short side 256",
    }
    rates = {name: measured["reading"][name]["cpu"] for name in names}
    rows = [
        [text, f"{rates[name]:,.0f}", *(f"{rates[name] / rates[other]:.1f}" for other in ("pillow", "torch"))]
        for name, text in names.items()
    ]
    return table(["loader", "images/s", "against plain Pillow", "against torch's loader"], rows, numbers_from=1)


def feeding_table() -> str:
    """Images a second that reach a training step."""
    rates = result("feeding")["rows"]
    names = {
        "files, threads": ("files", "2 threads (what a run uses on two cores)"),
        "files, processes": ("files", "2 processes"),
        "store, threads": ("store, JPEG as they came", "2 threads (what a run uses on two cores)"),
        "store, processes": ("store, JPEG as they came", "2 processes"),
    }
    rows = [
        [*words, *(f"{rates[name][kind]:,.0f}" for kind in ("clock", "cpu", "computed for 16 cores"))]
        for name, words in names.items()
    ]
    header = ["from", "workers", "images/s by the clock", "images/s of CPU time", "computed for 16 cores"]
    return table(header, rows, numbers_from=2)


def scale_table() -> str:
    """What a suite of many runs costs beside its runs."""
    sizes = result("scale")["sizes"]

    def row(text: str, cell: str) -> list[str]:
        return [
            text,
            *(cell.format(**size, memory=1024 * size["collect"]["peak_mib_more"] / size["runs"]) for size in sizes),
        ]

    rows = [
        row(
            "plan, publish and collect with two local processes, processor time a run",
            "{two_processes[cpu_ms_a_run]:.1f} ms",
        ),
        row(
            "through Dask with two workers, processor time of the client a run",
            "{dask_two_workers[cpu_ms_a_run]:.1f} ms",
        ),
        row("`status` (processor time / clock)", "{status[cpu]:.1f} s / {status[clock]:.1f} s"),
        row("`collect` (processor time / clock)", "{collect[cpu]:.1f} s / {collect[clock]:.1f} s"),
        row("memory of `collect`, a run", "{memory:.0f} kB"),
    ]
    return table(["", *(f"{size['runs']:,} runs" for size in sizes)], rows, numbers_from=1)
