"""Fills a migrated database with a firm of any size, the same each time, by the fastest way of each engine."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from patron.accounts.authentication import TOKEN_PREFIX, token_hash
from patron.accounts.models import Role, SignIn, Team, TeamMember, Token, User, UserRole
from patron.assembly import Assembly
from patron.bulk import insert_rows, take_ids
from patron.context import Context
from patron.contributions import Resource
from patron.customers.models import Assignment, ContactHolder, ContactPoint, Customer, Relationship
from patron.customers.normalise import fold, sort_key
from patron.db import Json, UtcDateTime
from patron.interactions.models import Interaction, Participant, Thread, TimelineEntry
from patron.records import table
from patron.resources import search
from patron.resources.declaration import table_of
from patron.system.generation import bump_generation
from sqlalchemy import Boolean, Date, Integer, Table, select

USERS, TEAMS, CITIES = 100, 10, 200
BATCH = 5000
OPPORTUNITIES = 5000
NEEDLE = "smartline"
"""What one name in ten holds."""
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_PARTS = [
    "ba", "be", "ko", "ri", "sto", "lan", "der", "mi", "ne", "fa", "hu", "gold", "pra", "ti", "wes", "quo",
    "zan", "ul", "ver", "berg", "nox", "thal", "mann", "stein",
]  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """How to get in: an API token of one who sees all and of one who sees a row in a hundred, a session's cookie.

    ``customer`` has contact points, colleagues and a long history; ``city`` is where many are.
    """

    token: str
    narrow_token: str
    cookie: str
    customer: int
    city: str


def fill(assembly: Assembly, customers: int) -> Filled:
    """Users, teams, customers with what stands beside them, and opportunities where sales is installed."""
    rng = random.Random(1)
    words = ["".join(rng.choices(_PARTS, k=rng.randint(2, 4))).capitalize() for _ in range(3000)]
    cities = words[:CITIES]
    with assembly.database.write() as session:
        ctx = Context(session, assembly)
        secrets_of = _people(ctx)
        for start in range(0, customers, BATCH):
            _customers(ctx, rng, words, cities, min(BATCH, customers - start))
        chosen = _rich_customer(ctx)
        if "sales.opportunities" in assembly.resources:
            _opportunities(ctx, rng, words, customers)
        bump_generation(session)
    settle(assembly)
    return Filled(*secrets_of, chosen, cities[0])


def settle(assembly: Assembly) -> None:
    """Statistics as a database has them that was not filled a moment ago."""
    if assembly.database.dialect == "sqlite":
        with assembly.database.migration() as connection:
            connection.exec_driver_sql("ANALYZE")
        return
    with assembly.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def rows_for(target: Table, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with every column: what is not given has the model's default, or an empty value of its kind."""
    blank = {column.name: _blank(column) for column in target.columns}
    return [{**blank, **row} for row in rows]


def _blank(column: Any) -> Any:
    if column.default is not None and column.default.is_scalar:
        return column.default.arg
    if column.nullable:
        return None
    kinds: tuple[tuple[type, Any], ...] = (
        (UtcDateTime, _EPOCH),
        (Json, {}),
        (Boolean, False),
        (Integer, 1),
        (Date, _EPOCH.date()),
    )
    return next((value for kind, value in kinds if isinstance(column.type, kind)), "")


