"""Progress on standard error; silent where that is no terminal, so that logs and pipes stay clean."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Told what is being done, and the fraction of the current stage that is finished.
Report = Callable[[str, float], None]
#: Begins a stage and gives its reporter.
Begin = Callable[[str], Report]


@contextmanager
def progress() -> Iterator[Begin]:
    """A display of stages, one line each."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.fields[stage]}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as display:

        def begin(stage: str) -> Report:
            task = display.add_task("", total=1.0, stage=stage)

            def report(message: str, fraction: float) -> None:
                display.update(task, description=message, completed=fraction)

            return report

        yield begin
