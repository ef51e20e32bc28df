"""Partner management without sales: approval protects all the same, and nothing is an opportunity."""

from __future__ import annotations

from random import Random

import pytest
from patron import table
from patron.assembly import Assembly
from patron.testing.faces import make_customer, make_user, working
from patron_prm.models import Lead, Registration
from patron_prm.sample import DEALS, LEADS, add_samples
from patron_prm.services import decisions
from prm_world import make_partner, register, row_of
from sqlalchemy import select


@pytest.fixture
def modules() -> tuple[str, ...]:
    return ("prm",)


@pytest.fixture
def engine_name() -> str:
    return "sqlite"


def test_an_approval_without_sales_protects(assembly: Assembly) -> None:
    assert not assembly.has("sales")
    _, north = make_partner(assembly)
    made = register(assembly, north)
    with working(assembly) as ctx:
        decisions.approve(ctx, made)
    row = row_of(assembly, made)
    assert (row.status, row.opportunity_id) == ("approved", None)
    assert row.customer_id is not None


def test_the_samples_have_a_past(assembly: Assembly) -> None:
    make_user(assembly, "manager")
    for number in range(6):
        make_customer(assembly, f"Firm {number}", "organisation")
    with working(assembly) as ctx:
        add_samples(ctx, Random(7))
        states = set(ctx.session.execute(select(table(Registration).c.status)).scalars())
        assert states == {"received", "approved", "rejected", "withdrawn", "expired"}
        assert len(list(ctx.session.execute(select(table(Registration).c.id)))) == len(DEALS)
        assert sum(ctx.session.execute(select(table(Registration).c.conflicts)).scalars()) > 0
        held = list(ctx.session.execute(select(table(Lead).c.status)).scalars())
        assert sorted(held) == ["accepted", "accepted", "accepted", "offered"]
        assert len(held) == len(LEADS)
