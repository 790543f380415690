"""How JAX must be started: double precision, no deadlock, no more threads than there are processors for.

By environment variables: JAX reads some when it is imported, XLA the others before the first computation.
"""

import gc
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from artifacts.errors import UserError

#: XLA runs operations that do not depend on each other side by side. A batched decomposition (QR, Cholesky, SVD) splits
#: its batch, gives the parts to the same threads, and waits for them in the one that it has: when as many wait as there
#: are threads, the process hangs for ever. On two threads three QRs of 256 matrices are enough, in jax 0.10.2 as in
#: 0.12. The flag makes it rarer, since operations in the order of memory share buffers and so depend on each other;
#: it does not exclude it. `compute_in_one_thread` does.
ONE_AFTER_ANOTHER = "--xla_cpu_enable_concurrency_optimized_scheduler=false"
#: This release's compiler for CPUs gives wrong numbers under `jit`: of 16,385 squared lengths of products the last is
#: 266342400 where 268435456 is right (jax issue 39103; tests/artifacts/test_compiler.py). With the flag they are right.
#: 0.10.1 is right without it, but prints two lines of machine features for every program that it finds compiled.
WRONG_IN_REDUCTIONS = "0.10.2"
RIGHT_IN_REDUCTIONS = "--xla_cpu_experimental_ynn_fusion_type=-reduce"
#: XLA ends a process that names a flag that it does not know, so the flag is kept to versions that were tested.
LAST_TESTED = (0, 12)
#: What JAX warns of where compiled code that it kept is cut off, since another process is writing it, was killed at it,
#: or found the disk full. It compiles the program anew, which is all that there is to do.
KEPT_CODE_UNREADABLE = "Error (reading|writing) persistent compilation cache entry"
#: From here on XLA's CPU compiler gives wrong numbers in bfloat16: features of a narrow CLIP ResNet-50 are NaN, or 36 %
#: off, under `jit`; they are right without it, in jaxlib 0.10.2, and with the flag below (0.11.2 and 0.12.0.1 tried).
FIRST_WRONG_IN_BFLOAT16 = (0, 11)
RIGHT_IN_BFLOAT16 = "--xla_cpu_experimental_ynn_fusion_type="

#: In this release's compiler for CPUs, code for fused operations is made in a new way, which takes twice as long to
#: compile and is not faster to run; later releases have no flag for it.
SLOW_TO_COMPILE = "0.10.2"
FASTER_TO_COMPILE = "--xla_cpu_use_fusion_emitters=false"

#: XLA cuts a program into parts, so that several threads compile it; the cuts decide the last digits. Processes here
#: mostly have one thread, which is a tenth faster without, and all have the same flags, so that digits are the same.
COMPILED_IN_ONE_PART = "--xla_cpu_parallel_codegen_split_count=1"

#: For `jax.jit(compiler_options=...)` of outermost programs. Code that is optimised at the first of three levels
#: compiles in half the time; sweeps of small problems run as fast as at the last, loops over images do not.
OPTIMISED_A_LITTLE = {"xla_backend_optimization_level": 1}
#: The same in a third of the time, for what takes milliseconds to run.
NOT_OPTIMISED = {"xla_backend_optimization_level": 0}

#: Where libraries of linear algebra read how many threads to take, when they are loaded.
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")

#: JAX's setting for programs whose optimisation costs more than it saves.
LITTLE_OPTIMISED = "JAX_DISABLE_MOST_OPTIMIZATIONS"


