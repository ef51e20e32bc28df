"""What comes in is normalised and checked, and what was written stays: on the contact point, and in the history."""

from __future__ import annotations

from patron.accounts.models import AuditValue
from patron.assembly import Assembly
from patron.customers.models import ContactPoint
from patron.records import table
from patron.testing.faces import app_client, make_customer, signed_in
from sqlalchemy import select


def test_numbers_and_addresses_are_normalised_and_the_original_is_kept(assembly: Assembly) -> None:
    street = {"line1": "kai   1", "postcode": "d-20457", "city": "Hamburg", "country": "Germany"}
    key = make_customer(
        assembly, phones=["+49 (0)40 555-0199"], emails=["Ada@Example.COM"], addresses=[street]
    )
    p, v = table(ContactPoint), table(AuditValue)
    with assembly.database.read() as session:
        points = {row.kind: row for row in session.execute(select(p))}
        said = session.execute(select(v.c.became).where(v.c.customer_id == key)).scalars().first()
    assert (points["phone"].value, points["phone"].display) == ("+49405550199", "+49 (0)40 555-0199")
    assert points["email"].value == "ada@example.com"
    assert points["postal"].parts["country"] == "DE"
    assert said is not None
    assert (said["phones"], said["emails"], said["addresses"]) == (
        ["+49 (0)40 555-0199"],
        ["Ada@Example.COM"],
        [street],
    )


def test_an_address_reads_as_its_country_writes_it(assembly: Assembly) -> None:
    us = {"line1": "350 5th Ave", "city": "New York", "region": "NY", "postcode": "10118", "country": "US"}
    jp = {"line1": "1-1 Chiyoda", "city": "Tokyo", "postcode": "100-8111", "country": "JP"}
    key = make_customer(assembly, addresses=[us, jp])
    with app_client(assembly) as client:
        signed_in(client)
        page = client.get(f"/customers/{key}").text
    assert "350 5th Ave, New York, NY 10118" in page
    assert "100-8111, Tokyo, 1-1 Chiyoda" in page
