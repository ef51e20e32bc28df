"""Deal registration beside sales: what sales knows is evidence, an approval makes an opportunity, pages show both.

Collected where sales is installed (see ``conftest.py``).
"""

from __future__ import annotations

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import Relationship, editing, table, timeline
from patron.assembly import Assembly
from patron.testing.faces import make_customer, signed_in, working
from prm_world import approve, evidence, make_partner, register, row_of
from sqlalchemy import select

Client = TestClient[Litestar]


def test_opportunities_and_orders_of_the_customer_are_evidence(assembly: Assembly) -> None:
    customer = make_customer(assembly, "Lighthouse Ltd", "organisation")
    with working(assembly) as ctx:
        values = {"name": "Lamps", "customer": customer}
        editing.create(ctx, assembly.resource("sales.opportunities"), values)
        editing.create(ctx, assembly.resource("orders.orders"), {"customer": customer})
    _, north = make_partner(assembly)
    made = register(assembly, north)
    found = evidence(assembly, made)
    assert {resource for resource, _, _ in found} == {"sales.opportunities", "orders.orders", "customers"}
    assert row_of(assembly, made).conflicts == 2


def test_an_approval_makes_the_customer_the_protection_and_the_opportunity(assembly: Assembly) -> None:
    partner, north = make_partner(assembly)
    value = {"minor": 125000, "currency": "EUR"}
    made = register(
        assembly,
        north,
        end_email="ada@lighthouse.example",
        end_city="Kiel",
        end_country="Germany",
        value=value,
    )
    approve(assembly, made)
    row = row_of(assembly, made)
    assert (row.status, row.protection, row.end_country) == ("approved", "P00001", "DE")
    with working(assembly) as ctx:
        opportunity = editing.load(ctx, assembly.resource("sales.opportunities"), row.opportunity_id)
        assert (opportunity.customer_id, opportunity.value_minor) == (row.customer_id, 125000)
        assert "Nordlicht GmbH" in opportunity.source
        assert row.protection in opportunity.note
        r = table(Relationship)
        related = ctx.session.execute(select(r).where(r.c.kind == "partner_for")).one()
        assert (related.from_id, related.to_id, related.until) == (
            partner,
            row.customer_id,
            row.protected_until,
        )
        entries, _ = timeline.read(ctx, row.customer_id)
        assert "prm.approved" in [entry.kind for entry in entries]


@pytest.mark.parametrize("engine_name", ["sqlite"])  # what the pages call is tested on both
def test_staff_decide_on_the_page(client: Client, assembly: Assembly) -> None:
    partner, north = make_partner(assembly, tier="gold", territory="de, Austria")
    made, rival = register(assembly, north), register(assembly, north, "Lighthouse GmbH")
    signed_in(client, "manager")
    page = client.get(f"/prm/registrations/{rival}").text
    assert "One record speaks against it" in page
    assert 'data-hotkey="a"' in page
    assert client.post(f"/prm/registrations/{made}/approve", data={"customer": ""}).status_code == 303
    assert client.post(f"/prm/registrations/{rival}/approve").status_code == 409
    assert client.post(f"/prm/registrations/{rival}/reject", data={"reason": ""}).status_code == 422
    assert client.post(f"/prm/registrations/{rival}/reject", data={"reason": "Taken"}).status_code == 303
    row = row_of(assembly, made)
    assert "Protected for the partner" in client.get(f"/customers/{row.customer_id}").text
    assert f"/prm/registrations/{made}" in client.get(f"/sales/opportunities/{row.opportunity_id}").text
    page = client.get(f"/customers/{partner}").text
    assert 'data-panel="prm.partner"' in page
    assert "Make a partner" not in page
    assert "Make a partner" in client.get(f"/customers/{row.customer_id}").text
    assert "AT, DE" in page
    assert client.get("/").status_code == 200
