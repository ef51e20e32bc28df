"""Who has died or was dissolved is written to no more, and every page says so; it can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from patron.assembly import Assembly
from patron.customers import preferring, team
from patron.errors import Invalid
from patron.interactions import mailflow
from patron.interactions.models import Mailbox
from patron.permissions import Actor, Scope
from patron.records import table
from patron.testing.faces import app_client, make_customer, make_user, signed_in, working
from sqlalchemy import insert, select


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Any]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def _write(assembly: Assembly) -> None:
    mine = make_user(assembly)
    with working(assembly) as ctx:
        user = ctx.acting_as(Actor("user", mine, "Kim", grants={"*": Scope.ALL}))
        t = table(Mailbox)
        box = ctx.session.execute(select(t.c.id)).scalar()
        if box is None:
            values = {
                "name": "Office",
                "address": "office@firm.example",
                "settings": {"smtp_host": "mail.firm.example"},
            }
            stamps = {"created_at": ctx.now, "updated_at": ctx.now}
            box = ctx.session.execute(insert(t).values(**values, **stamps).returning(t.c.id)).scalar_one()
        mailflow.queue_mail(
            user, box, [mailflow.Address("Ada", "ada@example.com")], "Chairs", "They are here."
        )


def test_nobody_writes_to_who_is_gone_and_the_page_says_so(client: Any, assembly: Assembly) -> None:
    ada = make_customer(assembly, "Frau Ada Berg", language="de", emails=["ada@example.com"])
    assert "Sehr geehrte Frau Berg" in client.get(f"/customers/{ada}").text
    api = f"/api/v1/customers/{ada}"
    assert client.patch(api, json={"life_state": "deceased"}).status_code == 200
    since = client.get(api).json()["life_state_since"]
    assert since
    page = client.get(f"/customers/{ada}").text
    assert f"Frau Ada Berg has died (since {since}): nobody writes or calls." in page
    assert "Sehr geehrte" not in page
    with pytest.raises(Invalid, match="has died"):
        _write(assembly)
    with working(assembly) as ctx:
        assert preferring.greetings(ctx, [ada]) == {}
        assert preferring.cautions(ctx, [ada], "email") == preferring.cautions(ctx, [ada], "phone") != []
    client.patch(api, json={"life_state": "active"})
    assert client.get(api).json()["life_state_since"] is None
    assert "has died" not in client.get(f"/customers/{ada}").text
    _write(assembly)


def test_letters_begin_as_the_customer_said_else_by_its_language(assembly: Assembly) -> None:
    said, spoken, plain = (
        make_customer(assembly, name, **more)
        for name, more in (("Mr Bo Li", {}), ("M. Jean Dupont", {"language": "fr"}), ("Kim Ray", {}))
    )
    with working(assembly) as ctx:
        team.set_preference(ctx, said, {"salutation": "Dear Bo"})
        found = preferring.greetings(ctx, [said, spoken, plain])
    assert found == {said: "Dear Bo", spoken: "Monsieur", plain: "Dear Kim Ray"}
