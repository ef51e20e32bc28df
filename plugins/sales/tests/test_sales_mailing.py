"""A quote by e-mail: the letter, the document in it, the link that shows one revision and takes the answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import Money, editing, mailflow, mandates, portal, table, utc_now
from patron.accounts.models import Audit
from patron.assembly import Assembly
from patron.interactions.mailflow import mailboxes
from patron.interactions.models import TimelineEntry
from patron.testing.faces import app_client, form_token, signed_in, signed_in_customer, working
from patron.testing.mail import SmtpSink, smtp_sink
from patron_orders.services import holds
from patron_sales.models import Quote
from patron_sales.services import mailing, quotes
from patron_sales.services.lines import LineInput
from pypdf import PdfReader
from sqlalchemy import select, update

Client = TestClient[Litestar]


@pytest.fixture
def sink(assembly: Assembly) -> Iterator[SmtpSink]:
    with smtp_sink() as sink:
        values = {
            "name": "Sales", "address": "sales@firm.example", "active": "true", "smtp_host": sink.host,
            "smtp_port": str(sink.port), "smtp_security": "none",
        }  # fmt: skip
        with working(assembly) as ctx:
            mailboxes.save_mailbox(ctx, values)
        yield sink


@pytest.fixture
def quote_id(assembly: Assembly, products: dict[str, int]) -> int:
    """A draft of twelve chairs for a customer with an address, gross 1,285.20 EUR."""
    with working(assembly) as ctx:
        customer = {"kind": "organisation", "name": "Adler {link} GmbH", "emails": ["einkauf@adler.example"]}
        key = editing.create(ctx, ctx.assembly.resource("customers"), customer).key
        quote = editing.create(ctx, ctx.assembly.resource("sales.quotes"), {"customer": key})
        return quotes.save_lines(ctx, quote.key, [LineInput(str(products["CH-1"]), quantity="12")]).key


def form_of(page: str) -> dict[str, str]:
    """What the form would send as it stands."""
    text = page.split('name="text"', 1)[1].split(">", 1)[1].split("</textarea>", 1)[0]

    def value(name: str) -> str:
        return page.split(f'name="{name}" ', 1)[1].split('value="', 1)[1].split('"', 1)[0]

    mailbox = page.split('name="mailbox"', 1)[1].split('<option value="', 1)[1].split('"', 1)[0]
    return {
        "to": value("to"), "subject": value("subject"), "version": value("version"), "mailbox": mailbox,
        "text": text,
    }  # fmt: skip


def row(assembly: Assembly, quote_id: int) -> Any:
    with assembly.database.read() as session:
        t = table(Quote)
        return session.execute(select(t).where(t.c.id == quote_id)).one()


def mailed(client: Client, quote_id: int) -> str:
    """Send the letter as it stands. Returns the link's path."""
    form = form_of(client.get(f"/sales/quotes/{quote_id}/mail").text)
    assert client.post(f"/sales/quotes/{quote_id}/mail", data=form).status_code == 303
    return form["text"].split("https://testserver.local", 1)[1].split()[0]


def answer(client: Client, path: str, **form: str) -> Any:
    page = client.get(path)
    return client.post(f"{path}/{form.pop('what')}", data={"_csrf_token": form_token(page.text), **form})


