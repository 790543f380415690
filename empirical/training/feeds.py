"""Steps in a row: from a set on the device in one compiled loop, or from a stream one by one, in the same batches."""

import time
from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int32, Key

from empirical.augment import apply
from empirical.store import epoch_batches, order
from empirical.training.data import Resident, Streamed, TrainingData
from empirical.training.devices import Placement, on_each
from empirical.training.run import TrainingRun
from empirical.training.step import Rule, State, stepped

# Seconds after which control returns, to save, to notice a loss that is not finite, or to be interrupted.
LONG, SHORT = 4.0, 1.0
# Length of the compiled loop; shorter runs of steps use it too, so no result depends on where a loop was cut.
LONGEST = 256
# Steps that are handed to the device before the loss of an earlier one is looked at.
AHEAD = 3


#: Learning rates of an epoch and its number of steps.
Rates = Callable[[int, int], Float32[np.ndarray, "steps groups"]]


class Keys(NamedTuple):
    """What an epoch draws from: one key for augmentation, one for mixing."""

    augmentation: Key[Array, ""]
    mixing: Key[Array, ""]


def epoch_keys(seed: int, epoch: int) -> Keys:
    """What is drawn from in an epoch of a seed's run."""
    return Keys(*(jax.random.fold_in(stream_key(seed, stream), epoch) for stream in ("augmentation", "mixing")))


def stream_key(seed: int, stream: str) -> Key[Array, ""]:
    """A key for one purpose; the seed's own key draws the head."""
    return jax.random.fold_in(jax.random.key(seed), ("augmentation", "mixing", "adapter").index(stream) + 1)


class Steps(NamedTuple):
    """The state after some steps, and the loss of each."""

    state: State
    losses: list[float]


