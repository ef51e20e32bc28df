"""What anybody reaches: forms, confirmation, unsubscription, preferences, links. Each attack changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from marketing_world import make_campaign, make_mailbox, make_reader, recipients, token
from patron import Consent, Context, Customer, MailLedger, Origin, consents, editing, table
from patron.assembly import Assembly
from patron.testing.faces import form_token, make_customer, signed_in, signed_in_customer, working
from patron.testing.mail import smtp_sink
from patron.ui import CSRF_HEADER
from patron_marketing.models import Click, Link, Submission, Suppression
from patron_marketing.services import sending, submissions, tokens
from sqlalchemy import func, select

Client = TestClient[Litestar]
BROWSER = {"User-Agent": "Mozilla/5.0 Firefox/140.0"}


@pytest.fixture
def engine_name() -> str:
    return "sqlite"  # pages do not depend on the engine; what they call is tested on both


@pytest.fixture
def form(assembly: Assembly) -> int:
    asks = [
        {"kind": "name", "label": "Your name", "required": True},
        {"kind": "choice", "label": "What?", "choices": ["A home", "An office"]},
        {"kind": "message", "label": "More?"},
    ]
    values = {
        "name": "Catalogue", "slug": "catalogue", "title": "Our catalogue", "asks": asks, "purpose": "newsletter",
        "wording": "I want the newsletter.", "source": "fair", "campaign": "Spring",
    }  # fmt: skip
    with working(assembly) as ctx:
        return int(editing.create(ctx, assembly.resource("marketing.forms"), values).key)


def shown(assembly: Assembly, form_id: int, seconds: int = 60) -> str:
    """What the page carries that was shown so many seconds ago."""
    with assembly.database.read() as session:
        ctx = Context(session, assembly)
        return tokens.make(ctx, "form", form_id, int(ctx.now.timestamp()) - seconds)


def send(client: Client, form_id: int, seconds: int = 60, **values: str) -> Any:
    assembly: Assembly = client.app.state.assembly
    client.headers[CSRF_HEADER] = form_token(client.get("/f/catalogue").text)
    given = {"email": "ada@example.com", "name": "Ada Lovelace", "shown": shown(assembly, form_id, seconds)}
    return client.post("/f/catalogue", data={**given, **values}, headers=BROWSER)


def number(assembly: Assembly, model: Any, *clauses: Any) -> int:
    with assembly.database.read() as session:
        return int(
            session.execute(select(func.count()).select_from(table(model)).where(*clauses)).scalar_one()
        )


def consent_of(assembly: Assembly, customer_id: int, purpose: str = "newsletter") -> bool | None:
    with working(assembly) as ctx:
        return consents.decided(ctx, [customer_id], purpose).get(customer_id)


def test_without_a_mailbox_nobody_is_told_of_a_mail_and_who_agreed_is_asked_later(
    client: Client, assembly: Assembly, form: int
) -> None:
    page = send(client, form, consent="true")
    assert page.status_code == 200
    assert "One step is left" not in page.text
    assert "we will send you a mail" in page.text
    s = table(Submission)
    with assembly.database.read() as session:
        assert session.execute(select(s.c.state)).scalar_one() == "unasked"
    signed_in(client, "admin")
    assert "Not asked yet: no mailbox sends" in client.get(f"/marketing/forms/{form}").text
    for expected in ("unasked", "waiting", "waiting"):
        with working(assembly) as ctx:
            submissions.ask_later(ctx)
        with working(assembly) as ctx:
            assert ctx.session.execute(select(s.c.state)).scalar_one() == expected
            mails = ctx.session.execute(select(func.count()).select_from(table(MailLedger))).scalar_one()
            assert mails == (expected == "waiting")
        if expected == "unasked":
            make_mailbox(assembly)


def test_a_form_makes_a_lead_whose_consent_counts_once_confirmed(
    client: Client, assembly: Assembly, form: int
) -> None:
    make_mailbox(assembly)
    page = send(client, form, consent="true", q1="A home", message="Please\ncall")
    assert page.status_code == 200
    assert "One step is left" in page.text
    t, s, o = table(Customer), table(Submission), table(Origin)
    with assembly.database.read() as session:
        customer = session.execute(select(t)).one()
        sent = session.execute(select(s)).one()
        origin = session.execute(select(o)).one()
        _, _, raw = _mail(Context(session, assembly))
    assert (customer.name, customer.standing, customer.source) == ("Ada Lovelace", "unverified", "fair")
    assert (origin.customer_id, origin.source, origin.campaign) == (customer.id, "fair", "Spring")
    assert (sent.state, sent.wording, sent.wording_version) == ("waiting", "I want the newsletter.", 1)
    assert sent.answers == {"name": "Ada Lovelace", "q1": "A home", "message": "Please\ncall"}
    assert consent_of(assembly, customer.id) is None
    link = raw.decode().split("/f/confirm/")[1].split()[0].replace("=\r\n", "")
    path = f"/f/confirm/{token(assembly, 'confirm', sent.id)}"
    assert link.startswith(path.removeprefix("/f/confirm/")[:20])
    assert client.get(path).status_code == 200
    assert client.head(path).status_code in (200, 404, 405)
    assert consent_of(assembly, customer.id) is None  # looking confirms nothing
    assert client.post(path).status_code == 200
    assert client.post(path).status_code == 200
    assert consent_of(assembly, customer.id) is True
    c = table(Consent)
    with assembly.database.read() as session:
        act = session.execute(select(c)).one()
    assert act.wording == "I want the newsletter."
    assert "wording version 1" in act.proof
    assert "testclient" in act.proof


def _mail(ctx: Context) -> tuple[str, str, bytes]:
    from patron import files

    t = table(MailLedger)
    return files.read_file(ctx, ctx.session.execute(select(t.c.raw_file_id)).scalar_one())


def test_who_is_known_is_not_made_twice_nor_changed(client: Client, assembly: Assembly, form: int) -> None:
    make_customer(assembly, "Ada Byron", emails=["ada@example.com"])
    assert send(client, form, name="Somebody Else").status_code == 200
    assert number(assembly, Customer) == 1
    assert number(assembly, Customer, table(Customer).c.name == "Ada Byron") == 1


def test_only_who_holds_an_address_lifts_its_suppression(
    client: Client, assembly: Assembly, form: int
) -> None:
    with working(assembly) as ctx:
        editing.change(ctx, assembly.resource("marketing.forms"), form, {"double_opt_in": False})
        given = {"address": "ada@example.com", "purpose": "newsletter"}
        editing.create(ctx, assembly.resource("marketing.suppressions"), given)
    assert send(client, form, consent="true").status_code == 200
    assert number(assembly, Consent) == 1
    assert number(assembly, Suppression) == 1


REFUSED: tuple[tuple[dict[str, str], str], ...] = (
    ({"email": "ada@example.com\r\nBcc: eve@example.net"}, "email"),
    ({"email": "no address"}, "email"),
    ({"name": ""}, "name"),
    ({"name": "Ada\r\nBcc: eve@example.net"}, "name"),
    ({"q1": "x' OR 1=1--"}, "q1"),
)


def test_m1_m2_what_a_form_does_not_take(client: Client, assembly: Assembly, form: int) -> None:
    for values, field in REFUSED:
        answer = send(client, form, **values)
        assert answer.status_code == 422, values
        assert f'href="#f-{field}"' in answer.text
    assert number(assembly, Customer) == number(assembly, Submission) == 0


def test_m1_what_a_form_does_not_ask_is_never_stored(client: Client, assembly: Assembly, form: int) -> None:
    extra = {
        "owner_id": "1",
        "owner": "1",
        "campaign_id": "x' OR 1=1--",
        "standing": "known",
        "source": "hacked",
    }
    assert send(client, form, **extra).status_code == 200
    t, s = table(Customer), table(Submission)
    with assembly.database.read() as session:
        row, sent = session.execute(select(t)).one(), session.execute(select(s)).one()
    assert (row.owner_id, row.standing, row.source) == (None, "unverified", "fair")
    assert set(sent.answers) == {"name"}


def test_m1_programs_are_held_off(client: Client, assembly: Assembly, form: int) -> None:
    assert send(client, form, website="https://spam.example").status_code == 200  # thanked, and nothing kept
    assert send(client, form, seconds=0).status_code == 422  # faster than anybody types
    assert send(client, form, seconds=2 * 24 * 3600).status_code == 422
    assert send(client, form, shown="1.1.forged").status_code == 422
    assert number(assembly, Submission) == number(assembly, Customer) == 0
    answers = [send(client, form).status_code for _ in range(submissions.PER_ADDRESS + 3)]
    assert answers[-1] == 429
    assert answers.count(200) <= submissions.PER_ADDRESS


def test_m2_a_choice_shows_what_was_declared_and_nothing_of_the_house(
    client: Client, assembly: Assembly, form: int
) -> None:
    make_customer(assembly, "canary-customer")
    page = client.get("/f/catalogue").text
    assert "A home" in page
    assert "canary" not in page


def test_a_form_that_is_off_is_not_there(client: Client, assembly: Assembly, form: int) -> None:
    with working(assembly) as ctx:
        editing.change(ctx, assembly.resource("marketing.forms"), form, {"active": False})
    assert client.get("/f/catalogue").status_code == 404
    assert client.get("/f/nothing").status_code == 404


def test_new_words_are_a_new_version(assembly: Assembly, form: int) -> None:
    with working(assembly) as ctx:
        resource = assembly.resource("marketing.forms")
        assert editing.change(ctx, resource, form, {"title": "x"}).wording_version == 1
        assert editing.change(ctx, resource, form, {"wording": "I want it all."}).wording_version == 2


# Unsubscription and preferences


@pytest.fixture
def sent(assembly: Assembly) -> dict[str, int]:
    """A campaign that Ada and Bea have got."""
    ids = {name: make_reader(assembly, name) for name in ("Ada", "Bea")}
    with smtp_sink() as sink:
        make_mailbox(assembly, sink.port)
        campaign_id = make_campaign(assembly)
        assert sending.send_due(assembly) == 2
    rows = recipients(assembly, campaign_id)
    return {
        **ids,
        "campaign": campaign_id,
        **{f"mail of {n}": row.id for n, row in zip(ids, rows, strict=True)},
    }


def test_one_click_unsubscribes_and_looking_does_not(
    client: Client, assembly: Assembly, sent: dict[str, int]
) -> None:
    path = f"/u/{token(assembly, 'leave', sent['mail of Ada'])}"
    before = number(assembly, Consent)
    assert client.get(path).status_code == 200
    client.head(path)
    assert (number(assembly, Consent), number(assembly, Suppression)) == (before, 0)
    client.cookies.clear()
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200  # twice is once
    assert (number(assembly, Consent), number(assembly, Suppression)) == (before + 1, 1)
    assert consent_of(assembly, sent["Ada"]) is False
    assert consent_of(assembly, sent["Bea"]) is True
    assert recipients(assembly, sent["campaign"])[0].left_at is not None


def test_who_agreed_again_leaves_again_by_the_same_mail(
    client: Client, assembly: Assembly, sent: dict[str, int]
) -> None:
    path, s = f"/u/{token(assembly, 'leave', sent['mail of Ada'])}", table(Suppression)
    client.post(path, data={"List-Unsubscribe": "One-Click"})
    with working(assembly) as ctx:
        suppression = ctx.session.execute(select(s.c.id)).scalar_one()
        editing.trash(ctx, assembly.resource("marketing.suppressions"), [suppression])
        consents.record_consent(ctx, sent["Ada"], "newsletter", granted=True)
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert consent_of(assembly, sent["Ada"]) is False
    assert number(assembly, Suppression, s.c.trashed_at.is_(None)) == 1


def test_m6_only_the_seal_opens(client: Client, assembly: Assembly, sent: dict[str, int]) -> None:
    mine, other = sent["mail of Ada"], sent["mail of Bea"]
    seal = token(assembly, "leave", mine).split(".")[1]
    forged = (f"{other}.{seal}", f"{mine}.{'A' * 24}", token(assembly, "open", mine), str(mine), ".")
    for bad in forged:
        assert client.get(f"/u/{bad}").status_code == 404, bad
        assert client.post(f"/u/{bad}", data={"List-Unsubscribe": "One-Click"}).status_code == 404, bad
    assert consent_of(assembly, sent["Bea"]) is True
    assert number(assembly, Suppression) == 0


def test_preferences_by_the_link_and_in_the_portal(
    client: Client, assembly: Assembly, sent: dict[str, int]
) -> None:
    path = f"/u/{token(assembly, 'leave', sent['mail of Ada'])}"
    client.headers[CSRF_HEADER] = form_token(client.get(path).text)
    wrong = client.post(f"{path}/preferences", data={"hours": "25:00-26:00", "channel": "pigeon"})
    assert wrong.status_code == 422
    done = client.post(
        f"{path}/preferences", data={"purposes": ["offers"], "hours": "09:00-17:00", "salutation": "Countess"}
    )
    assert done.status_code == 200
    assert (consent_of(assembly, sent["Ada"]), consent_of(assembly, sent["Ada"], "offers")) == (False, True)
    signed_in_customer(client, sent["Bea"], ["preferences"])
    assert "bea@example.com" in client.get("/my/preferences").text
    assert client.post("/my/preferences", data={"nothing": "true"}).status_code == 200
    assert consent_of(assembly, sent["Bea"]) is False
    with assembly.database.read() as session:
        t = table(Suppression)
        assert session.execute(select(t.c.address, t.c.purpose)).all() == [("bea@example.com", "")]
    signed_in_customer(client, sent["Bea"], ["tickets"])
    assert client.get("/my/preferences").status_code == 404


# Links


def test_m5_a_link_leads_where_the_text_said_and_nowhere_else(
    client: Client, assembly: Assembly, sent: dict[str, int]
) -> None:
    with assembly.database.read() as session:
        links = dict(session.execute(select(table(Link).c.url, table(Link).c.id)).all())
    url = "https://firm.example/new?a=1&b=2"
    good = token(assembly, "click", sent["mail of Ada"], links[url])
    answer = client.get(f"/r/{good}?u=https://evil.example&url=javascript:alert(1)", headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (303, url)
    payload, _, seal = good.rpartition(".")
    for bad in (f"{payload}.{seal[::-1]}", f"1.{links[url] + 1}.{seal}", seal, "javascript:alert(1)", "x"):
        assert client.get(f"/r/{bad}", headers=BROWSER).status_code == 404
    foreign = make_campaign(assembly, started=True, body="https://other.example")
    with assembly.database.read() as session:
        t = table(Link)
        other = session.execute(select(t.c.id).where(t.c.campaign_id == foreign)).scalar_one()
    mixed = token(assembly, "click", sent["mail of Ada"], other)  # signed by us, but of another campaign
    assert client.get(f"/r/{mixed}", headers=BROWSER).status_code == 404


def test_m4_programs_are_not_counted_and_what_they_say_is_text(
    client: Client, assembly: Assembly, sent: dict[str, int]
) -> None:
    with working(assembly) as ctx:
        link_id = ctx.session.execute(select(table(Link).c.id)).scalars().first()
        t = table(sending.Recipient)
        ctx.session.execute(t.update().values(settled_at=ctx.now - timedelta(hours=1)))
    path = f"/r/{token(assembly, 'click', sent['mail of Ada'], link_id)}"
    client.get(
        path,
        headers={"User-Agent": "<script>alert(1)</script> LinkScanner bot", "Referer": "<script>x</script>"},
    )
    assert recipients(assembly, sent["campaign"])[0].clicked_at is None
    client.get(path, headers=BROWSER)
    client.get(path, headers=BROWSER)
    assert recipients(assembly, sent["campaign"])[0].clicked_at is not None
    assert number(assembly, Click) == 3
    signed_in(client)
    page = client.get(f"/marketing/campaigns/{sent['campaign']}").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert client.get("/marketing/results").status_code == 200


def test_opens_are_kept_only_where_the_firm_wants_to_know(
    client: Client, assembly: Assembly, sent: dict[str, int]
) -> None:
    path = f"/o/{token(assembly, 'open', sent['mail of Ada'])}"
    assert client.get(path).headers["content-type"].startswith("image/gif")
    assert recipients(assembly, sent["campaign"])[0].opened_at is None
    assembly.settings.plugins["marketing"] = {"track_opens": True}
    client.get(path)
    assert recipients(assembly, sent["campaign"])[0].opened_at is not None
