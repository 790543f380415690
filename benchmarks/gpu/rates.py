"""Part 3: images a second, forward and in a training step, beside PyTorch in the same minutes on the same device.

PyTorch runs channels-last under bfloat16 autocast, compiled by `torch.compile`. Programs are taken in phases, the most
valuable first: all of a phase are compiled side by side, ours in threads and PyTorch's in processes of its own; then
they are timed while nothing else runs, both taking turns.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax

from benchmarks.gpu.device_rates import Rates
from benchmarks.gpu.profile import profiled
from benchmarks.gpu.programs import Program, Ready, made
from benchmarks.gpu.report import Report
from benchmarks.gpu.setting import Setting
from benchmarks.gpu.torch_process import Torch

COMPARED = ("resnet50", "clip_vit_b16")
#: Batches of the paper's recipes, which compute in float32.
RECIPES = (("resnet50", 64), ("clip_resnet50", 64), ("clip_vit_b16", 128))
COMPILERS = 8


@dataclass(frozen=True)
class Phase:
    """Programs that compile together. `seconds`: about what it takes on a GPU; `beside`: PyTorch runs them too."""

    name: str
    programs: tuple[Program, ...]
    seconds: float
    beside: bool = False
    profile: bool = False


def phases(*, small: bool) -> list[Phase]:
    side, batches = (64, (2, 4)) if small else (224, (64, 256))

    def compared(kind: str, batch: int) -> tuple[Program, ...]:
        return tuple(Program(network, kind, batch, "bfloat16", side) for network in COMPARED)

    first, second = batches
    alone = Program("resnet50", "training step", first, "bfloat16", side)
    together = tuple(
        alone._replace(together=runs, way=way) for runs, way in ((2, "vmap"), (2, "unrolled"), (4, "vmap"))
    )
    paper = [Program(network, "training step", 2 if small else batch, "float32", side) for network, batch in RECIPES]
    return [
        Phase("training, small batch", compared("training step", first), 60, beside=True, profile=True),
        Phase("training, large batch", compared("training step", second), 60, beside=True, profile=True),
        Phase("the paper's recipes", tuple(paper), 50),
        Phase("forward", compared("forward", first) + compared("forward", second), 45, beside=True),
        Phase("several runs together", together[:2] if small else together, 50),
    ]


def measure(report: Report, setting: Setting) -> None:
    on_gpu = jax.devices()[0].platform != "cpu"
    timing = Timing(steps=2, repeats=1) if setting.small else Timing(steps=10, repeats=3)
    shipped = Rates(report, setting)
    others = {network: Torch(on_gpu=on_gpu) for network in COMPARED}
    try:
        with ThreadPoolExecutor(COMPILERS if on_gpu else 1) as compilers:
            for phase in phases(small=setting.small):
                run = partial(_phase, phase, report, setting, timing, shipped, others, compilers)
                report.measure(phase.name, run, seconds=setting.about(phase.seconds), keep=False)
        if on_gpu:
            for batch in (64, 256):
                report.measure(
                    f"attempt: cuDNN's attention, batch {batch}", partial(_attempt, batch, timing), seconds=20
                )
    finally:
        for other in others.values():
            other.end()


@dataclass
class Timing:
    """How often; and the best rate of each program alone, which runs side by side are held against."""

    steps: int
    repeats: int
    alone: dict[Program, float] = field(default_factory=dict)


def _phase(
    phase: Phase, report: Report, setting: Setting, timing: Timing, shipped: Rates, others: dict[str, Torch],
    compilers: ThreadPoolExecutor,
) -> None:  # fmt: skip
    beside = others if phase.beside else {}
    for network, other in beside.items():
        other.prepare([program for program in phase.programs if program.network == network])
    compiled = {program: compilers.submit(made(program)) for program in phase.programs}
    compiling: dict[str, Any] = {}
    for network, other in beside.items():
        answer = report.measure(f"PyTorch prepares {network}", other.prepared, keep=False)
        absent = "its process failed" if answer is None else None
        for program in phase.programs:
            if program.network == network:
                compiling[program.name] = absent or answer[program.name]
    wait(compiled.values())
    for name, reason in compiling.items():
        if isinstance(reason, str):
            report.leave_out(f"PyTorch: {name}", reason)
    for program, future in compiled.items():
        other = beside.get(program.network)
        report.measure(program.name, partial(_row, program, future, other, compiling, timing, shipped))
    for program in phase.programs if phase.profile else ():
        folder = setting.scratch / f"profile {program.name}"
        report.measure(
            f"profile: {program.name}", lambda p=program, folder=folder: profiled(compiled[p].result().run, folder)
        )
    for other in beside.values():
        other.forget()


def _row(
    program: Program, future: "Future[Ready]", other: Torch | None, compiling: dict[str, Any], timing: Timing,
    shipped: Rates,
) -> dict[str, Any]:  # fmt: skip
    """Images a second of both, the best of the repeats, with memory and what that rate makes of the device."""
    ready = future.result()
    theirs = compiling.get(program.name)
    runs = other is not None and not isinstance(theirs, str)
    ready.run(2)
    images = program.batch * program.together * timing.steps
    best = {"jax": 0.0} | ({"pytorch": 0.0} if runs else {})
    for _ in range(timing.repeats):
        best["jax"] = max(best["jax"], images / _seconds(ready, timing.steps))
        if runs and other is not None:
            best["pytorch"] = max(best["pytorch"], images / other.seconds(program, timing.steps))
    row: dict[str, Any] = {
        "images_per_second": best, "jax_bytes": ready.bytes, "jax_compile_seconds": ready.compile_seconds,
    }  # fmt: skip
    if other is not None:
        row |= {"pytorch_compiled": theirs, "times_pytorch": best["jax"] / best["pytorch"] if runs else None}
        row["pytorch_bytes"] = other.peak_bytes(program) if runs else None
    if ready.operations:
        row["teraflops"] = best["jax"] / (program.batch * program.together) * ready.operations / 1e12
    if program.together == 1:
        timing.alone[program] = best["jax"]
    else:
        alone = timing.alone.get(program._replace(together=1, way="vmap"))
        row["times_alone"] = None if alone is None else best["jax"] / alone
    shipped.add(program, best["jax"])
    return row


def _attempt(batch: int, timing: Timing) -> dict[str, Any]:
    """Whether another kernel would be faster; one that refuses the shapes is an answer too."""
    program = Program("clip_vit_b16", "training step", batch, "bfloat16", 224)
    try:
        ready = made(program._replace(attention="cudnn"))()
        ready.run(2)
    except Exception as error:
        return {"refused": f"{type(error).__name__}: {str(error)[:300]}"}
    rate = max(batch * timing.steps / _seconds(ready, timing.steps) for _ in range(timing.repeats))
    alone = timing.alone.get(program)
    return {"images_per_second": rate, "times_alone": None if alone is None else rate / alone}


def _seconds(ready: Ready, steps: int) -> float:
    began = time.perf_counter()
    ready.run(steps)
    return time.perf_counter() - began
