"""Teams: who shares what they see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from patron.accounts.audit import record
from patron.accounts.models import Team, TeamMember, User
from patron.context import Context
from patron.errors import Invalid, NotFound
from patron.records import table
from patron.system.generation import bump_generation


def add_team(ctx: Context, name: str, members: Iterable[int] = ()) -> int:
    """A new team with these users. Invalid when the name is empty or taken. Returns the id."""
    row = Team(name=_checked(ctx, name), created_at=ctx.now, updated_at=ctx.now)
    ctx.session.add(row)
    ctx.session.flush()
    record(ctx, "create", "teams", row.key, {"name": ("", row.name)})
    set_members(ctx, row.key, members)
    return row.key


def rename_team(ctx: Context, team_id: int, name: str) -> None:
    """Give the team another name."""
    before, t = team_name(ctx, team_id), table(Team)
    if before == name.strip():
        return
    values = {"name": _checked(ctx, name), "updated_at": ctx.now, "version": t.c.version + 1}
    ctx.session.execute(update(t).where(t.c.id == team_id).values(values))
    record(ctx, "change", "teams", team_id, {"name": (before, name.strip())})


def team_name(ctx: Context, team_id: int) -> str:
    """The team's name; NotFound."""
    t = table(Team)
    name = ctx.session.execute(select(t.c.name).where(t.c.id == team_id)).scalar()
    if name is None:
        raise NotFound()
    return str(name)


def members_of(ctx: Context, team_id: int) -> set[int]:
    """The ids of the team's users."""
    t = table(TeamMember)
    return set(ctx.session.execute(select(t.c.user_id).where(t.c.team_id == team_id)).scalars())


def set_members(ctx: Context, team_id: int, user_ids: Iterable[int]) -> None:
    """Make exactly these users the team. Invalid for a user that does not exist."""
    team_name(ctx, team_id)
    before, wanted = members_of(ctx, team_id), set(user_ids)
    if before != wanted:
        _known(ctx, table(User).c.id, wanted, "members")
        _change(
            ctx,
            [(team_id, user_id) for user_id in wanted - before],
            [(team_id, user_id) for user_id in before - wanted],
        )
        record(ctx, "change", "teams", team_id, {"members": (sorted(before), sorted(wanted))})


def set_teams(ctx: Context, user_id: int, team_ids: Iterable[int]) -> None:
    """Make exactly these the teams of a user. Invalid for a team that does not exist."""
    t = table(TeamMember)
    before = set(ctx.session.execute(select(t.c.team_id).where(t.c.user_id == user_id)).scalars())
    wanted = set(team_ids)
    if before != wanted:
        _known(ctx, table(Team).c.id, wanted, "teams")
        _change(
            ctx,
            [(team_id, user_id) for team_id in wanted - before],
            [(team_id, user_id) for team_id in before - wanted],
        )
        record(ctx, "change", "users", user_id, {"teams": (sorted(before), sorted(wanted))})


def list_teams(ctx: Context) -> Sequence[tuple[int, str, int]]:
    """Id, name and number of members of every team, by name."""
    t, members = table(Team), table(TeamMember)
    size = select(func.count()).where(members.c.team_id == t.c.id).scalar_subquery()
    rows = ctx.session.execute(
        select(t.c.id, t.c.name, size).where(t.c.trashed_at.is_(None)).order_by(t.c.name, t.c.id)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _change(ctx: Context, joined: Sequence[tuple[int, int]], left: Sequence[tuple[int, int]]) -> None:
    t = table(TeamMember)
    for team_id, user_id in left:
        ctx.session.execute(delete(t).where(t.c.team_id == team_id, t.c.user_id == user_id))
    if joined:
        ctx.session.execute(
            insert(t), [{"team_id": team_id, "user_id": user_id} for team_id, user_id in joined]
        )
    bump_generation(ctx.session)


def _known(ctx: Context, column: ColumnElement[Any], ids: set[int], field: str) -> None:
    found = set(ctx.session.execute(select(column).where(column.in_(sorted(ids)))).scalars())
    if missing := ids - found:
        raise Invalid.field(field, f"Unknown: {', '.join(map(str, sorted(missing)))}.")


def _checked(ctx: Context, name: str) -> str:
    name = name.strip()[:200]
    if not name:
        raise Invalid.field("name", "Give the team a name.")
    t = table(Team)
    if ctx.session.execute(select(t.c.id).where(t.c.name == name)).first():
        raise Invalid.field("name", f"There is a team “{name}” already.")
    return name
