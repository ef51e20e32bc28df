"""The question after a solved ticket: asked once, by mail or in the portal, and answered by nobody but its reader."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import MailLedger, Measure, editing, measuring, table, utc_now
from patron.assembly import Assembly
from patron.interactions.models import Interaction
from patron.testing.faces import make_customer, signed_in_customer, working
from patron_service.models import Survey
from patron_service.services import tickets
from service_world import all_tickets, drain, make_mailbox, message, open_ticket, take_in
from sqlalchemy import func, select, update

Client = TestClient[Litestar]


def solve(assembly: Assembly, ticket_id: int) -> None:
    with working(assembly) as ctx:
        editing.change(ctx, assembly.resource(tickets.KEY), ticket_id, {"status": "solved"})
    drain(assembly)


def surveys(assembly: Assembly) -> list[Any]:
    with assembly.database.read() as session:
        return list(session.execute(select(table(Survey)).order_by(table(Survey).c.id)).all())


def link_sent(assembly: Assembly) -> str:
    """The path of the link in the newest mail that went out."""
    i = table(Interaction)
    with assembly.database.read() as session:
        body = session.execute(
            select(i.c.body).where(i.c.direction == "out").order_by(i.c.id.desc()).limit(1)
        ).scalar_one()
    found = re.search(r"https://testserver\.local(/survey/\S+)", body)
    assert found is not None
    return found[1]


@pytest.fixture
def solved(assembly: Assembly) -> int:
    """A ticket that came by mail and is solved."""
    take_in(assembly, make_mailbox(assembly), message("Ada <ada@home.example>"))
    ticket = all_tickets(assembly)[0]
    solve(assembly, ticket.id)
    return int(ticket.id)


def test_a_solved_ticket_asks_once(assembly: Assembly, solved: int) -> None:
    assert [row.email for row in surveys(assembly)] == ["ada@home.example"]
    with working(assembly) as ctx:
        editing.change(ctx, assembly.resource(tickets.KEY), solved, {"status": "open"})
    solve(assembly, solved)
    assert len(surveys(assembly)) == 1
    with assembly.database.read() as session:
        assert session.execute(select(func.count()).select_from(table(MailLedger))).scalar_one() == 1


def test_nobody_is_asked_every_day(assembly: Assembly, solved: int) -> None:
    second = open_ticket(assembly, tickets.Opening(email="ADA@home.example"), channel="email")
    solve(assembly, second)
    assert len(surveys(assembly)) == 1
    with working(assembly) as ctx:
        ctx.session.execute(update(table(Survey)).values(asked_at=utc_now() - timedelta(days=15)))
        editing.change(ctx, assembly.resource(tickets.KEY), second, {"status": "open"})
    solve(assembly, second)
    assert len(surveys(assembly)) == 2


def test_a_firm_that_does_not_want_it_asks_nobody(assembly: Assembly) -> None:
    assembly.settings = replace(assembly.settings, plugins={"service": {"ask_satisfaction": False}})
    take_in(assembly, make_mailbox(assembly), message("Ada <ada@home.example>"))
    solve(assembly, all_tickets(assembly)[0].id)
    assert surveys(assembly) == []


def test_the_link_reads_and_answers(assembly: Assembly, client: Client, solved: int) -> None:
    path = link_sent(assembly)
    page = client.get(path)
    assert page.status_code == 200
    assert "Broken chair" in page.text
    assert surveys(assembly)[0].answered_at is None, "reading is no answer"
    token = re.search(r'name="csrf-token" content="([^"]+)"', page.text)
    assert token is not None
    client.headers["X-CSRFToken"] = token[1]
    assert client.post(path, data={"score": "6"}).status_code == 422
    assert client.post(path, data={"score": "4", "comment": "Fine"}).status_code == 303
    assert "Thank you" in client.get(path).text
    assert client.post(path, data={"score": "5"}).status_code == 303
    kept = surveys(assembly)[0]
    assert (kept.score, kept.ticket_id) == (5, solved)
    with working(assembly) as ctx:
        measure = assembly.metrics["service.satisfaction"].of
        assert isinstance(measure, Measure)
        assert measuring.total(ctx, measure) == {"": 500}


def test_another_link_and_an_old_one_lead_nowhere(assembly: Assembly, client: Client, solved: int) -> None:
    assert client.get("/survey/of-nobody").status_code == 404
    with working(assembly) as ctx:
        ctx.session.execute(update(table(Survey)).values(asked_at=utc_now() - timedelta(days=61)))
    assert client.get(link_sent(assembly)).status_code == 404


def test_the_portal_asks_too(assembly: Assembly, client: Client) -> None:
    customer, other = make_customer(assembly), make_customer(assembly, "Other")
    ticket = open_ticket(assembly, customer=customer, contact=customer)
    url = f"/my/tickets/{ticket}/satisfaction"
    signed_in_customer(client, customer, ["tickets"])
    assert client.post(url, data={"score": "5"}).status_code == 422, "not solved yet"
    solve(assembly, ticket)
    assert client.post(url, data={"score": "3", "comment": "Slow"}).status_code == 303
    assert surveys(assembly)[0].score == 3
    signed_in_customer(client, other, ["tickets"])
    assert client.post(url, data={"score": "1"}).status_code == 404
    assert surveys(assembly)[0].score == 3
