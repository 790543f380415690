"""Ensembles: one function of a point and a key, over a whole sweep, in chunks of bounded memory.

Every member has a key of its own, from the seed and its place in the sweep: results do not depend on the size of the
chunks nor on where a run was cut off.
"""

import functools
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, PRNGKeyArray, PyTree, UInt32

from artifacts import UserError, fingerprint
from artifacts.arrays import read_archive
from artifacts.imports import BOOKKEEPING, module_of, reached_code
from artifacts.random_keys import key_numbers
from artifacts.runtime import OPTIMISED_A_LITTLE, compiles_quickly, compute_in_one_thread
from artifacts.versions import reached_versions

#: Bytes that one chunk may occupy while it is solved.
MEMORY_BUDGET = 512 * 2**20
#: Chunks that are kept together on disk: what a run that is cut off may lose.
CHUNKS_TOGETHER = 32
#: Members in a chunk, where the memory budget allows it. Smaller sweeps are filled up to it, so that every sweep of one
#: member shares one compilation.
LANES = 256


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Who looks after a long simulation.

    Attributes:
      progress: called with members done and members in all.
      unfinished: a directory for what is finished of an ensemble; a run that was cut off goes on from there. Made where
        it is needed; whoever gives it removes it when all is done.
    """

    progress: Callable[[int, int], None] | None = None
    unfinished: Path | None = None


#: Nobody.
ALONE = Watch()


def ensemble(
    member: Callable[[PyTree, PRNGKeyArray], PyTree],
    points: PyTree,
    problems: int,
    *,
    seed: int,
    independent: bool = False,
    keep: Callable[[PyTree], PyTree] = lambda part: part,
    memory_budget: int = MEMORY_BUDGET,
    lanes: int = LANES,
    watch: Watch = ALONE,
) -> PyTree:
    """`member(point, key)` for every point of a sweep and every one of several random problems, as NumPy arrays.

    The problems of one number share their key at every point, so that curves along a sweep compare like with like,
    unless they are to be `independent`.

    Args:
      member: a function at the top of a module, or a frozen dataclass with a `__call__`: equal members are compiled
        once however often they are swept.
      points: arrays whose leading axis is the sweep.
      problems: how many random problems there are at each point.
      seed: of their keys.
      keep: what is kept of what `member` returns, so that memory holds no more; given a chunk, whose leading axis it
        keeps.
      memory_budget: bytes that a chunk may occupy.
      lanes: members in a chunk, where the budget allows it; fewer where each takes long and there are few.
      watch: told of progress; says where finished parts may lie.
    Returns:
      What `keep` leaves of what `member` returns, with leading axes (points, problems).
    Raises:
      UserError: one member alone needs more than the memory budget.
    """
    compute_in_one_thread()
    count = jax.tree.leaves(points)[0].shape[0]
    total = count * problems
    keys = key_numbers(jax.random.key(seed), total if independent else problems)
    solve = _compiled(member, compiles_quickly())
    traced = _traced(solve, points, keys, lanes)
    points = jax.tree.map(np.asarray, points)  # NumPy picks rows without compiling anything
    chunk = _chunk_size(traced.jaxpr.jaxpr, memory_budget, lanes)

    def solved(start: int) -> PyTree:
        # The last chunk is filled up, so that every chunk has one shape and one compilation.
        indices = np.minimum(np.arange(start, start + chunk), total - 1)
        at = jax.tree.map(lambda leaf: leaf[indices // problems], points)
        part = jax.tree.map(np.asarray, keep(solve(at, keys[indices % len(keys)])))
        if watch.progress:
            watch.progress(min(start + chunk, total), total)
        return jax.tree.map(lambda leaf: leaf[: min(chunk, total - start)], part)

    name = _name(member, points, (keep.__qualname__, problems, seed, independent, chunk)) if watch.unfinished else ""
    parts = []
    for first in range(0, total, chunk * CHUNKS_TOGETHER):
        starts = range(first, min(total, first + chunk * CHUNKS_TOGETHER), chunk)
        saved = watch.unfinished / f"{name}-{first}.npz" if watch.unfinished else None
        structure = jax.eval_shape(keep, traced.out_info) if saved else None
        part = stored_part(saved, structure) if saved and saved.exists() else None
        if part is None:
            part = _joined([solved(start) for start in starts])
            if saved:
                store_part(saved, part)
        parts.append(part)
    return jax.tree.map(lambda leaf: leaf.reshape(count, problems, *leaf.shape[1:]), _joined(parts))


def _joined(parts: list[PyTree]) -> PyTree:
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


@functools.cache
def _compiled(member: Callable[[PyTree, PRNGKeyArray], PyTree], quickly: bool) -> Any:
    """The jitted sweep, by how programs are compiled at present: an option of its own would overrule that."""
    usual = quickly or jax.default_backend() != "cpu"

    def numbered(point: PyTree, number: UInt32[Array, " words"]) -> PyTree:
        return member(point, jax.random.wrap_key_data(number))

    return jax.jit(jax.vmap(numbered), compiler_options=None if usual else OPTIMISED_A_LITTLE)


def _traced(solve: Any, points: PyTree, keys: UInt32[np.ndarray, "n words"], lanes: int) -> jax.stages.Traced:
    """A chunk of so many members: the shape in which it will usually run, since to trace takes seconds."""
    chunk = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((lanes, *leaf.shape[1:]), leaf.dtype), (points, keys))
    return solve.trace(*chunk)


def _chunk_size(jaxpr: Any, memory_budget: int, lanes: int) -> int:
    """The largest power of two of members, up to `lanes`, that fits the budget if no intermediate value were freed."""
    each = sum(_bytes(variable) for variable in _variables(jaxpr)) // lanes
    if each > memory_budget:
        raise UserError(
            f"`memory_budget` must hold one problem, which takes about {each / 2**20:.0f} MiB, "
            f"got {memory_budget / 2**20:.0f} MiB; raise it or take a smaller problem."
        )
    return min(lanes, 2 ** int(math.log2(memory_budget / max(each, 1))))


def _variables(jaxpr) -> list:
    return [variable for equation in jaxpr.eqns for variable in equation.outvars]


def _bytes(variable) -> int:
    shape, dtype = getattr(variable.aval, "shape", ()), getattr(variable.aval, "dtype", None)
    return math.prod(shape) * getattr(dtype, "itemsize", 8)


def _name(member: Callable, points: PyTree, sweep: tuple) -> str:
    values = [np.asarray(leaf).tolist() for leaf in jax.tree.leaves(points)]
    # A frozen dataclass is told by its class and its fields, which its representation names.
    identity = getattr(member, "__qualname__", None) or repr(member)
    modules, without = ("simulations.sweeps", module_of(member)), BOOKKEEPING
    made_by = [reached_code(*modules, without=without), reached_versions(*modules, without=without)]
    return fingerprint([identity, *sweep, json.dumps(values), *made_by])


def store_part(path: Path, part: PyTree) -> None:
    """Keep what is finished of a long simulation, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as stream:
        np.savez(stream, *jax.tree.leaves(part))
    partial.replace(path)


def stored_part(path: Path, structure: PyTree) -> PyTree | None:
    """What was kept, or None where there is nothing that can be read: it is then made again.

    Args:
      structure: a tree of the same form, whatever its leaves.
    """
    try:
        arrays = read_archive(path, "it is made again")
        leaves = [arrays[f"arr_{index}"] for index in range(len(arrays))]
        return jax.tree.unflatten(jax.tree.structure(structure), leaves)
    except (OSError, ValueError, KeyError):
        return None
