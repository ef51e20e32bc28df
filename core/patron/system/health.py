"""What is not well, by every health check that there is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import uuid4

from patron.context import Context
from patron.db import savepoint

log = logging.getLogger(__name__)


def incident(what: str) -> str:
    """Log the exception at hand under a short id, which people are shown instead of it."""
    number = uuid4().hex[:8]
    log.exception("incident %s: %s", number, what)
    return number


def problems(ctx: Context) -> Sequence[tuple[str, str]]:
    """Name and problem of each check, the problem empty where all is well; then what modules are left out for."""
    found = []
    for name, check in ctx.assembly.health_checks.items():
        if name.partition(".")[0] in ctx.assembly.live.disabled:
            continue
        try:
            with savepoint(ctx.session):
                found.append((name, check.run(ctx) or ""))
        except Exception:
            number = incident(f"the health check {name} failed")
            found.append((name, f"The check itself failed (incident {number})."))
    return [*found, *((f"{plugin.name}.fits", plugin.refused) for plugin in ctx.assembly.plugins)]
