"""How many rows a batch takes, so that the lock it holds is free again within a bound."""

from __future__ import annotations

TARGET_SECONDS = 0.07
"""What a batch aims at; the bound is 0.1 s, and the machine is not always as quick as the last time."""
SMALLEST, LARGEST, FIRST = 50, 2000, 100


class Pace:
    """The size of the next batch, from what the last one took: at most half as much again, at least half."""

    def __init__(self, target: float = TARGET_SECONDS, size: int = FIRST) -> None:
        self.target, self.size = target, size

    def took(self, rows: int, seconds: float) -> None:
        """Note that a batch of so many rows held the lock for so long."""
        if rows <= 0:
            return
        factor = max(0.5, min(1.5, self.target / max(seconds, 1e-6)))
        # A full batch says what a size costs; a short one, at the end, only when even that was too slow.
        if rows >= self.size or factor < 1:
            self.size = int(max(SMALLEST, min(LARGEST, rows * factor)))
