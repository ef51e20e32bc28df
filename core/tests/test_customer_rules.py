"""The rules of what stands beside a customer: relationships, touches of many, the unknown, roles and consents."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from patron.assembly import Assembly
from patron.context import Context
from patron.customers import relationships
from patron.customers.models import Customer
from patron.errors import Invalid
from patron.interactions import services, timeline
from patron.interactions.services import Party
from patron.records import table
from patron.testing.faces import app_client, make_customer, signed_in, working
from sqlalchemy import select


def titles(ctx: Context, customer_id: int) -> list[str]:
    return [entry.title for entry in timeline.read(ctx, customer_id)[0]]


def last_contact(ctx: Context, customer_id: int) -> Any:
    t = table(Customer)
    return ctx.session.execute(select(t.c.last_contact_at).where(t.c.id == customer_id)).scalar_one()


@pytest.mark.parametrize("kind", ["subsidiary_of", "site_of", "succeeded_by"])
def test_a_tree_of_relationships_has_no_circle(assembly: Assembly, kind: str) -> None:
    one, two, three = (make_customer(assembly, name, kind="organisation") for name in ("One", "Two", "Three"))
    with working(assembly) as ctx:
        relationships.relate(ctx, one, two, kind)
        relationships.relate(ctx, two, three, kind)
        for upper in (one, two, three):
            with pytest.raises(Invalid):
                relationships.relate(ctx, three, upper, kind)
        (
            relationships.relate(ctx, three, one, "partner_for"),
            relationships.relate(ctx, one, three, "partner_for"),
        )
        with pytest.raises(Invalid, match="before it begins"):
            relationships.relate(ctx, one, two, "works_at", since=date(2026, 2, 1), until=date(2026, 1, 1))


def test_a_touch_stands_once_at_each_organisation_of_that_day(assembly: Assembly) -> None:
    ada, bo = make_customer(assembly, "Ada"), make_customer(assembly, "Bo")
    old, new = (make_customer(assembly, name, kind="organisation") for name in ("Old Ltd", "New Ltd"))
    with working(assembly) as ctx:
        today = ctx.now.date()
        for person in (ada, bo):
            relationships.relate(ctx, person, old, "works_at", until=today - timedelta(days=30))
            relationships.relate(ctx, person, new, "works_at", since=today - timedelta(days=29))
        parties = [Party("attendee", ada), Party("attendee", bo)]
        services.log(ctx, "meeting", parties, subject="Of today")
        services.log(ctx, "meeting", parties, subject="Of then", at=ctx.now - timedelta(days=60))
        assert titles(ctx, new) == ["Of today (Ada)"]
        assert titles(ctx, old) == ["Of then (Ada)"]
        assert titles(ctx, ada) == titles(ctx, bo) == ["Of today", "Of then"]
        assert last_contact(ctx, ada) == ctx.now


def test_a_mailing_to_more_than_twenty_is_no_contact_with_any(assembly: Assembly) -> None:
    ada = make_customer(assembly, "Ada")
    with working(assembly) as ctx:
        few = [Party("to", ada), *(Party("cc", address=f"p{n}@example.com") for n in range(19))]
        many = [*few, Party("cc", address="one.more@example.com")]
        assert services.log(ctx, "email", many, direction="out", subject="To many").bulk
        assert last_contact(ctx, ada) is None
        assert not services.log(ctx, "email", few, direction="out", subject="To few").bulk
        assert last_contact(ctx, ada) == ctx.now
        assert titles(ctx, ada) == ["To few", "To many"]


def test_an_unknown_caller_is_no_customer_until_somebody_says_who_it_is(assembly: Assembly) -> None:
    ada = make_customer(assembly, "Ada")
    with working(assembly) as ctx:
        before = ctx.session.execute(select(table(Customer).c.id)).scalars().all()
        touch = services.log(ctx, "phone", [Party("caller", address="+49301234567")], subject="Who was it?")
        assert ctx.session.execute(select(table(Customer).c.id)).scalars().all() == before
        (party,) = services.participants_of(ctx, touch.key)
        assert (party["customer_id"], party["address"]) == (None, "+49301234567")
    with app_client(assembly) as client:
        signed_in(client, "admin")
        said = {"participant": party["id"], "customer": ada}
        assert client.post(f"/interactions/{touch.key}/attach", data=said).status_code == 303
    with working(assembly) as ctx:
        (party,) = services.participants_of(ctx, touch.key)
        assert (party["customer_id"], party["address"]) == (ada, "+49301234567")
        assert party["because"].startswith("set by ")
        assert titles(ctx, ada) == ["Who was it?"]


def test_roles_and_consents_are_kept_on_the_page_of_the_customer(assembly: Assembly) -> None:
    base = f"/customers/{make_customer(assembly, 'Ada')}"
    with app_client(assembly) as client:
        signed_in(client, "admin")
        assert client.post(f"{base}/roles", data={"role": "Supplier"}).status_code == 303
        assert "End the role “supplier”" in client.get(base).text
        assert client.post(f"{base}/roles", data={"role": "supplier", "end": "1"}).status_code == 303
        page = client.get(base).text
        assert "supplier" in page, "that it was one stays"
        assert "End the role" not in page
        for granted, word in (("true", "granted"), ("false", "withdrawn")):
            act = {"purpose": "Newsletter", "channel": "email", "granted": granted, "source": "by phone"}
            assert client.post(f"{base}/consents", data=act).status_code == 303
            assert f"Consent {word}: Newsletter by email" in client.get(base).text
        wrong = client.post(f"{base}/consents", data={"purpose": "", "granted": "true"})
        assert wrong.status_code == 422
