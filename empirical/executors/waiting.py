"""Units that become ready as what they depend on is done, in the order of the plan."""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence

from empirical.benchmark.run import Run
from empirical.benchmark.units import Unit
from empirical.executors.executor import RETRIES, Attempt, Done, Failed


class Waiting:
    """Which units may begin, which wait for others, and which are given up.

    False once every unit is done or failed. A dependency that was not given with the others counts as done.
    """

    def __init__(self, runs: Sequence[Run], *, retries: int = RETRIES):
        self._retries = retries
        self._tries: Counter[Unit] = Counter()
        self._runs = {run.unit: run for run in runs}
        self._units = tuple(self._runs)
        self._order = {unit: position for position, unit in enumerate(self._units)}
        self._missing: dict[Unit, int] = {}
        self._followers: dict[Unit, list[Unit]] = {}
        self._ready: list[int] = []
        self._unsettled = set(self._units)
        for unit, run in self._runs.items():
            needed = [dependency.unit for dependency in run.dependencies if dependency.unit in self._order]
            self._missing[unit] = len(needed)
            for dependency in needed:
                self._followers.setdefault(dependency, []).append(unit)
            if not needed:
                heapq.heappush(self._ready, self._order[unit])

    def __bool__(self) -> bool:
        return bool(self._unsettled)

    def __len__(self) -> int:
        """How many are neither done nor failed, those in work among them."""
        return len(self._unsettled)

    def take(self) -> Run | None:
        """The next run that may begin; None where all others wait or are in work."""
        while self._ready:
            unit = self._units[heapq.heappop(self._ready)]
            if unit in self._unsettled:
                return self._runs[unit]
        return None

    def give_back(self, unit: Unit) -> None:
        """It was taken, but not tried."""
        heapq.heappush(self._ready, self._order[unit])

    def settled(self, unit: Unit, attempt: Attempt) -> Iterator[Done | Failed]:
        """What an attempt settles: nothing if the unit is tried again, else it and, where it failed, its followers."""
        if isinstance(attempt.outcome, Done):
            self._unsettled.discard(unit)
            for follower in self._followers.get(unit, ()):
                self._missing[follower] -= 1
                if self._missing[follower] == 0:
                    heapq.heappush(self._ready, self._order[follower])
            yield attempt.outcome
            return
        self._tries[unit] += 1
        if attempt.again and self._tries[unit] <= self._retries:
            self.give_back(unit)
            return
        tries = self._tries[unit]
        error = attempt.outcome.error + (f" (tried {tries} times)" if tries > 1 else "")
        yield from self._given_up(attempt.outcome._replace(error=error))

    def _given_up(self, failed: Failed) -> Iterator[Failed]:
        waiting = [failed]
        while waiting:
            failure = waiting.pop()
            if failure.unit not in self._unsettled:
                continue
            self._unsettled.discard(failure.unit)
            yield failure
            followers = reversed(self._followers.get(failure.unit, []))
            waiting += [Failed(unit, f"needs what failed ({failure.unit})") for unit in followers]
