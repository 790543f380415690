"""The training loop: epochs, what the caller says after each, checkpoints, and the two ways in which it can fail.

Source: docs/protocol.md, section 4. The order of images, what is drawn for them and the learning rates are functions of
the run's configuration, so a run is determined by it, its start and its data, wherever it was interrupted.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from artifacts import UserError
from empirical.backbones.classifier import Classifier
from empirical.methods.unfreezing import Moment
from empirical.records import EpochRecord, Movement, SetMetrics
from empirical.training.checkpoints import Checkpoints, Position, latest, save
from empirical.training.data import Resident, TrainingData
from empirical.training.devices import on_each, placement
from empirical.training.feeds import Feed, ResidentFeed, StreamedFeed, stream_key
from empirical.training.groups import grouping
from empirical.training.run import TrainingRun
from empirical.training.schedule import group_rates, learning_rate
from empirical.training.step import Rule, initial
from empirical.training.variables import Variables, variables


class Epoch(NamedTuple):
    """The state after an epoch, to be judged; epoch 0 is before training and has no loss.

    Attributes:
      learning_rate: of the epoch's last step, of parameters without a factor of their own.
      training_loss: mean cross-entropy over the epoch's batches.
      last: whether the run ends with it.
      history: the records of earlier epochs.
    """

    epoch: int
    learning_rate: float
    training_loss: float | None
    classifier: Classifier
    last: bool
    history: tuple[EpochRecord, ...]

    def record(
        self, sets: Mapping[str, SetMetrics] | None = None, movement: Mapping[str, Movement] | None = None
    ) -> EpochRecord:
        """The epoch with what was measured of it."""
        return EpochRecord(
            epoch=self.epoch,
            learning_rate=self.learning_rate,
            training_loss=self.training_loss,
            sets=dict(sets or {}),
            movement=dict(movement or {}),
        )


class Report(NamedTuple):
    """What the caller makes of an epoch: its record, and whether this state replaces the one kept so far."""

    record: EpochRecord
    keep: bool = False


class Diverged(Exception):
    """Raised by `after_epoch` where a finite loss has left weights that give no finite scores: it ends the run."""


class TrainingOutcome(NamedTuple):
    """How a run ended.

    Attributes:
      classifier: after the last step.
      kept: the state that the caller last asked to keep, after epoch `kept_epoch`.
      records: of every epoch, the state before training first; after a resume all of them all the same.
      failure: None, or why the run ended early.
      resumed_at: epoch and step of the checkpoint that this call continued from; None where it began anew.
      images_per_second: of this call, compilation and callbacks apart; None where it took too few steps to say.
    """

    classifier: Classifier
    kept: Classifier | None
    kept_epoch: int | None
    records: tuple[EpochRecord, ...]
    failure: str | None
    resumed_at: tuple[int, int] | None
    images_per_second: float | None


@dataclass
class _Clock:
    """Time in steps, the first calls left out: they compile."""

    images: int = 0
    seconds: float = 0.0
    compiled: set[int] = field(default_factory=set)

    def count(self, sizes: tuple[int, int], seconds: float) -> None:
        batch, steps = sizes
        if batch in self.compiled:
            self.images += batch * steps
            self.seconds += seconds
        self.compiled.add(batch)

    @property
    def rate(self) -> float | None:
        return self.images / self.seconds if self.seconds > 0 else None


def train(
    start: Classifier,
    data: TrainingData,
    run: TrainingRun,
    after_epoch: Callable[[Epoch], Report] = lambda epoch: Report(epoch.record()),
    *,
    checkpoints: Checkpoints | None = None,
    devices: Sequence[jax.Device] | None = None,
    max_steps: int | None = None,
) -> TrainingOutcome:
    """Train from `start`, which stays as it is, and hand every epoch to `after_epoch`, the untrained state first.

    Deterministic. A loss that is not finite ends the run before that epoch is handed on, and so does `Diverged`, raised
    by `after_epoch` after a first epoch.

    Args:
      after_epoch: may be called again for the last epoch before a resume, with the same state: let it only report.
      checkpoints: where to save, and to continue from if this run was saved there. None: neither.
      devices: all local ones by default; as many are used as divide the batch size.
      max_steps: end after so many steps, without another report.
    Raises:
      UserError: the data are empty, the method does not fit the network, the device's memory is too small, or the
        checkpoints belong to another run.
    """
    if len(data) == 0:
        raise UserError("Training needs at least one image, got an empty set.")
    before = variables(start, run.method, key=stream_key(run.seed, "adapter"))
    grouped = grouping(before, run.method)
    rule = Rule.of(run, grouped, before)
    where = placement(run.batch_size, jax.local_devices() if devices is None else devices)
    rule = rule._replace(pretrained=on_each(where, rule.pretrained))
    blocks = before.classifier.backbone.blocks
    kind = ResidentFeed if isinstance(data, Resident) else StreamedFeed
    with nullcontext() if checkpoints is None else checkpoints.held():
        position = Position(initial(before, rule), 0, 0, (), (), None, None)
        if checkpoints is not None:
            position = latest(checkpoints, run, position)
        position = position._replace(state=on_each(where, position.state))
        with _memory(run):
            feed = kind(data, run, partial(group_rates, run, grouped, blocks), rule, where)
        try:
            return _Loop(run, feed, before, after_epoch, checkpoints, max_steps).run_from(position)
        finally:
            feed.close()


@dataclass
class _Loop:
    run: TrainingRun
    feed: Feed
    start: Variables
    after_epoch: Callable[[Epoch], Report]
    checkpoints: Checkpoints | None
    max_steps: int | None
    clock: _Clock = field(default_factory=_Clock)
    saved: float = field(default_factory=time.monotonic)
    resumed_at: tuple[int, int] | None = None

    def run_from(self, position: Position) -> TrainingOutcome:
        if position.records:
            self.resumed_at = (position.epoch, position.step)
        else:
            position = self._reported(position, 0, 0.0, None)
        while position.epoch < self.run.epochs:
            most = self._most(position)
            if most == 0:
                break
            position, failure = self._advanced(position, most)
            if failure is not None:
                return self._outcome(position, failure)
            if position.step == self.feed.steps:
                try:
                    position = self._epoch_ended(position)
                except Diverged as reason:
                    return self._outcome(position, str(reason))
            elif self._due(position):
                self._save(position)
        return self._outcome(position, None)

    def _advanced(self, position: Position, most: int) -> tuple[Position, str | None]:
        began = time.perf_counter()
        with _memory(self.run):
            state, losses = self.feed.take(position.state, position.epoch, position.step, most)
        size = min(self.run.batch_size, len(self.feed.data) - position.step * self.run.batch_size)
        self.clock.count((size, len(losses)), time.perf_counter() - began)
        position = position._replace(state=state, step=position.step + len(losses), losses=(*position.losses, *losses))
        for step, loss in enumerate(losses, start=position.step - len(losses) + 1):
            if not math.isfinite(loss):
                return position, f"the training loss was {loss} in epoch {position.epoch + 1}, step {step}"
        return position, None

    def _epoch_ended(self, position: Position) -> Position:
        last = Moment(epoch=position.epoch, epochs=self.run.epochs, step=self.feed.steps - 1, steps=self.feed.steps)
        loss = math.fsum(position.losses) / len(position.losses)
        position = self._reported(position, position.epoch + 1, learning_rate(self.run, last), loss)
        position = position._replace(epoch=position.epoch + 1, step=0, losses=())
        self._save(position)
        return position

    def _reported(self, position: Position, epoch: int, rate: float, loss: float | None) -> Position:
        # Copies: the next step consumes the state, while the caller may hold on to what it was handed.
        now = _copied(position.state.variables)
        last = epoch == self.run.epochs
        record, keep = self.after_epoch(Epoch(epoch, rate, loss, now.merged(), last, position.records))
        position = position._replace(records=(*position.records, record))
        return position._replace(kept=now, kept_epoch=epoch) if keep else position

    def _most(self, position: Position) -> int:
        """Steps until something must happen."""
        limits = [self.feed.steps - position.step]
        if self.checkpoints is not None and self.checkpoints.every_steps is not None:
            limits.append(self.checkpoints.every_steps - position.step % self.checkpoints.every_steps)
        if self.max_steps is not None:
            limits.append(max(self.max_steps - position.epoch * self.feed.steps - position.step, 0))
        return min(limits)

    def _due(self, position: Position) -> bool:
        if self.checkpoints is None:
            return False
        every = self.checkpoints.every_steps
        by_steps = every is not None and position.step % every == 0
        return by_steps or time.monotonic() - self.saved >= self.checkpoints.every_seconds

    def _save(self, position: Position) -> None:
        if self.checkpoints is not None:
            save(self.checkpoints, self.run, position, self.start)
            self.saved = time.monotonic()

    def _outcome(self, position: Position, failure: str | None) -> TrainingOutcome:
        return TrainingOutcome(
            classifier=position.state.variables.merged(),
            kept=None if position.kept is None else position.kept.merged(),
            kept_epoch=position.kept_epoch,
            records=position.records,
            failure=failure,
            resumed_at=self.resumed_at,
            images_per_second=self.clock.rate,
        )


def _copied(tree: Any) -> Any:
    return jax.tree.map(jnp.copy, tree)


@contextmanager
def _memory(run: TrainingRun) -> Iterator[None]:
    """Too little memory is a setting to mend, not a traceback."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        parts = "" if run.method.norm_mode == "train" else f", raise `microbatches` (now {run.microbatches})"
        raise UserError(
            f"A step must fit into the device's memory, but does not: lower `batch_size` (now {run.batch_size})"
            f"{parts}, "
            'or set the backbone\'s `rematerialise = true` or `compute = "bfloat16"`.'
        ) from error
