"""The context of one unit of work: the session, who acts, the assembly, and the moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlmodel import Session

from patron.permissions import SYSTEM, Actor
from patron.records import utc_now

if TYPE_CHECKING:
    from patron.assembly import Assembly
    from patron.web import Web


@dataclass
class Context:
    """Handed to every service, hook and handler. ``now`` is one instant for the whole unit of work.

    ``cache`` lives as long as the unit of work. ``cause`` is what began it, where that was no person but
    an event: it is kept with each event that is published meanwhile.
    """

    session: Session
    assembly: Assembly
    actor: Actor = SYSTEM
    now: datetime = field(default_factory=utc_now)
    request_id: str = field(default_factory=lambda: uuid4().hex)
    address: str = ""
    locale: str = "en"
    time_zone: str = "UTC"
    cache: dict[Any, Any] = field(default_factory=dict)
    muted: bool = False  # an import with automations off: no event is published per row
    incoming: Web | None = None
    cause: Mapping[str, Any] = field(default_factory=dict)

    def acting_as(self, actor: Actor) -> Context:
        """The same unit of work under another actor."""
        return Context(
            self.session,
            self.assembly,
            actor,
            self.now,
            self.request_id,
            self.address,
            self.locale,
            self.time_zone,
            self.cache,
            self.muted,
            self.incoming,
            self.cause,
        )

    @property
    def web(self) -> Web:
        """The request being served; RuntimeError in a job or on the command line."""
        if self.incoming is None:
            raise RuntimeError("there is no request in this unit of work")
        return self.incoming

    def cached(self, key: Any, make: Callable[[], Any]) -> Any:
        """The value made once per unit of work."""
        if key not in self.cache:
            self.cache[key] = make()
        return self.cache[key]
