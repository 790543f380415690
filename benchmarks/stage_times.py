"""What a process does with its time: importing, tracing, lowering and compiling as JAX tells it, and all the rest."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

#: What JAX calls the steps before a program can run.
EVENTS = {
    "/jax/core/compile/jaxpr_trace_duration": "tracing",
    "/jax/core/compile/jaxpr_to_mlir_module_duration": "lowering",
    "/jax/core/compile/backend_compile_duration": "compiling",
}
CACHE_HIT = "/jax/compilation_cache/cache_hits"


@dataclass
class StageTimes:
    """Seconds of one stage, by kind, while it is measured.

    Attributes:
      intervals: begin and end of every event, by kind; traces lie inside traces, so they are not simply added.
      programs: how many were compiled, those that the persistent cache gave included.
    """

    name: str
    intervals: dict[str, list[tuple[float, float]]] = field(
        default_factory=lambda: {kind: [] for kind in EVENTS.values()}
    )
    programs: int = 0
    cache_hits: int = 0
    clock: float = 0.0
    processor: float = 0.0

    def kinds(self) -> dict[str, float]:
        """Seconds of the clock by kind; what is left of them is `rest`: computing, drawing, reading and writing."""
        seconds = {kind: _covered(parts) for kind, parts in self.intervals.items()}
        return {**seconds, "rest": self.clock - sum(seconds.values())}

    def document(self) -> dict[str, object]:
        """The same for a file."""
        return {
            "name": self.name,
            "clock": round(self.clock, 2),
            "processor": round(self.processor, 2),
            "programs": self.programs,
            "from_cache": self.cache_hits,
            **{kind: round(seconds, 2) for kind, seconds in self.kinds().items()},
        }


_current: list[StageTimes] = []


def listen() -> None:
    """Hear what JAX does, once in a process."""
    import jax

    def heard(event: str, duration: float, **_: object) -> None:
        kind = EVENTS.get(event)
        if kind is not None and _current:
            now = time.perf_counter()
            _current[-1].intervals[kind].append((now - duration, now))
            _current[-1].programs += kind == "compiling"

    def counted(event: str, **_: object) -> None:
        if event == CACHE_HIT and _current:
            _current[-1].cache_hits += 1

    jax.monitoring.register_event_duration_secs_listener(heard)
    jax.monitoring.register_event_listener(counted)


@contextmanager
def measured(name: str) -> Iterator[StageTimes]:
    """One stage; stages do not lie inside each other."""
    stage = StageTimes(name)
    _current.append(stage)
    clock, processor = time.perf_counter(), processor_seconds()
    try:
        yield stage
    finally:
        stage.clock, stage.processor = time.perf_counter() - clock, processor_seconds() - processor
        _current.pop()


def processor_seconds() -> float:
    """Of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _covered(parts: list[tuple[float, float]]) -> float:
    """Length of a union of intervals."""
    total, reached = 0.0, 0.0
    for begin, end in sorted(parts):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total
