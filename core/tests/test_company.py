"""The firm itself: its page, what is shown and stamped with it, and who is told when it changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from patron.accounts.history import of_record
from patron.assembly import Assembly, assemble
from patron.context import Context
from patron.customers import consents
from patron.customers.models import Consent, Customer
from patron.db import Database
from patron.interactions import services as interactions
from patron.interactions.mailflow.mailboxes import sender_of
from patron.interactions.models import Mailbox
from patron.migrate import CORE, upgrade
from patron.resources import editing
from patron.system import company
from patron.testing.databases import Databases
from patron.testing.faces import app_client, settings_for, signed_in, signed_in_customer, working
from sqlalchemy import text

FORM = {
    "name": "Acme", "legal_name": "Acme GmbH", "address": "Kai 1\r\n  20457   Hamburg", "tax_number": "DE123456789",
    "registration": "HRB 12", "iban": "de89 3704 0044 0532 0130 00", "bic": "cobadeffxxx", "brand": "Acme <Chairs>",
    "sender_name": "Acme Team", "version": "1",
}  # fmt: skip


def person(ctx: Context) -> int:
    made: int = editing.create(
        ctx, ctx.assembly.resource("customers"), {"kind": "person", "family_name": "Weber"}
    ).key
    return made


def test_the_page_changes_the_firm_everywhere(assembly: Assembly, database: Database) -> None:
    other = assemble(settings_for(database))
    with app_client(assembly) as client, app_client(other) as elsewhere:
        signed_in(client)
        assert "Patron" in elsewhere.get("/sign-in").text
        assert client.post("/admin/company", data=FORM).headers["location"] == "/admin/company"
        page = client.get("/admin/company").text
        for shown in ("Kai 1\n20457 Hamburg", "DE89370400440532013000", "COBADEFFXXX", "Acme &lt;Chairs&gt;"):
            assert shown in page
        assert "Acme &lt;Chairs&gt;" in elsewhere.get("/sign-in").text, "every process follows"
        for late in ({}, {"name": "Other"}):  # as with any record: whoever began from what is old is told
            assert client.post("/admin/company", data={**FORM, **late}).status_code == 409
        assert client.post("/admin/company", data={**FORM, "version": "2"}).status_code == 303
        signed_in(client, "manager")
        assert client.get("/admin/company").status_code == 403
        assert (
            client.post("/admin/company", data={**FORM, "name": "Other", "version": "2"}).status_code == 403
        )
    with working(assembly) as ctx:
        firm = ctx.assembly.company
        assert (firm.legal_name, firm.sender_name) == ("Acme GmbH", "Acme Team")
        (entry,) = of_record(ctx, "company", firm.entity_id or 0)
        assert "DE89370400440532013000" in str(entry)
        box = Mailbox(name="Support", address="help@acme.example", settings={})
        assert sender_of(ctx.assembly, box).name == "Acme Team"
        box.settings = {"sender_name": "Acme Help"}
        assert sender_of(ctx.assembly, box).name == "Acme Help"
    other.database.dispose()


@pytest.mark.parametrize(
    ("field", "typed"),
    [("iban", "DE89 3704 0044 0532 0130 01"), ("iban", "nonsense"), ("bic", "COBA"), ("address", "x" * 201)],
)
def test_what_cannot_be_is_refused(assembly: Assembly, field: str, typed: str) -> None:
    with working(assembly) as ctx:
        before = company.company_values(ctx)
    with app_client(assembly) as client:
        signed_in(client)
        answer = client.post("/admin/company", data={**FORM, field: typed})
    assert answer.status_code == 422
    assert typed in answer.text, "what was typed is still there"
    assert f"f-{field}" in answer.text
    with working(assembly) as ctx:
        assert company.company_values(ctx) == before


def test_a_name_left_empty_has_a_stand_in(assembly: Assembly) -> None:
    firm = assembly.company
    assert (firm.name, firm.legal_name, firm.brand) == ("Patron",) * 3
    assert company.foot_lines(firm.printed()) == []


def test_touches_consents_and_portal_sign_ins_carry_the_brand(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        brand = ctx.assembly.company.brand_id
        customer = person(ctx)
        assert interactions.log(ctx, "phone", [interactions.Party("caller", customer)]).brand_id == brand
        consents.record_consent(ctx, customer, "news", granted=True)
        ctx.session.execute(text("INSERT INTO core_brand (name, legal_entity_id, sender_name, version, created_at,"
                                 " updated_at) SELECT 'Second', legal_entity_id, '', 1, created_at, updated_at"
                                 " FROM core_brand"))  # fmt: skip
        second = ctx.session.execute(text("SELECT max(id) FROM core_brand")).scalar_one()
        assert consents.decided(ctx, [customer], "news") == {customer: True}
        assert consents.decided(ctx, [customer], "news", brand_id=brand) == {customer: True}
        assert consents.decided(ctx, [customer], "news", brand_id=second) == {}
    with app_client(assembly) as client:
        signed_in(client)
        signed_in_customer(client, customer)
    with working(assembly) as ctx:
        rows = ctx.session.execute(text("SELECT account_id IS NOT NULL, brand_id FROM core_sign_in"))
        assert {(bool(row[0]), row[1]) for row in rows} == {(True, brand), (False, None)}


def test_what_was_before_the_stamp_is_of_the_one_brand(
    databases: Databases, engine_name: str, tmp_path: Path
) -> None:
    with databases.fresh(engine_name, tmp_path, ()) as database:
        upgrade(database, [CORE], "0004")
        with database.write() as session:
            customer = Customer(name="Ada", name_key="ada")
            session.add(customer)
            session.flush()
            session.add(Consent(customer_id=customer.key, purpose="news", granted=True))
        upgrade(database, [CORE])
        with database.engine.connect() as connection:
            rows: list[Any] = list(connection.execute(text("SELECT brand_id FROM core_consent")).scalars())
            only = connection.execute(text("SELECT min(id) FROM core_brand")).scalar_one()
    assert rows == [only]