def _write(ctx: Context, model: Any, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    target = table(model)
    ids = take_ids(ctx.session, target, len(rows))
    numbered = [{"id": number, **row} for number, row in zip(ids, rows, strict=True)]
    insert_rows(ctx.session, target, rows_for(target, numbered))
    return ids


def _people(ctx: Context) -> tuple[str, str, str]:
    """One who sees all, ``USERS`` who see their own, in teams; two tokens and a session."""
    admin = ctx.session.execute(select(table(Role).c.id).where(table(Role).c.name == "admin")).scalar_one()
    grants = dict.fromkeys(ctx.assembly.permissions, "own")
    (own,) = _write(ctx, Role, [{"name": "own rows", "grants": grants}])
    users = _write(
        ctx, User,
        [
            {"email": f"u{n}@example.test", "name": f"User {n}", "active": True, "theme": "auto"}
            for n in range(USERS + 1)
        ],
    )  # fmt: skip
    teams = _write(ctx, Team, [{"name": f"Team {n}"} for n in range(TEAMS)])
    _write(ctx, TeamMember, [{"team_id": teams[n % TEAMS], "user_id": u} for n, u in enumerate(users)])
    roles = [{"user_id": u, "role_id": own if n else admin} for n, u in enumerate(users)]
    _write(ctx, UserRole, roles)
    later = datetime.now(UTC) + timedelta(days=30)
    tokens = [TOKEN_PREFIX + secrets.token_urlsafe(32) for _ in range(2)]
    _write(
        ctx, Token,
        [
            {"user_id": u, "token_hash": token_hash(s), "scopes": ["*"], "expires_at": later}
            for u, s in zip(users[:2], tokens, strict=True)
        ],
    )  # fmt: skip
    cookie, now = secrets.token_urlsafe(32), datetime.now(UTC)
    session = {"user_id": users[0], "token_hash": token_hash(cookie), "seen_at": now, "expires_at": later}
    _write(ctx, SignIn, [session])
    ctx.cache.update(users=users[1:], teams=teams)
    return tokens[0], tokens[1], cookie


def _customers(
    ctx: Context, rng: random.Random, words: Sequence[str], cities: Sequence[str], count: int
) -> None:
    rows = [_customer(ctx, rng, words, cities, number) for number in range(count)]
    ids = _write(ctx, Customer, rows)
    records = [Customer(id=number, **row) for number, row in zip(ids, rows, strict=True)]
    search.index_many(ctx, ctx.assembly.resource("customers"), records, fresh=True)
    addresses = [(number, record.primary_email) for number, record in zip(ids, records, strict=True)]
    points = _write(
        ctx, ContactPoint,
        [{"kind": "email", "value": f"{number}.{address}", "display": address} for number, address in addresses],
    )  # fmt: skip
    holders = [
        {"contact_point_id": p, "customer_id": c, "use": "personal", "is_primary": True}
        for p, c in zip(points, ids, strict=True)
    ]
    _write(ctx, ContactHolder, holders)
    _histories(ctx, [number for number in ids for _ in range(2)])


def _customer(
    ctx: Context, rng: random.Random, words: Sequence[str], cities: Sequence[str], number: int
) -> dict[str, Any]:
    given, family, city = rng.choice(words), rng.choice(words), rng.choice(cities)
    if number % 10 == 0:
        family = f"Smartline {family}" if rng.random() < 0.2 else f"{family} Smartline"
    name, at = f"{given} {family}", _EPOCH + timedelta(seconds=rng.randrange(20_000_000))
    return {
        "name": name, "given_name": given, "family_name": family, "name_key": sort_key(f"{family} {given}"),
        "match_key": fold(name), "city": city, "city_key": fold(city), "country": "DE", "kind": "person",
        "owner_id": rng.choice(ctx.cache["users"]), "team_id": rng.choice(ctx.cache["teams"]),
        "primary_email": f"{given}.{family}@example.test".lower().replace(" ", ""),
        "primary_phone": f"+4930{rng.randrange(10**7):07}", "created_at": at, "updated_at": at,
        "last_contact_at": at,
    }  # fmt: skip


def _histories(ctx: Context, customers: Sequence[int]) -> None:
    """A line of history for each mention of a customer; every tenth is a call with its thread and parties."""
    moments = [_EPOCH + timedelta(minutes=n) for n in range(len(customers))]
    lines = list(zip(customers, moments, strict=True))
    calls = lines[::10]
    threads = _write(
        ctx, Thread, [{"subject": "Delivery", "created_at": at, "last_at": at} for _, at in calls]
    )
    touches = [
        {"thread_id": t, "channel": "phone", "direction": "in", "subject": "Delivery", "at": at, "visibility": "all"}
        for t, (_, at) in zip(threads, calls, strict=True)
    ]  # fmt: skip
    interactions = _write(ctx, Interaction, touches)
    _write(
        ctx, Participant,
        [
            {"interaction_id": i, "part": "caller", "customer_id": c}
            for i, (c, _) in zip(interactions, calls, strict=True)
        ],
    )  # fmt: skip
    written = [
        {
            "customer_id": c, "at": at, "module": "core", "kind": "core.phone", "title": "Call about a delivery",
            "body": "They asked when the chairs will come.", "actor_name": "User 3", "visibility": "all",
        }
        for c, at in lines
    ]  # fmt: skip
    _write(ctx, TimelineEntry, written)


def _rich_customer(ctx: Context) -> int:
    """A customer as one who has been with the firm for years: a long history, colleagues, an account team."""
    t = table(Customer)
    first, *others = ctx.session.execute(select(t.c.id).order_by(t.c.id).limit(6)).scalars()
    _histories(ctx, [first] * 60)
    _write(ctx, Relationship, [{"from_id": first, "to_id": other, "kind": "works_with"} for other in others])
    _write(
        ctx, Assignment,
        [{"customer_id": first, "user_id": user, "role": "adviser"} for user in ctx.cache["users"][:3]],
    )  # fmt: skip
    return int(first)


def _opportunities(ctx: Context, rng: random.Random, words: Sequence[str], customers: int) -> None:
    resource = ctx.assembly.resource("sales.opportunities")
    stages = [choice.value for choice in resource.field(resource.state).choices]
    rows = list(_opportunity_rows(ctx, rng, words, stages, resource, customers))
    ids = _write(ctx, resource.model, rows)
    records = [resource.model(id=number, **row) for number, row in zip(ids, rows, strict=True)]
    search.index_many(ctx, resource, records, fresh=True)


def _opportunity_rows(
    ctx: Context, rng: random.Random, words: Sequence[str], stages: Sequence[str], resource: Resource, customers: int
) -> Iterator[dict[str, Any]]:  # fmt: skip
    known = table_of(resource).columns
    for number in range(OPPORTUNITIES):
        name, at = f"{rng.choice(words)} chairs", _EPOCH + timedelta(minutes=number)
        row = {
            "name": name, "name_key": sort_key(name), "customer_id": rng.randint(1, min(customers, 5000)),
            "value_minor": rng.randrange(10_000, 5_000_000), "currency": "EUR", "stage": rng.choice(stages),
            "stage_since": at, "close_date": date(2026, 12, 1), "owner_id": rng.choice(ctx.cache["users"]),
            "team_id": rng.choice(ctx.cache["teams"]), "created_at": at, "updated_at": at, "probability": 50,
        }  # fmt: skip
        yield {name: value for name, value in row.items() if name in known}
