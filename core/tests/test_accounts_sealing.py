"""The sealed audit: a row that was changed, slipped in or taken out is found; erased values break nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from patron.accounts.models import Audit, AuditValue
from patron.accounts.sealing import SETTLED, Verdict, seal, verify
from patron.assembly import Assembly
from patron.customers import erasing
from patron.records import table
from patron.testing.faces import make_customer, working
from sqlalchemy import delete, insert, select, update


@pytest.fixture
def sealed(assembly: Assembly) -> Assembly:
    """An assembly whose audit of a few changes is sealed."""
    for name in ("Ada Lovelace", "Grace Hopper", "Mary Jackson"):
        make_customer(assembly, name)
    seal_now(assembly)
    return assembly


def seal_now(assembly: Assembly) -> int:
    with working(assembly) as ctx:
        return seal(replace(ctx, now=ctx.now + SETTLED + timedelta(seconds=1)))


def checked(assembly: Assembly) -> Verdict:
    with working(assembly) as ctx:
        return verify(ctx)


def run(assembly: Assembly, statement: Any) -> None:
    with working(assembly) as ctx:
        ctx.session.execute(statement)


def test_the_chain_holds_and_grows(sealed: Assembly) -> None:
    first = checked(sealed)
    assert first.holds
    assert first.checked >= 3
    make_customer(sealed)
    assert checked(sealed) == first, "what is not sealed yet is not judged"
    assert seal_now(sealed) >= 1
    assert checked(sealed).checked > first.checked
    assert seal_now(sealed) == 0


def test_what_may_still_be_followed_by_a_lower_number_is_left(assembly: Assembly) -> None:
    make_customer(assembly)
    with working(assembly) as ctx:
        assert seal(ctx) == 0


@pytest.mark.parametrize("column", ["actor_name", "action", "record_id", "address", "at"])
def test_a_changed_row_is_found(sealed: Assembly, column: str) -> None:
    a = table(Audit)
    value = {"record_id": 99, "at": a.c.at}.get(column, "somebody else")
    if column == "at":
        with working(sealed) as ctx:
            value = ctx.now
    run(sealed, update(a).where(a.c.id == 2).values({column: value}))
    assert checked(sealed).broken_at == 2


def test_changed_values_are_found(sealed: Assembly) -> None:
    v = table(AuditValue)
    with working(sealed) as ctx:
        audit_id = ctx.session.execute(select(v.c.audit_id).order_by(v.c.id).limit(1)).scalar_one()
    run(sealed, update(v).where(v.c.audit_id == audit_id).values(became={"name": "Eve"}))
    assert checked(sealed).broken_at == audit_id


def test_a_row_that_is_gone_is_found(sealed: Assembly) -> None:
    a, v = table(Audit), table(AuditValue)
    with working(sealed) as ctx:
        ids = list(ctx.session.execute(select(a.c.id).order_by(a.c.id)).scalars())
    for gone in (ids[0], ids[-1]):
        run(sealed, delete(v).where(v.c.audit_id == gone))
        run(sealed, delete(a).where(a.c.id == gone))
        assert not checked(sealed).holds


def test_a_row_slipped_in_is_found(sealed: Assembly) -> None:
    a = table(Audit)
    with working(sealed) as ctx:
        row = dict(ctx.session.execute(select(a).where(a.c.id == 1)).mappings().one())
    run(sealed, delete(table(AuditValue)).where(table(AuditValue).c.audit_id == 1))
    run(sealed, delete(a).where(a.c.id == 1))
    run(sealed, insert(a).values({**row, "actor_name": "Eve"}))
    assert checked(sealed).broken_at == 1


def test_erasing_values_breaks_nothing(sealed: Assembly) -> None:
    customer_id = make_customer(sealed, "To Be Forgotten")
    seal_now(sealed)
    with working(sealed) as ctx:
        erasing.erase(ctx, customer_id)
    verdict = checked(sealed)
    assert verdict.holds, verdict
    v = table(AuditValue)
    with working(sealed) as ctx:
        kept = ctx.session.execute(select(v.c.became).where(v.c.customer_id == customer_id)).scalars().all()
    assert not any("Forgotten" in str(became) for became in kept)