def test_the_letter_goes_out_with_the_document_and_the_quote_is_sent(
    client: Client, assembly: Assembly, sink: SmtpSink, quote_id: int
) -> None:
    signed_in(client, "manager")
    page = client.get(f"/sales/quotes/{quote_id}/mail")
    form = form_of(page.text)
    assert form["to"] == "einkauf@adler.example"
    assert "€1,285.20" in form["text"]
    assert "Adler {link} GmbH" in form["text"]  # a name is never read as a field
    form["text"] = "Dear friends,\n\nas promised."
    assert client.post(f"/sales/quotes/{quote_id}/mail", data=form).status_code == 303
    assert row(assembly, quote_id).status == "sent"
    assert row(assembly, quote_id).sent_at is not None
    assert mailflow.deliver(assembly) == 1
    (sunk,) = sink.messages
    mail = message_from_bytes(sunk.raw, policy=default)
    assert isinstance(mail, EmailMessage)
    (document,) = mail.iter_attachments()
    assert document.get_filename() == f"{row(assembly, quote_id).number}.pdf"
    text = PdfReader(BytesIO(document.get_content())).pages[0].extract_text()
    assert "Draft" not in text
    body = mail.get_body(("plain",))
    assert body is not None
    assert "as promised" in body.get_content()
    with assembly.database.read() as session:
        titles = list(session.execute(select(table(TimelineEntry).c.title)).scalars())
        actions = list(session.execute(select(table(Audit).c.action)).scalars())
    assert form["subject"] in titles
    assert any("sent: €1,285.20" in title for title in titles)
    assert "mail" in actions
    assert "Send again" in client.get(f"/sales/quotes/{quote_id}").text


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement of its own
def test_what_cannot_go_out_says_why_and_changes_nothing(
    client: Client, assembly: Assembly, sink: SmtpSink, quote_id: int
) -> None:
    signed_in(client, "manager")
    url = f"/sales/quotes/{quote_id}/mail"
    form = form_of(client.get(url).text)
    for wrong, said in (
        ({"to": ""}, "Say who gets it"),
        ({"to": "nobody"}, "nobody"),
        ({"text": " "}, "Write something"),
        ({"mailbox": "999"}, "Choose the mailbox"),
        ({"version": "1"}, "changed by someone else"),
    ):
        refused = client.post(url, data={**form, **wrong})
        assert (refused.status_code, said in refused.text) == (422, True), wrong
    assert row(assembly, quote_id).status == "draft"
    assert mailflow.deliver(assembly) == 0
    with working(assembly) as ctx:
        empty = editing.create(
            ctx, ctx.assembly.resource("sales.quotes"), {"customer": row(assembly, quote_id).customer_id}
        )
    assert client.get(f"/sales/quotes/{empty.key}/mail").status_code == 303
    signed_in(client, "reader")
    assert client.post(url, data=form).status_code == 403


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement of its own
def test_without_a_mailbox_the_page_says_what_to_do(client: Client, quote_id: int) -> None:
    signed_in(client)
    page = client.get(f"/sales/quotes/{quote_id}/mail").text
    assert "No mailbox sends yet" in page
    assert "/admin/mailboxes/new" in page


