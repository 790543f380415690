"""Progress on standard error: a display on a terminal, elsewhere a line now and then once work takes its time."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Told what is being done, and the fraction of the current stage that is finished.
Report = Callable[[str, float], None]
#: Seconds of silence before a line where there is no terminal; short commands leave logs clean.
SILENCE = 15.0
#: Begins a stage and gives its reporter.
Begin = Callable[[str], Report]


@contextmanager
def progress() -> Iterator[Begin]:
    """A display of stages, one line each."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.fields[stage]}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as display:

        def begin(stage: str) -> Report:
            task = display.add_task("", total=1.0, stage=stage)

            def report(message: str, fraction: float) -> None:
                display.update(task, description=message, completed=fraction)

            return report

        yield begin


def _lines() -> Begin:
    """A line on standard error whenever `SILENCE` seconds have passed since the last, or since the beginning."""
    last = time.monotonic()

    def begin(stage: str) -> Report:
        def report(message: str, fraction: float) -> None:
            nonlocal last
            if time.monotonic() - last >= SILENCE and message:
                last = time.monotonic()
                print(f"{time.strftime('%H:%M:%S')} {stage}: {message} ({fraction:.0%})", file=sys.stderr, flush=True)

        return report

    return begin
