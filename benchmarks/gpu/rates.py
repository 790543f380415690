"""Part 3: images a second, forward and in a training step, beside PyTorch in the same minutes on the same device.

PyTorch runs channels-last under bfloat16 autocast, compiled by `torch.compile`. Programs are taken in waves, the most
valuable first: all of a wave are compiled side by side, ours in threads and PyTorch's in processes of their own; then
they are timed while nothing else runs, both taking turns. Waves are small: thirteen programs compiled at once were not
ready after two and a half minutes, four are within one.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
#: Ways in which the photographs' network may compute its depthwise convolutions.
DEPTHWISE = ("grouped", "grouped, kernels' gradients shifted", "shifted, kernels' gradients grouped")
#: What a network's own kernel is held against: a norm that reads its batch twice for its mean and variance, and the
#: attention that writes its weights to memory.
KERNELS = {"resnet50": "norms in two passes", "clip_vit_b16": "XLA's attention"}
#: That timing a program takes about, with PyTorch and a profile.
TIMING_SECONDS = 4.0


@dataclass(frozen=True)
class Wave:
    """Programs that compile together.

    Attributes:
      beside: what PyTorch runs too.
      profiled: where the time goes.
      seconds: that compiling takes about on a GPU.
    """

    name: str
    programs: tuple[Program, ...]
    seconds: float
    beside: frozenset[Program] = frozenset()
    profiled: frozenset[Program] = frozenset()

    @property
    def names(self) -> list[str]:
        """Of all figures."""
        return [
            *(program.name for program in self.programs),
            *(f"profile: {program.name}" for program in self.profiled),
        ]

    def rest(self, report: Report) -> "Wave":
        """What is still to be measured."""
        programs = tuple(program for program in self.programs if not report.has(program.name))
        return replace(self, programs=programs, beside=self.beside & {*programs}, profiled=self.profiled & {*programs})


def waves(*, small: bool) -> list[Wave]:
    """What is measured; small: on a CPU."""
    side, first, second = (64, 2, 4) if small else (224, 64, 256)

    def compared(kind: str, batch: int) -> list[Program]:
        return [Program(network, kind, batch, "bfloat16", side) for network in COMPARED]

    trained = compared("training step", first) + compared("training step", second)
    resnet = trained[0]
    together = [resnet._replace(together=runs, way=way) for runs, way in ((2, "vmap"), (2, "unrolled"), (4, "vmap"))]
    # A kernel of a GPU's library cannot be tried on a CPU.
    kernels = [] if small else [program._replace(variant=KERNELS[program.network]) for program in trained]
    paper = [Program(network, "training step", 2 if small else batch, "float32", side) for network, batch in RECIPES]
    photographs = Program("mobilenet_v2", "training step", 2 if small else 64, "float32", side)
    depthwise = [photographs, *(photographs._replace(variant=way) for way in DEPTHWISE[: 1 if small else None])]
    forward = compared("forward", first) + compared("forward", second)

    def beside(name: str, programs: Sequence[Program], seconds: float) -> Wave:
        return Wave(name, tuple(programs), seconds, beside=frozenset(programs), profiled=frozenset(programs))

    return [
        beside("training", trained, 90),
        Wave("the paper's recipes", tuple(paper), 40),
        replace(beside("forward", forward, 50), profiled=frozenset()),
        Wave("several runs together", tuple(together[: 2 if small else 3]), 40),
        *([] if small else [Wave("other kernels", tuple(kernels), 40, profiled=frozenset(kernels))]),
        Wave("depthwise convolutions", tuple(depthwise), 30, profiled=frozenset(depthwise)),
    ]


def measure(report: Report, setting: Setting) -> None:
    timing = Timing(steps=2, repeats=1) if setting.small else Timing(steps=10, repeats=3)
    shipped = Rates(report, setting)
    for wave in waves(small=setting.small):
        if not report.has(*wave.names):
            run = partial(_wave, wave.rest(report), report, setting, timing, shipped)
            report.measure(wave.name, run, seconds=setting.about(wave.seconds), keep=False)


@dataclass
class Timing:
    """How often; and the best rate of each program alone, which others are held against."""

    steps: int
    repeats: int
    alone: dict[Program, float] = field(default_factory=dict)


def _wave(wave: Wave, report: Report, setting: Setting, timing: Timing, shipped: Rates) -> None:
    on_gpu = jax.devices()[0].platform != "cpu"
    with ThreadPoolExecutor(COMPILERS if on_gpu else 1) as compilers, _others(wave.beside, on_gpu=on_gpu) as others:
        for program, other in others.items():
            other.prepare([program])
        compiled = {program: _compiling(program, compilers) for program in [*_against(wave, timing), *wave.programs]}
        theirs = {program: _prepared(program, other, report) for program, other in others.items()}
        wait(compiled.values())
        for program, future in compiled.items():
            row = partial(_row, program, future, others.get(program), theirs.get(program), timing, shipped)
            name = program.name if program in wave.programs else f"{program.name}, again"
            report.measure(name, row, seconds=setting.about(TIMING_SECONDS))
            if program in wave.profiled and future.exception() is None:
                folder = setting.scratch / f"profile {program.name}"
                report.measure(f"profile: {program.name}", partial(profiled, future.result().run, folder))


def _against(wave: Wave, timing: Timing) -> list[Program]:
    """What the wave's programs are held against, where an earlier call has timed it but this one has not."""
    wanted = dict.fromkeys(program.alone for program in wave.programs)
    return [program for program in wanted if program not in wave.programs and program not in timing.alone]


def _compiling(program: Program, compilers: ThreadPoolExecutor) -> "Future[Ready]":
    """Traced here, compiled in a thread; an error of either comes with the result."""
    try:
        return compilers.submit(made(program))
    except Exception as error:
        failed: Future[Ready] = Future()
        failed.set_exception(error)
        return failed


@contextmanager
def _others(programs: frozenset[Program], *, on_gpu: bool) -> Iterator[dict[Program, Torch]]:
    """PyTorch's processes, one a program; on a CPU one for all, which would only wait for each other."""
    shared = None if on_gpu else Torch(on_gpu=False)
    others = {program: shared or Torch(on_gpu=on_gpu) for program in programs}
    try:
        yield others
    finally:
        for other in [*others.values(), *([] if shared is None else [shared])]:
            other.end()


def _prepared(program: Program, other: Torch, report: Report) -> float | str:
    """Seconds that compiling took, or why PyTorch has no such program."""
    answer = report.measure(f"PyTorch prepares {program.name}", other.prepared, keep=False)
    answer = "its process failed" if answer is None else answer[program.name]
    if isinstance(answer, str):
        report.leave_out(f"PyTorch: {program.name}", answer)
    return answer


def _row(
    program: Program, future: "Future[Ready]", other: Torch | None, theirs: float | str | None, timing: Timing,
    shipped: Rates,
) -> dict[str, Any]:  # fmt: skip
    """Images a second of both, the best of the repeats, with memory and what that rate makes of the device.

    A kernel of a library that refuses the shapes is an answer too.
    """
    if program.variant and future.exception() is not None:
        return {"refused": f"{type(future.exception()).__name__}: {str(future.exception())[:300]}"}
    ready = future.result()
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
    if program.alone == program:
        timing.alone[program] = best["jax"]
    else:
        alone = timing.alone.get(program.alone)
        row["times_alone"] = None if alone is None else best["jax"] / alone
    shipped.add(program, best["jax"])
    return row


def _seconds(ready: Ready, steps: int) -> float:
    began = time.perf_counter()
    ready.run(steps)
    return time.perf_counter() - began