class Feed:
    """A run's batches. Every epoch visits every image once; a last batch may be smaller."""

    def __init__(self, data: TrainingData, run: TrainingRun, rates: Rates, rule: Rule, placement: Placement | None):
        self.data, self.run, self.rates_of, self.rule, self.placement = data, run, rates, rule, placement
        self.steps = -(-len(data) // run.batch_size)
        self.full = len(data) // run.batch_size
        self._epoch = -1

    def begin(self, epoch: int) -> None:
        """Make ready for an epoch."""
        if epoch != self._epoch:
            self._epoch = epoch
            self.keys = epoch_keys(self.run.seed, epoch)
            self.order = order(len(self.data), seed=self.run.seed, epoch=epoch).astype(np.int32)
            self.rates = self.rates_of(epoch, self.steps)

    def take(self, state: State, epoch: int, first: int, most: int) -> Steps:
        """Some steps of an epoch from step `first`, at most `most`; the state that is passed is consumed.

        Args:
          epoch, first: counted from 0.
          most: steps at most; fewer are taken where they last longer than a few seconds.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Stop reading ahead."""


class ResidentFeed(Feed):
    """One compiled loop over many steps, long enough that starting it costs nothing, short enough to be stopped."""

    length = 32  # steps in a loop; doubled and halved as they turn out to be short or long

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.data = on_each(self.placement, self.data)

    def take(self, state: State, epoch: int, first: int, most: int) -> Steps:
        """Some steps in one compiled loop; ends before the last, smaller batch, which is a loop of its own."""
        self.begin(epoch)
        size, began = self.run.batch_size, time.perf_counter()
        whole = first < self.full
        count = min(most, self.length, self.full - first) if whole else 1
        rows = LONGEST if whole else 1
        chosen = self.order[first * size : (first + count) * size].reshape(count, -1)
        indices = np.zeros((rows, chosen.shape[1]), np.int32)
        indices[:count] = chosen
        rates = np.zeros((rows, self.rates.shape[1]), np.float32)
        rates[:count] = self.rates[first : first + count]
        sharding = None if self.placement is None else self.placement.of_batch(chosen.shape[1])
        constants = (self.rule, self.data, self.keys, sharding, jnp.asarray(indices), jnp.asarray(rates))
        state, losses = _resident_steps(constants, state, jnp.int32(first), jnp.int32(count))
        values = np.asarray(losses)[:count].tolist()
        took = time.perf_counter() - began
        if took < SHORT:
            self.length = min(2 * self.length, LONGEST)
        elif took > LONG:
            self.length = max(self.length // 2, 1)
        return Steps(state, values)


@partial(eqx.filter_jit, donate="all-except-first")
def _resident_steps(
    constants: tuple[Rule, Resident, Keys, Any, Array, Array], state: State, first: Int32[Array, ""],
    count: Int32[Array, ""],
) -> tuple[State, Float32[Array, " rows"]]:  # fmt: skip
    rule, data, keys, sharding, indices, rates = constants

    def body(row: Array, carry: tuple[State, Array]) -> tuple[State, Array]:
        state, losses = carry
        images, labels = data.batch(indices[row], key=keys.augmentation), data.labels[indices[row]]
        if sharding is not None:
            images = jax.lax.with_sharding_constraint(images, sharding)
        key = jax.random.fold_in(keys.mixing, first + row)
        state, loss = stepped(state, images, labels, rates[row], rule, key=key)
        return state, losses.at[row].set(loss)

    # The number of turns is not known to the compiler: it compiles one body, whatever the number.
    return jax.lax.fori_loop(0, count, body, (state, jnp.zeros(len(indices), jnp.float32)))


class Prepared(NamedTuple):
    """A batch on its way to the device."""

    images: Float32[Array, "b side side 3"]
    labels: Int32[Array, " b"]


class StreamedFeed(Feed):
    """Reads and sends batches while the device computes."""

    _stream: Generator[Prepared, None, None] | None = None
    _next: int = -1

    def take(self, state: State, epoch: int, first: int, most: int) -> Steps:
        """Some steps, at most those of a few seconds; batches are read ahead as long as calls follow each other."""
        if epoch != self._epoch or first != self._next or self._stream is None:
            self.close()
            self.begin(epoch)
            self._stream = self._prepared(first)
        losses: list[float] = []
        pending: deque[Array] = deque()
        began, step = time.perf_counter(), first
        while step < min(first + most, self.steps) and time.perf_counter() - began < LONG:
            batch = next(self._stream)
            constants = (self.rule, self.keys, batch, jnp.asarray(self.rates[step]))
            state, loss = _streamed_step(constants, state, jnp.int32(step))
            pending.append(loss)
            step += 1
            if len(pending) > AHEAD:
                losses.append(float(pending.popleft()))
        losses.extend(float(loss) for loss in pending)
        self._next = step
        return Steps(state, losses)

    def close(self) -> None:
        """Stop reading ahead; the next call of `take` begins anew."""
        if self._stream is not None:
            self._stream.close()
        self._stream, self._next = None, -1

    def _prepared(self, first: int) -> Generator[Prepared, None, None]:
        """Batches from `first` on, one of them already sent when it is asked for."""
        data = self.data
        assert isinstance(data, Streamed)
        batches = epoch_batches(
            data.images, self.order, self.run.batch_size, first=first, threads=data.threads, ahead=data.ahead
        )
        waiting: Prepared | None = None
        try:
            for batch in batches:
                arrays = (batch.images, batch.extents, batch.indices, batch.labels.astype(np.int32))
                where = None if self.placement is None else self.placement.of_batch(len(batch.labels))
                images, extents, indices, labels = jax.device_put(arrays, where)
                images = apply(images, extents, indices, transform=data.transform, key=self.keys.augmentation)
                if waiting is not None:
                    yield waiting
                waiting = Prepared(images, labels)
            if waiting is not None:
                yield waiting
        finally:
            batches.close()


@partial(eqx.filter_jit, donate="all-except-first")
def _streamed_step(
    constants: tuple[Rule, Keys, Prepared, Array], state: State, step: Int32[Array, ""]
) -> tuple[State, Float32[Array, ""]]:
    rule, keys, batch, rates = constants
    return stepped(state, batch.images, batch.labels, rates, rule, key=jax.random.fold_in(keys.mixing, step))
