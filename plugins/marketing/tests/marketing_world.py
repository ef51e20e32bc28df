"""Steps that several of marketing's tests take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from patron import Context, consents, editing, table
from patron.assembly import Assembly
from patron.interactions.mailflow import mailboxes
from patron.testing.faces import make_customer, working
from patron_marketing.models import Campaign, Recipient
from patron_marketing.services import campaigns, tokens
from sqlalchemy import select

NEWS = "news@firm.example"
BODY = "Dear {customer.given_name|friend},\n\n[Look](https://firm.example/new?a=1&b=2) or https://firm.example/old."
EVERYBODY: dict[str, Any] = {"kind": {"in": ["person", "organisation"]}}


def make_mailbox(assembly: Assembly, port: int = 25) -> int:
    """The mailbox that marketing sends from."""
    values = {
        "name": "News", "address": NEWS, "active": "true", "module": "core", "smtp_host": "127.0.0.1",
        "smtp_security": "none", "smtp_port": str(port),
    }  # fmt: skip
    with working(assembly) as ctx:
        return mailboxes.save_mailbox(ctx, values).key


def make_reader(
    assembly: Assembly, name: str = "Ada Lovelace", purpose: str = "newsletter", **values: Any
) -> int:
    """A customer who agreed to the purpose."""
    values.setdefault("emails", [f"{name.split()[0].lower()}@example.com"])
    customer_id = make_customer(assembly, name, **values)
    with working(assembly) as ctx:
        consents.record_consent(ctx, customer_id, purpose, granted=True)
    return customer_id


def make_segment(assembly: Assembly, condition: dict[str, Any] | None = None, **values: Any) -> int:
    with working(assembly) as ctx:
        given = {"name": "All", "condition": condition or EVERYBODY, **values}
        return int(editing.create(ctx, assembly.resource("marketing.segments"), given).key)


def make_campaign(assembly: Assembly, *, started: bool = True, **values: Any) -> int:
    """A campaign to everybody, begun."""
    segment = values.pop("segment", None) or make_segment(assembly)
    given = {
        "name": "Spring",
        "segment": segment,
        "purpose": "newsletter",
        "subject": "Hello",
        "body": BODY,
        **values,
    }
    with working(assembly) as ctx:
        campaign_id = int(editing.create(ctx, assembly.resource(campaigns.KEY), given).key)
        if started:
            campaigns.start(ctx, campaign_id)
    return campaign_id


def rows_of(assembly: Assembly, campaign_id: int) -> dict[str, tuple[str, str]]:
    """State and reason by address (or by customer id where there is none)."""
    t = table(Recipient)
    with assembly.database.read() as session:
        rows = session.execute(select(t).where(t.c.campaign_id == campaign_id).order_by(t.c.id)).all()
    return {row.address or str(row.customer_id): (row.state, row.reason) for row in rows}


def recipients(assembly: Assembly, campaign_id: int) -> Sequence[Any]:
    t = table(Recipient)
    with assembly.database.read() as session:
        return session.execute(select(t).where(t.c.campaign_id == campaign_id).order_by(t.c.id)).all()


def state_of(assembly: Assembly, campaign_id: int) -> Campaign:
    with assembly.database.read() as session:
        found = session.get(Campaign, campaign_id)
    assert found is not None
    return found


def token(assembly: Assembly, kind: str, *numbers: int) -> str:
    with assembly.database.read() as session:
        return tokens.make(Context(session, assembly), kind, *numbers)
