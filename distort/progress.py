"""Progress on standard error: a display in a terminal; elsewhere a line now and then, so that logs stay short."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

#: Told what is being done, and the fraction of the current stage that is finished.
Report = Callable[[str, float], None]
#: Begins a stage and gives its reporter.
Begin = Callable[[str], Report]

#: Seconds between two lines of a log, and what share of the time so far: a day's log has some dozens of lines.
LINE_SECONDS, LINE_SHARE = 60.0, 0.1
#: What must be done before the time left can be told from the time taken.
TELLING_SHARE = 0.03
WHOLE = "all"
UNKNOWN: Mapping[str, float] = MappingProxyType({})


@dataclass
class Standing:
    """How far a stage is."""

    message: str = ""
    fraction: float = 0.0


class Job:
    """All stages, and how far they are together.

    Args:
      expected: seconds, or any unit, that each stage takes beside the others; of those that are not named nothing is
        expected.
    """

    def __init__(self, expected: Mapping[str, float], clock: Callable[[], float] = time.monotonic):
        self.expected, self.clock = expected, clock
        self.started = clock()
        self.stages: dict[str, Standing] = {}
        self._lock = threading.Lock()

    def tell(self, stage: str, message: str, fraction: float) -> None:
        """Hear how far a stage is."""
        with self._lock:
            self.stages[stage] = Standing(message, fraction)

    @property
    def share(self) -> float | None:
        """What is done of all that is expected, in [0, 1]; None where nothing is expected."""
        total = sum(self.expected.values())
        if not total:
            return None
        with self._lock:
            done = {name: standing.fraction for name, standing in self.stages.items()}
        return sum(weight * done.get(name, 0.0) for name, weight in self.expected.items()) / total

    @property
    def seconds_left(self) -> float | None:
        """From the time taken; None where too little is done to tell."""
        share = self.share
        if share is None or share < TELLING_SHARE:
            return None
        return (self.clock() - self.started) * (1 - share) / share

    def line(self) -> str:
        """How far everything is, in one line."""
        share, left = self.share, self.seconds_left
        parts = [f"after {duration(self.clock() - self.started)}"]
        parts += [] if share is None else [f"{share:.0%} done"]
        parts += [] if left is None else [f"about {duration(left)} left"]
        with self._lock:
            running = [(name, stage) for name, stage in self.stages.items() if stage.fraction < 1]
        working = [f"{name} {stage.fraction:.0%} {stage.message}".rstrip() for name, stage in running]
        return f"distort: {', '.join(parts)}: {'; '.join(working) or 'between two stages'}"


@contextmanager
def progress(expected: Mapping[str, float] = UNKNOWN) -> Iterator[Begin]:
    """A display of stages in a terminal, one line each; elsewhere one line a minute, and fewer as time goes on.

    Args:
      expected: as for `Job`: what tells how far the whole is, and how long it will still take.
    """
    job = Job(expected)
    with _terminal(job) if sys.stderr.isatty() else _log(job) as show:

        def begin(stage: str) -> Report:
            def report(message: str, fraction: float) -> None:
                job.tell(stage, message, fraction)
                show(stage)

            report("", 0.0)
            return report

        yield begin


def duration(seconds: float) -> str:
    """As a reader says it: seconds, minutes, or hours and minutes."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def _terminal(job: Job) -> Iterator[Callable[[str], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.fields[stage]}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as display:
        tasks: dict[str, Any] = {WHOLE: display.add_task("", total=1.0, stage=WHOLE)} if job.expected else {}

        def show(stage: str) -> None:
            if stage not in tasks:
                tasks[stage] = display.add_task("", total=1.0, stage=stage)
            standing = job.stages[stage]
            display.update(tasks[stage], description=standing.message, completed=standing.fraction)
            if WHOLE in tasks:
                left = job.seconds_left
                description = "" if left is None else f"about {duration(left)} left"
                display.update(tasks[WHOLE], description=description, completed=job.share)

        yield show


@contextmanager
def _log(job: Job) -> Iterator[Callable[[str], None]]:
    over = threading.Event()
    writer = threading.Thread(target=_write_lines, args=(job, over), daemon=True)
    writer.start()
    try:
        yield lambda stage: None
    finally:
        over.set()
        writer.join()


def _write_lines(job: Job, over: threading.Event) -> None:
    """From a thread of its own, since a stage may compile for minutes and say nothing."""
    while not over.wait(max(LINE_SECONDS, LINE_SHARE * (job.clock() - job.started))):
        with suppress(OSError):  # nobody reads it any more
            print(job.line(), file=sys.stderr, flush=True)