def prepare_jax() -> None:
    """Set what JAX must be started with; call it before the first computation, before or after importing JAX.

    Raises:
      UserError: JAX has computed already, without these settings: they cannot be changed any more.
    """
    os.environ["JAX_ENABLE_X64"] = "1"
    warnings.filterwarnings("ignore", KEPT_CODE_UNREADABLE, UserWarning)
    wanted = [ONE_AFTER_ANOTHER, COMPILED_IN_ONE_PART] if _jaxlib_version() <= LAST_TESTED else []
    if metadata.version("jaxlib") == WRONG_IN_REDUCTIONS:
        wanted.append(RIGHT_IN_REDUCTIONS)
    if metadata.version("jaxlib") == SLOW_TO_COMPILE:
        wanted.append(FASTER_TO_COMPILE)
    flags = os.environ.get("XLA_FLAGS", "")
    missing = [flag for flag in wanted if flag.split("=")[0] not in flags]
    jax = sys.modules.get("jax")
    if jax is not None and _has_computed():
        if missing or not jax.config.read("jax_enable_x64"):
            raise UserError(
                "prepare_jax() must be called before JAX computes, but it has computed already; call it at the start "
                "of the program, or restart the notebook's kernel and call it first."
            )
        return
    if missing:
        os.environ["XLA_FLAGS"] = " ".join([flags, *missing]).strip()
    if jax is not None:
        jax.config.update("jax_enable_x64", True)


def collect_garbage_rarely() -> None:
    """Look for objects that keep each other alive much less often; for programs of this project.

    What JAX remembers of programs that it traced are millions of objects that stay, and to look through them again and
    again takes a tenth of the time of tracing and of imports.
    """
    gc.set_threshold(500_000, 50, 100)


def compute_in_one_thread() -> None:
    """Prepare JAX and start it with one thread on the processor: whoever decomposes many matrices at once must.

    With one thread nothing is split and nothing waits, so the deadlock of `ONE_AFTER_ANOTHER` cannot happen. Programs
    that solve many small problems lose little: their operations are too short to be shared. The environment is left as
    it was, so that processes started from here, and threads that are not JAX's, have what they had.

    Where JAX has computed already, its threads cannot be changed; several of them are warned of.
    """
    global _threads
    if _has_computed():
        if (_threads or _threads_by_default()) > 1:
            warnings.warn(
                "Many problems are solved together while JAX computes in several threads, in which it may hang; call "
                "artifacts.runtime.compute_in_one_thread() at the start of the program.",
                RuntimeWarning,
                stacklevel=3,
            )
        return
    prepare_jax()
    import jax

    _way_of_compiling()
    before = os.environ.get("NPROC")
    os.environ["NPROC"] = "1"
    try:
        jax.devices()  # the threads are started with the first look at the devices
    finally:
        if before is None:
            del os.environ["NPROC"]
        else:
            os.environ["NPROC"] = before
    _threads = 1


def decompose_in_threads(count: int) -> None:
    """Let NumPy and SciPy, whose LAPACK JAX calls too, multiply and decompose one matrix in so many threads.

    Threads of processes that compete spin while they wait: beside two busy processes on two cores, similarities of
    features that take 1 s of a processor took 25 s, and the main job 490 s in place of 414. Besides, how many there are
    decides the last digits of products of large matrices. Holds from here on, and in processes that are started from
    here.
    """
    from threadpoolctl import threadpool_limits

    for name in BLAS_THREADS:
        os.environ[name] = str(count)  # for libraries that are loaded later
    threadpool_limits(count, user_api="blas")


#: How many threads JAX was started with, where this module has started it.
_threads: int | None = None


def _threads_by_default() -> int:
    """How many threads JAX takes by itself: `NPROC`, or the processors that this process may run on."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(os.environ.get("NPROC") or allowed)


def keep_compiled() -> None:
    """Keep compiled code between runs and between processes; call it before JAX is imported, which takes a second.

    The folder is named after the processor: code compiled for one may not run on another that shares the home. Where
    none can be written, nothing is kept.
    """
    cache = cache_folder()
    if cache is not None:
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache / f"xla-{_processor()}"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")


def cache_folder() -> Path | None:
    """`$XDG_CACHE_HOME/feature-distortion`; None where there is no home, as in a container, or it cannot be written."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "feature-distortion"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def _processor() -> str:
    import hashlib
    import platform

    try:
        described = [
            line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith(("model name", "flags"))
        ]
    except OSError:
        described = [platform.processor()]
    return hashlib.sha256("\n".join(sorted(set(described))).encode()).hexdigest()[:12]


