"""Deal registration: evidence after the request, one protection per end customer, what follows from a decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import Conflict, Invalid, Relationship, editing, table
from patron.assembly import Assembly
from patron.testing.faces import make_customer, signed_in, working
from patron_prm.models import Protection
from patron_prm.services import decisions, registrations
from prm_world import approve, drain, evidence, make_partner, register, row_of
from sqlalchemy import func, select

Client = TestClient[Litestar]


def test_a_rival_is_found_by_name_domain_and_phone(assembly: Assembly) -> None:
    _, north = make_partner(assembly)
    _, south = make_partner(assembly, "Südlicht AG")
    first = register(
        assembly, north, "Lighthouse Optics Ltd", end_domain="lighthouse.example", end_phone="+49 30 901820"
    )
    assert evidence(assembly, first) == []
    for name, more, field in (
        ("Lighthuose Optics", {}, "name"),
        ("LHO Holding", {"end_domain": "www.lighthouse.example"}, "domain"),
        ("Something else", {"end_phone": "030 901820", "end_country": "DE"}, "phone"),
    ):
        rival = register(assembly, south, name, **more)
        assert ("prm.registrations", field) in [found[:2] for found in evidence(assembly, rival)], name
        assert row_of(assembly, rival).conflicts >= 1
    other = register(assembly, south, "Harbour Foods")
    assert (evidence(assembly, other), row_of(assembly, other).conflicts) == ([], 0)


def test_a_change_of_what_it_is_about_is_checked_again(assembly: Assembly) -> None:
    _, north = make_partner(assembly)
    register(assembly, north, "Harbour Foods")
    made = register(assembly, north)
    assert row_of(assembly, made).conflicts == 0
    with working(assembly) as ctx:
        editing.change(ctx, assembly.resource(registrations.KEY), made, {"end_name": "Harbour Foods GmbH"})
    drain(assembly)
    assert row_of(assembly, made).conflicts == 1


def test_one_end_customer_is_protected_once(assembly: Assembly) -> None:
    _, north = make_partner(assembly)
    _, south = make_partner(assembly, "Südlicht AG")
    first, second = register(assembly, north), register(assembly, south, "Lighthouse Limited")
    by_domain = register(assembly, south, "LHO", end_domain="lighthouse.example")
    with pytest.raises(Conflict, match="protects nobody"):
        registrations.last_protected_day(row_of(assembly, first))
    approve(assembly, first)
    with pytest.raises(Conflict, match="D00001"):
        approve(assembly, second)
    with pytest.raises(Conflict):
        approve(assembly, by_domain, row_of(assembly, first).customer_id)
    with pytest.raises(Conflict, match="no longer open"):
        approve(assembly, first)
    with working(assembly) as ctx:
        decisions.reject(ctx, second, decisions.ALREADY)
    assert (row_of(assembly, second).status, row_of(assembly, second).reason) == (
        "rejected",
        decisions.ALREADY,
    )


def test_a_reason_is_needed_to_reject(assembly: Assembly) -> None:
    _, north = make_partner(assembly)
    made = register(assembly, north)
    with pytest.raises(Invalid), working(assembly) as ctx:
        decisions.reject(ctx, made, " ")
    assert row_of(assembly, made).status == "received"


def test_a_protection_ends_by_itself_and_by_withdrawal(assembly: Assembly) -> None:
    _, north = make_partner(assembly)
    _, south = make_partner(assembly, "Südlicht AG")
    first, second = register(assembly, north), register(assembly, south)
    approve(assembly, first)
    with working(assembly) as ctx:
        registrations.expire(replace(ctx, now=ctx.now + timedelta(days=90)))
    assert row_of(assembly, first).status == "approved"
    with working(assembly) as ctx:
        registrations.expire(replace(ctx, now=ctx.now + timedelta(days=91)))
    assert row_of(assembly, first).status == "expired"
    approve(assembly, second)
    with working(assembly) as ctx:
        registrations.withdraw(ctx, registrations.load(ctx, second))
        assert ctx.session.execute(select(func.count()).select_from(table(Protection))).scalar() == 0
        r = table(Relationship)
        served = ctx.session.execute(select(r.c.until).where(r.c.role == "D00002")).scalar_one()
        assert served == ctx.now.date()
    third = register(assembly, north)
    approve(assembly, third)


@pytest.mark.parametrize("engine_name", ["sqlite"])  # what the pages call is tested on both
def test_who_may_not_decide_sees_no_evidence(client: Client, assembly: Assembly) -> None:
    _, north = make_partner(assembly)
    register(assembly, north, "Lighthouse GmbH")
    user = signed_in(client, "user")
    made = register(assembly, north, owner=user)
    page = client.get(f"/prm/registrations/{made}")
    assert page.status_code == 200
    assert "speaks against" not in page.text
    assert client.post(f"/prm/registrations/{made}/approve").status_code == 403


def test_one_profile_per_customer_and_a_known_country(assembly: Assembly) -> None:
    customer, _ = make_partner(assembly)
    resource = assembly.resource("prm.partners")
    with pytest.raises(Invalid, match="already"), working(assembly) as ctx:
        editing.create(ctx, resource, {"customer": customer})
    other = make_customer(assembly)
    with pytest.raises(Invalid), working(assembly) as ctx:
        editing.create(ctx, resource, {"customer": other, "territory": "Atlantis"})
