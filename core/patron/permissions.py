"""Who acts, and what they may do: actors, permissions with a row scope, default deny."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from patron.errors import Forbidden


class Face(StrEnum):
    """The site of an audience. ``PUBLIC`` is reached without signing in."""

    STAFF = "staff"
    CUSTOMER = "customer"
    PARTNER = "partner"
    PUBLIC = "public"


class Scope(StrEnum):
    """Which rows a permission reaches: the actor's own, those of the actor's teams, or all."""

    OWN = "own"
    TEAM = "team"
    ALL = "all"


_WIDTH = {Scope.OWN: 1, Scope.TEAM: 2, Scope.ALL: 3}


def widest(scopes: Iterable[Scope]) -> Scope | None:
    """The widest of the scopes, or None where there is none."""
    return max(scopes, key=_WIDTH.__getitem__, default=None)


@dataclass(frozen=True)
class Actor:
    """Who acts: a staff user, a customer or partner account, an API token's owner, or a job.

    ``grants`` maps permission to scope; ``"*"`` grants everything. ``only`` (of a token) can take away, never give:
    each entry is a permission or a prefix ending in ``*``. Customer and partner accounts hold no grants: what they see
    is decided by ``customer_id``, the customer of the mandate in use, and ``rights``.
    """

    kind: str  # user | customer | partner | token | job | anonymous
    id: int | None = None
    name: str = ""
    email: str = ""
    grants: Mapping[str, Scope] = field(default_factory=dict)
    team_ids: frozenset[int] = frozenset()
    only: tuple[str, ...] = ("*",)
    customer_id: int | None = None
    rights: frozenset[str] = frozenset()

    @property
    def user_id(self) -> int | None:
        """The staff user behind the act, if any."""
        return self.id if self.kind in ("user", "token") else None

    def scope(self, permission: str) -> Scope | None:
        """How far the permission reaches for this actor; None when it is not held."""
        if not any(
            permission == rule or (rule[-1:] == "*" and permission.startswith(rule[:-1]))
            for rule in self.only
        ):
            return None
        return self.grants.get(permission) or self.grants.get("*")

    def may(self, permission: str) -> bool:
        return self.scope(permission) is not None

    def require(self, permission: str) -> Scope:
        """The scope of a permission that must be held, else Forbidden."""
        scope = self.scope(permission)
        if scope is None:
            raise Forbidden(f"This needs the permission “{permission}”.")
        return scope


BUILT_IN_ROLES = ("admin", "manager", "user", "reader")
ANONYMOUS = Actor(kind="anonymous")
SYSTEM = Actor(kind="job", name="Patron", grants={"*": Scope.ALL})


def job_actor(name: str) -> Actor:
    """The actor of a job or an event handler: all rights, under the job's own name."""
    return Actor(kind="job", name=name, grants={"*": Scope.ALL})
