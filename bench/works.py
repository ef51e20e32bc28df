"""A work that is measured beside the one statement that a bare driver would need for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.harness import Client


@dataclass(frozen=True)
class Work:
    """``call`` does the work once; its argument beside the client counts the calls, for what must be new.

    ``statement`` takes ``?`` for ``parameters``. ``goal`` is CPU milliseconds of server and database.
    """

    name: str
    call: Callable[[Client, int], object]
    statement: str
    parameters: Sequence[Any] = ()
    goal: float | None = None


HELLO = Work("hello", lambda client, _: client.request("GET", "/"), "SELECT 1")
