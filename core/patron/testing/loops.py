"""An event loop that does not mind which test ran before."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def run_apart(work: Coroutine[object, object, T]) -> T:
    """Run ``work`` to its end on a loop of its own thread, and give back or raise what it did.

    A browser test before it leaves its driver's loop running in the main thread, where ``asyncio.run`` would refuse.
    """
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, work).result()
