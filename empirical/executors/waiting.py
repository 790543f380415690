"""Units that become ready as what they depend on is done, in the order of the plan."""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence

from empirical.benchmark.suite import Suite
from empirical.benchmark.units import Unit, dependencies
from empirical.executors.executor import RETRIES, Attempt, Done, Failed


class Waiting:
    """Which units may begin, which wait for others, and which are given up.

    False once every unit is done or failed. A dependency that was not given with the others counts as done.
    """

    def __init__(self, units: Sequence[Unit], suite: Suite, *, retries: int = RETRIES):
        self._retries = retries
        self._tries: Counter[Unit] = Counter()
        self._order = {unit: place for place, unit in enumerate(units)}
        self._units = tuple(self._order)
        self._missing: dict[Unit, int] = {}
        self._followers: dict[Unit, list[Unit]] = {}
        self._ready: list[int] = []
        self._unsettled = set(self._units)
        for unit in self._units:
            needed = [one for one in dependencies(unit, suite) if one in self._order]
            self._missing[unit] = len(needed)
            for one in needed:
                self._followers.setdefault(one, []).append(unit)
            if not needed:
                heapq.heappush(self._ready, self._order[unit])

    def __bool__(self) -> bool:
        return bool(self._unsettled)

    def __len__(self) -> int:
        """How many are neither done nor failed, those in work among them."""
        return len(self._unsettled)

    def take(self) -> Unit | None:
        """The next unit that may begin; None where all others wait or are in work."""
        while self._ready:
            unit = self._units[heapq.heappop(self._ready)]
            if unit in self._unsettled:
                return unit
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
        yield from self._given_up(Failed(unit, error))

    def _given_up(self, failed: Failed) -> Iterator[Failed]:
        waiting = [failed]
        while waiting:
            one = waiting.pop()
            if one.unit not in self._unsettled:
                continue
            self._unsettled.discard(one.unit)
            yield one
            waiting += [
                Failed(unit, f"needs what failed ({one.unit})") for unit in reversed(self._followers.get(one.unit, []))
            ]