def test_the_link_shows_the_quote_and_takes_a_yes_once(
    client: Client, assembly: Assembly, sink: SmtpSink, quote_id: int
) -> None:
    signed_in(client, "manager")
    path = mailed(client, quote_id)
    with app_client(assembly) as customer:
        page = customer.get(path)
        assert page.status_code == 200
        assert "Oak chair" in page.text
        assert "Tier from" not in page.text  # how a price came about stays inside
        assert customer.get(f"{path}/pdf").content.startswith(b"%PDF")
        assert row(assembly, quote_id).status == "sent"
        assert answer(customer, path, what="accept").status_code == 422  # without a name
        assert customer.post(f"{path}/accept", data={"name": "Ada"}).status_code == 403  # not from our page
        assert answer(customer, path, what="accept", name="Ada Adler").status_code == 303
        assert "You have accepted" in customer.get(path).text
        assert answer(customer, path, what="accept", name="Ada Adler").status_code == 422
    done = row(assembly, quote_id)
    assert (done.status, done.order_id is not None) == ("accepted", True)
    with assembly.database.read() as session:
        t = table(Audit)
        who = select(t.c.actor_name, t.c.actor_kind).where(t.c.record_id == quote_id).order_by(t.c.id.desc())
        assert session.execute(who).first() == ("Ada Adler (by link)", "customer")


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement of its own
def test_a_no_by_link_keeps_its_reason(
    client: Client, assembly: Assembly, sink: SmtpSink, quote_id: int
) -> None:
    signed_in(client, "manager")
    path = mailed(client, quote_id)
    with app_client(assembly) as customer:
        assert answer(customer, path, what="decline", name="Ada").status_code == 422
        assert answer(customer, path, what="decline", name="Ada", reason="Too dear").status_code == 303
    assert (row(assembly, quote_id).status, row(assembly, quote_id).decline_reason) == (
        "declined",
        "Too dear",
    )


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement of its own
def test_a_link_is_good_for_its_revision_and_nothing_else(
    client: Client, assembly: Assembly, sink: SmtpSink, quote_id: int
) -> None:
    signed_in(client, "manager")
    path = mailed(client, quote_id)
    head, _, signature = path.rpartition("/quote/")[2].partition("-")[2].partition("-")
    forged = [
        f"{quote_id + 1}-{head}-{signature}",
        f"{quote_id}-2-{signature}",
        f"{quote_id}-1-{'A' * 32}",
        "x",
    ]
    with app_client(assembly) as customer:
        for token in forged:
            assert customer.get(f"/my/quote/{token}").status_code == 404, token
        with working(assembly) as ctx:
            quotes.revise(ctx, quote_id)
        assert customer.get(path).status_code == 404
        with working(assembly) as ctx:
            quotes.send(ctx, quote_id)
        assert customer.get(path).status_code == 404  # the second revision has a link of its own
        with working(assembly) as ctx:
            url = mailing.link_of(ctx, quotes.load(ctx, quote_id))
        assert customer.get(url.removeprefix("https://testserver.local")).status_code == 200


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement of its own
def test_the_letter_addresses_the_customer_as_they_prefer(
    client: Client, assembly: Assembly, sink: SmtpSink, quote_id: int
) -> None:
    signed_in(client, "manager")
    page = f"/sales/quotes/{quote_id}/mail"
    assert form_of(client.get(page).text)["text"].startswith("Hello Adler")
    customer_id = row(assembly, quote_id).customer_id
    client.post(f"/customers/{customer_id}/preferences", data={"salutation": "Dear {number} friends"})
    assert form_of(client.get(page).text)["text"].startswith("Dear {number} friends,\n")


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement of its own
def test_the_letter_says_that_the_customer_prefers_a_call(
    client: Client, assembly: Assembly, sink: SmtpSink, quote_id: int
) -> None:
    signed_in(client, "manager")
    page = f"/sales/quotes/{quote_id}/mail"
    assert "prefers" not in client.get(page).text
    customer_id = row(assembly, quote_id).customer_id
    client.post(f"/customers/{customer_id}/preferences", data={"channel": "phone"})
    assert "prefers a call" in client.get(page).text


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement of its own
def test_a_quote_beyond_the_mandate_waits_for_who_may_approve_it(
    client: Client, assembly: Assembly, sink: SmtpSink, quote_id: int
) -> None:
    signed_in(client, "manager")
    path = mailed(client, quote_id)
    customer_id = row(assembly, quote_id).customer_id
    with working(assembly) as ctx:
        clerk, boss = (
            portal.add_account(ctx, f"{name.lower()}@adler.example", name, customer_id, ())
            for name in ("Clerk", "Boss")
        )
        mandates.change_mandate(ctx, clerk, customer_id, mandates.Terms((), Money(100000, "EUR")))
    with app_client(assembly) as customer:
        page = customer.get(path).text
        assert "please sign in first" in page
        assert "Accept and order" not in page
        assert "Boss" not in page
        signed_in_customer(customer, customer_id, account_id=clerk)
        assert "Who may approve it: Boss." in customer.get(path).text
        refused = customer.post(f"{path}/accept", data={"name": "Clerk"})
        assert refused.status_code == 422
        assert "up to €1,000.00" in refused.text
        assert row(assembly, quote_id).status == "sent"
        signed_in_customer(customer, customer_id, account_id=boss)
        assert customer.post(f"{path}/accept", data={"name": "Boss"}).status_code == 303
    assert row(assembly, quote_id).status == "accepted"


def test_neither_a_hold_nor_a_late_day_is_passed_by_a_link(
    client: Client, assembly: Assembly, sink: SmtpSink, quote_id: int
) -> None:
    signed_in(client, "manager")
    path = mailed(client, quote_id)
    customer_id = row(assembly, quote_id).customer_id
    with working(assembly) as ctx:
        holds.place(ctx, customer_id, "Cheque bounced twice")
    with app_client(assembly) as customer:
        refused = answer(customer, path, what="accept", name="Ada")
        assert refused.status_code == 422
        assert "get in touch" in refused.text
        assert "bounced" not in refused.text  # why is ours to know
        yesterday = utc_now().date() - timedelta(days=1)
        with assembly.database.write() as session:
            session.execute(update(table(Quote)).values(valid_until=yesterday))
        assert "has expired" in customer.get(path).text
        assert "Accept and order" not in customer.get(path).text
    assert row(assembly, quote_id).status == "sent"