def compile_quickly() -> None:
    """Spend half the time on compiling, and more on running: for programs that run once on little.

    Machine code is optimised less, so sums of float32 are added one by one and not in several parts: they are less
    accurate, by some 1e-5 of the largest term where thousands are added. Training a network takes six times as long.
    Processes that are started from here compile so too.
    """
    _optimise(fully=False)


def compile_fully() -> None:
    """Optimise machine code again, as is usual, for what is compiled from here on."""
    _optimise(fully=True)


@contextmanager
def compiled_fully() -> Iterator[None]:
    """What is compiled inside is optimised, also where all else is compiled quickly."""
    with _optimised(fully=True):
        yield


@contextmanager
def compiled_quickly() -> Iterator[None]:
    """What is compiled inside is compiled quickly (`compile_quickly`), also where all else is optimised."""
    with _optimised(fully=False):
        yield


def compiles_quickly() -> bool:
    """Whether `compile_quickly` holds at present."""
    return os.environ.get(LITTLE_OPTIMISED, "0") != "0"


@contextmanager
def _optimised(*, fully: bool) -> Iterator[None]:
    quickly = compiles_quickly()
    _optimise(fully=fully)
    try:
        yield
    finally:
        _optimise(fully=not quickly)


def _optimise(*, fully: bool) -> None:
    jax = sys.modules.get("jax")
    if jax is not None and fully == compiles_quickly():
        _way_of_compiling().set_global(not fully)
        jax.config.update(LITTLE_OPTIMISED.lower(), not fully)
    os.environ[LITTLE_OPTIMISED] = "0" if fully else "1"


@cache
def _way_of_compiling() -> Any:
    """Part of the keys of all that JAX remembers, from the first call on.

    Otherwise JAX would use again what was compiled in another way, and digits would depend on what a process did
    before. So it finds what was compiled in the same way, and nothing needs to be forgotten.
    """
    import jax

    return jax.make_user_context(compiles_quickly())


def rounding() -> list[str]:
    """What decides the last digits of this process's numbers beside code and versions: device and XLA's settings."""
    import jax

    device = jax.devices()[0]
    compiler = (device.client.platform_version, os.environ.get("XLA_FLAGS", ""), str(compiles_quickly()))
    return [device.platform, device.device_kind, _processor(), *compiler]


def wrong_in_bfloat16() -> str:
    """Why numbers in bfloat16 cannot be trusted on this process's devices; empty where they can."""
    import jax

    affected = _jaxlib_version() >= FIRST_WRONG_IN_BFLOAT16 and jax.default_backend() == "cpu"
    if not affected or RIGHT_IN_BFLOAT16 in os.environ.get("XLA_FLAGS", ""):
        return ""
    return (
        f"bfloat16 is wrong on a CPU with jaxlib {metadata.version('jaxlib')}; compute in float32, or set "
        f"XLA_FLAGS={RIGHT_IN_BFLOAT16}, which is slower"
    )


def _jaxlib_version() -> tuple[int, ...]:
    return tuple(int(part) for part in metadata.version("jaxlib").split(".")[:2])


def _has_computed() -> bool:
    """Whether XLA has been started; JAX has no public way to ask, and a version without this one is trusted."""
    bridge = sys.modules.get("jax._src.xla_bridge")
    return bool(getattr(bridge, "backends_are_initialized", lambda: False)())


def processors() -> int:
    """How many this process may use: its share, where `share_processors` or the environment says one."""
    return max(1, int(os.environ.get("NPROC") or os.cpu_count() or 1))


def share_processors(count: int) -> None:
    """Let JAX, NumPy and SciPy use this process's share of the processors, beside others like it.

    Call it before JAX computes first.

    Threads of processes that compete spin while they wait: the main job in two processes on two cores took 301 s with
    two threads each and 283 s with one. A share that the environment has already, as `NPROC`, is kept.

    Args:
      count: processes that compute side by side, this one included.
    """
    os.environ.setdefault("NPROC", str(max(1, (os.cpu_count() or 1) // count)))
    decompose_in_threads(processors())
