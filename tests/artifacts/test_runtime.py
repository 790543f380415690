"""What JAX is started with."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from artifacts import UserError, runtime
from artifacts.runtime import (
    BLAS_THREADS,
    compiled_fully,
    compiled_quickly,
    compiles_quickly,
    decompose_in_threads,
    share_processors,
)
from empirical.backbones.catalogue import BackboneChoice
from empirical.backbones.loading import fresh
from tests.support.linear_algebra import threads_of_linear_algebra

#: Starts JAX as a worker does and says how many threads its pool for computations has.
PROGRAM = """
import sys
from pathlib import Path
from artifacts.runtime import prepare_jax, share_processors
prepare_jax()
share_processors(int(sys.argv[1]))
import jax.numpy as jnp
(jnp.ones((300, 300)) @ jnp.ones((300, 300))).block_until_ready()
print(sum("XLAEigen" in (task / "comm").read_text() for task in Path("/proc/self/task").iterdir()))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted as Linux shows them")
@pytest.mark.parametrize("count", [1, os.cpu_count()])
def test_a_process_computes_with_its_share_of_the_processors(count):
    environment = {name: value for name, value in os.environ.items() if name != "NPROC"}
    command = [sys.executable, "-c", PROGRAM, str(count)]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(said.stdout) == os.cpu_count() // count


@pytest.fixture
def linear_algebra_restored(monkeypatch):
    for name in BLAS_THREADS:
        monkeypatch.setenv(name, "1")
    yield
    decompose_in_threads(1)  # as for the whole suite


@pytest.mark.usefixtures("linear_algebra_restored")
def test_a_number_of_processors_that_the_user_has_set_is_kept(monkeypatch):
    monkeypatch.setenv("NPROC", "3")
    share_processors(2)
    assert os.environ["NPROC"] == "3"
    assert threads_of_linear_algebra() == {3}


@pytest.mark.usefixtures("linear_algebra_restored")
def test_more_processes_than_processors_have_one_each(monkeypatch):
    monkeypatch.setenv("NPROC", "1")
    monkeypatch.delenv("NPROC")
    share_processors(10 * os.cpu_count())
    assert os.environ["NPROC"] == "1"
    assert threads_of_linear_algebra() == {1}


#: Libraries of linear algebra, NumPy's before or after their threads are counted, and SciPy's after.
DECOMPOSING = """
import sys
if sys.argv[1] == "loaded":
    import numpy
from artifacts.runtime import decompose_in_threads
decompose_in_threads(1)
import numpy, scipy.linalg
from threadpoolctl import threadpool_info
print(*[library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"])
"""


@pytest.mark.parametrize("when", ["loaded", "not yet"])
def test_linear_algebra_takes_the_threads_that_it_is_given_whenever_it_is_loaded(when):
    environment = {name: value for name, value in os.environ.items() if name not in BLAS_THREADS}
    command = [sys.executable, "-c", DECOMPOSING, when]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    assert said
    assert set(said) == {"1"}


#: JAX is imported first, and asked for a computation first where the argument says so; then for a number.
IMPORTED_FIRST = """
import sys
import jax, jax.numpy as jnp
from artifacts.errors import UserError
from artifacts.runtime import prepare_jax
if sys.argv[1] == "computed":
    jnp.ones(3).block_until_ready()
try:
    prepare_jax()
except UserError as error:
    print(error)
else:
    prepare_jax()  # again, and after a computation: nothing is left to do
    print((jnp.ones(3) * (1 + 1e-12)).dtype)
    prepare_jax()
"""


def after_import(state: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("XLA_FLAGS", "JAX_ENABLE_X64")}
    command = [sys.executable, "-c", IMPORTED_FIRST, state]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_jax_may_be_imported_before_it_is_prepared():
    assert after_import("imported") == "float64\n"


def test_jax_that_has_computed_cannot_be_prepared_and_the_reason_is_given():
    assert "it has computed already; call it at the start of" in after_import("computed")


@pytest.mark.parametrize(("version", "flags", "wrong"), [
    ("0.10.2", "", False), ("0.11.2", "", True), ("0.12.0.1", runtime.RIGHT_IN_BFLOAT16, False),
])  # fmt: skip
def test_bfloat16_is_refused_where_it_is_computed_wrongly(version, flags, wrong, monkeypatch):
    monkeypatch.setattr(runtime.metadata, "version", lambda _: version)
    monkeypatch.setenv("XLA_FLAGS", flags)
    assert bool(runtime.wrong_in_bfloat16()) == wrong
    if wrong:
        with pytest.raises(UserError, match="XLA_FLAGS"):
            fresh(BackboneChoice(name="clip_resnet50", compute="bfloat16"), key=jax.random.key(0))


