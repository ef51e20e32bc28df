"""How many rows a batch takes, so that the lock it holds is free again within a bound of 0.1 s."""

from __future__ import annotations

TARGET_SECONDS = 0.05
"""What a batch aims at, half of the bound: the machine is not always as quick as the last time."""
LAST_PART_SECONDS = 0.04
"""Once the lock was held for so long, a batch begins no further part: the commit is still to come."""
SMALLEST, LARGEST, FIRST = 16, 2000, 100
PARTS = 4
CALM, CALM_BATCHES = 0.6, 4


class Pace:
    """The size of the next batch: less at once after a slow one, more after a quick one or several in time."""

    def __init__(self, target: float = TARGET_SECONDS, size: int = FIRST) -> None:
        self.target, self.size = target, size
        self._in_time = 0

    @property
    def part(self) -> int:
        """How many rows are written between two looks at the clock."""
        return max(SMALLEST, -(-self.size // PARTS))

    def took(self, rows: int, seconds: float) -> None:
        """Note that a batch of so many rows held the lock for so long."""
        if rows <= 0:
            return
        if seconds > self.target:
            self._in_time = 0
            self._set(rows * max(0.5, self.target / seconds))
        elif rows >= self.size:  # a short one, at the end, says nothing of what the size costs
            self._in_time += 1
            if seconds < self.target * CALM or self._in_time >= CALM_BATCHES:
                self._in_time = 0
                self._set(rows * 1.5)

    def _set(self, size: float) -> None:
        self.size = int(max(SMALLEST, min(LARGEST, size)))
