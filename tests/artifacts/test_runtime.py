"""What JAX is started with."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from artifacts import UserError, runtime
from artifacts.runtime import share_processors
from empirical.backbones.catalogue import BackboneChoice, fresh

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


def test_a_number_of_processors_that_the_user_has_set_is_kept(monkeypatch):
    monkeypatch.setenv("NPROC", "3")
    share_processors(2)
    assert os.environ["NPROC"] == "3"


def test_more_processes_than_processors_have_one_each(monkeypatch):
    monkeypatch.setenv("NPROC", "1")
    monkeypatch.delenv("NPROC")
    share_processors(10 * os.cpu_count())
    assert os.environ["NPROC"] == "1"


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