#: Computes with a program that is kept from one process to the next.
KEPT = """
from artifacts.runtime import keep_compiled, prepare_jax
prepare_jax()
keep_compiled()
import jax, jax.numpy as jnp
print(jax.jit(lambda x: jnp.linalg.norm(jnp.sin(x)))(jnp.arange(9.0)))
"""


def test_kept_code_that_was_cut_off_is_compiled_anew_without_a_word(tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)

    def printed() -> str:
        run = subprocess.run([sys.executable, "-c", KEPT], env=environment, capture_output=True, text=True, check=True)
        assert not run.stderr
        return run.stdout

    whole = printed()
    kept = list(tmp_path.rglob("*-cache"))
    assert kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:100])
    assert printed() == whole


#: Starts JAX in a way that the argument names, follows the gradient of a sum of decompositions for 256 problems, and
#: says how many threads computed, what the environment says of them, and which warnings came.
BATCHES = """
import os, sys, warnings
from pathlib import Path
from artifacts.runtime import compute_in_one_thread, prepare_jax
prepare_jax()
import jax, jax.numpy as jnp
if sys.argv[1] == "late":
    jnp.ones(3).block_until_ready()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    compute_in_one_thread()
    compute_in_one_thread()

def height(left, right, axes):
    frames = jnp.linalg.qr(left)[0], jnp.linalg.qr(left + right)[0]
    basis = jnp.linalg.qr(axes)[0]
    root = jnp.linalg.cholesky((basis * jnp.geomspace(1.0, 0.1, 17)) @ basis.T).T
    triangle = jnp.linalg.qr(root @ frames[1])[1]
    return jnp.sum(triangle**2) + jnp.sum(jnp.linalg.svd(frames[0].T @ frames[1])[1])

def lower(point):
    return point - 1e-3 * jax.grad(lambda point: height(point[:, :8], point[:, 8:16], point[:, 16:]))(point)

if sys.argv[1] == "early":
    points = jax.random.normal(jax.random.key(0), (256, 17, 33))
    descend = jax.jit(lambda start: jax.lax.fori_loop(0, 100, lambda _, now: jax.vmap(lower)(now), start))
    descend(points).block_until_ready()
threads = sum("XLAEigen" in (task / "comm").read_text() for task in Path("/proc/self/task").iterdir())
print(threads, os.environ.get("NPROC"), len(caught), *{str(warning.message)[:13] for warning in caught})
"""


def batches(state: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", BATCHES, state]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted as Linux shows them")
@pytest.mark.parametrize("given", [None, "3"])
def test_many_decompositions_side_by_side_do_not_wait_for_each_other(given):
    """In two threads this program hung in two of five runs; the environment is as it was before."""
    environment = {name: value for name, value in os.environ.items() if name != "NPROC"}
    environment |= {"NPROC": given} if given else {}
    assert batches("early", environment).split() == ["1", str(given), "0"]


def test_threads_that_may_hang_are_warned_of():
    """Each call warns, since a program may call from several places; none where JAX was started with one thread."""
    said = batches("late", os.environ | {"NPROC": "3"}).split(maxsplit=3)
    assert said[2:] == ["2", "Many problems\n"]
    assert batches("late", os.environ | {"NPROC": "1"}).split()[2] == "0"


def test_each_way_of_compiling_has_programs_of_its_own_and_forgets_none():
    """Digits must not depend on what a process compiled before, in whatever order it did."""
    traced = []

    @jax.jit
    def polynomial(numbers):
        traced.append(compiles_quickly())
        return numbers * numbers * 3 + numbers

    numbers = jnp.linspace(0.0, 1.0, 10_000)
    found: dict[bool, set[bytes]] = {True: set(), False: set()}
    for way in (compiled_fully, compiled_quickly) * 2:
        with way():
            found[compiles_quickly()].add(np.asarray(polynomial(numbers)).tobytes())
    with compiled_quickly(), compiled_fully():
        found[compiles_quickly()].add(np.asarray(polynomial(numbers)).tobytes())
    # Optimised code multiplies and adds at once, with one rounding: with one program for both ways, all would be alike.
    assert len(found[False]) == len(found[True]) == 1
    assert found[False] != found[True]
    traced.clear()
    for way in (compiled_quickly, compiled_fully):
        with way():
            polynomial(numbers)
    assert traced == []


#: What decides a process's last digits, where it solves many problems and where it only looks at what is there.
ROUNDING = """
import sys
from artifacts.runtime import compute_in_one_thread, prepare_jax, rounding
prepare_jax()
if sys.argv[1] == "many problems":
    compute_in_one_thread()
print(rounding())
"""


def test_digits_are_remembered_alike_whatever_a_process_is_for():
    """Otherwise what a worker has drawn is drawn again by the process that looks whether it is up to date."""
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    told = [
        subprocess.run([sys.executable, "-c", ROUNDING, state], env=environment, capture_output=True, check=True).stdout
        for state in ("many problems", "a look")
    ]
    assert told[0] == told[1] != b""
