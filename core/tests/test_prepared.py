"""Statements that are kept: only what is given reaches them, on both engines; nothing of an earlier caller stays."""

from __future__ import annotations

import pytest
from patron.accounts.models import User
from patron.assembly import Assembly
from patron.context import Context
from patron.db import BigInt
from patron.errors import NotFound
from patron.permissions import Actor, Scope
from patron.prepared import Prepared, among_given
from patron.records import table
from patron.resources import editing
from patron.resources.query import Listing, read_one, read_page
from sqlalchemy import bindparam, literal, select


def _own(user_id: int) -> Actor:
    return Actor("user", user_id, grants={"customers.read": Scope.OWN, "customers.create": Scope.OWN})


@pytest.fixture
def two_users(assembly: Assembly) -> tuple[int, int]:
    with assembly.database.write() as session:
        users = [User(email=f"{name}@example.test", name=name) for name in ("ann", "bob")]
        session.add_all(users)
        session.flush()
        return users[0].key, users[1].key


def test_a_kept_list_shows_each_actor_their_own(assembly: Assembly, two_users: tuple[int, int]) -> None:
    customers = assembly.resource("customers")
    made = {}
    for user_id in two_users:
        with assembly.database.write() as session:
            record = editing.create(
                Context(session, assembly, _own(user_id)), customers, {"name": f"Of {user_id}"}
            )
            made[user_id] = record.key
    for user_id, other in (two_users, two_users[::-1]):
        with assembly.database.read() as session:
            ctx = Context(session, assembly, _own(user_id))
            names = [item["name"] for item in read_page(ctx, customers, Listing()).items]
            assert names == [f"Of {user_id}"]
            assert read_page(ctx, customers, Listing(filter={"name": f"Of {other}"})).items == []
            assert read_one(ctx, customers, made[user_id])["name"] == f"Of {user_id}"
            with pytest.raises(NotFound):
                read_one(ctx, customers, made[other])


def test_values_are_given_each_time(assembly: Assembly) -> None:
    statement = Prepared(
        lambda _: select(bindparam("n", 5, type_=BigInt()).label("n"), literal("x").label("kind"))
    )
    with assembly.database.read() as session:
        assert [statement.first(session, {"n": n}).n for n in (1, 2)] == [1, 2]
        assert statement.named(session, {"n": 3}) == {"n": 3, "kind": "x"}
        with pytest.raises(KeyError):
            statement.rows(session, {})


def test_a_list_is_one_value(assembly: Assembly, two_users: tuple[int, int]) -> None:
    t = table(User)
    statement = Prepared(lambda dialect: select(t.c.name).where(among_given(t.c.id, "ids", dialect)))
    with assembly.database.read() as session:
        assert sorted(row.name for row in statement.rows(session, {"ids": list(two_users)})) == ["ann", "bob"]
        assert statement.rows(session, {"ids": []}) == []


def test_a_list_in_the_text_is_refused(assembly: Assembly) -> None:
    t = table(User)
    with assembly.database.read() as session, pytest.raises(TypeError, match="among_given"):
        Prepared(lambda _: select(t.c.name).where(t.c.id.in_([1, 2]))).rows(session, {})
