"""What the pages of administration list: users and the audit, by keyset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from patron.accounts.models import Audit, AuditValue, Team, TeamMember, User
from patron.accounts.services.refusals import Refusals, refusals_of
from patron.accounts.services.users import roles_of
from patron.context import Context
from patron.errors import NotFound
from patron.records import table

PAGE = 50


@dataclass(frozen=True)
class UserView:
    """A user as administration sees them."""

    id: int
    name: str
    email: str
    active: bool
    invited: bool  # has neither chosen a password nor signed in yet
    last_seen_at: datetime | None
    roles: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    team_ids: frozenset[int] = frozenset()
    refusals: Refusals | None = None  # of the last thirty days


@dataclass(frozen=True)
class AuditView:
    """One line of the audit; ``changed`` holds (field, was, became)."""

    id: int
    at: datetime
    actor: str
    actor_kind: str
    action: str
    resource: str
    record_id: int | None
    address: str
    changed: tuple[tuple[str, Any, Any], ...]


def list_users(ctx: Context, search: str = "", after: int = 0) -> tuple[Sequence[UserView], int | None]:
    """A page of users in the order in which they were added, and the id to go on after."""
    t = table(User)
    statement = select(t).where(t.c.trashed_at.is_(None), t.c.id > after).order_by(t.c.id).limit(PAGE + 1)
    if needle := search.strip().lower():
        fits = [func.lower(column).contains(needle, autoescape=True) for column in (t.c.name, t.c.email)]
        statement = statement.where(or_(*fits))
    rows = ctx.session.execute(statement).mappings().all()
    shown = rows[:PAGE]
    ids = [row["id"] for row in shown]
    roles, teams = roles_of(ctx, ids), _teams_of(ctx, ids)
    refused = refusals_of(ctx, "users", ids)
    users = [
        _user(row, roles.get(row["id"], []), teams.get(row["id"], {}), refused.get(row["id"]))
        for row in shown
    ]
    return users, (ids[-1] if len(rows) > PAGE else None)


def one_user(ctx: Context, user_id: int) -> UserView:
    """One user; NotFound."""
    t = table(User)
    row = ctx.session.execute(select(t).where(t.c.id == user_id)).mappings().first()
    if row is None:
        raise NotFound()
    roles, teams = roles_of(ctx, [user_id]), _teams_of(ctx, [user_id])
    refused = refusals_of(ctx, "users", [user_id])
    return _user(row, roles.get(user_id, []), teams.get(user_id, {}), refused.get(user_id))


def user_choices(ctx: Context) -> Sequence[tuple[int, str]]:
    """Id and name of the active users, for forms."""
    t = table(User)
    rows = ctx.session.execute(
        select(t.c.id, t.c.name).where(t.c.active.is_(True)).order_by(t.c.name, t.c.id).limit(500)
    )
    return [(row.id, row.name) for row in rows]


def _user(row: Any, roles: Sequence[str], teams: dict[int, str], refusals: Refusals | None) -> UserView:
    return UserView(
        row["id"], row["name"], row["email"], row["active"], _is_invited(row), row["last_seen_at"],
        tuple(roles), tuple(sorted(teams.values())), frozenset(teams), refusals,
    )  # fmt: skip


def _is_invited(row: Any) -> bool:
    return not row["password_hash"] and row["last_seen_at"] is None


def _teams_of(ctx: Context, user_ids: Sequence[int]) -> dict[int, dict[int, str]]:
    t, teams = table(TeamMember), table(Team)
    found: dict[int, dict[int, str]] = {}
    statement = (
        select(t.c.user_id, teams.c.id, teams.c.name)
        .select_from(t.join(teams, teams.c.id == t.c.team_id))
        .where(t.c.user_id.in_(user_ids))
    )
    for user_id, team_id, name in ctx.session.execute(statement):
        found.setdefault(user_id, {})[team_id] = name
    return found


def list_audit(
    ctx: Context, *, before: int = 0, resource: str = "", action: str = "", actor: str = ""
) -> tuple[Sequence[AuditView], int | None]:
    """A page of the audit, the newest first, and the id to go on before."""
    a, v = table(Audit), table(AuditValue)
    statement = (
        select(a, v.c.was, v.c.became)
        .select_from(a.outerjoin(v, v.c.audit_id == a.c.id))
        .order_by(a.c.id.desc())
    )
    if before:
        statement = statement.where(a.c.id < before)
    for column, wanted in ((a.c.resource, resource), (a.c.action, action), (a.c.actor_name, actor)):
        if wanted.strip():
            statement = statement.where(column == wanted.strip())
    rows = ctx.session.execute(statement.limit(PAGE + 1)).mappings().all()
    shown = [_audit(row) for row in rows[:PAGE]]
    return shown, (shown[-1].id if len(rows) > PAGE else None)


def _audit(row: Any) -> AuditView:
    was, became = row["was"] or {}, row["became"] or {}
    changed = tuple((name, was.get(name), became.get(name)) for name in sorted({*was, *became}))
    return AuditView(
        row["id"], row["at"], row["actor_name"], row["actor_kind"], row["action"], row["resource"], row["record_id"],
        row["address"], changed,
    )  # fmt: skip
