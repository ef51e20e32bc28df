"""Mailboxes that are signed in to by OAuth 2, against a real provider on loopback: asking, keeping, refreshing."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.accounts.models import Audit
from patron.assembly import Assembly
from patron.errors import Invalid
from patron.interactions.mail.oauth import PROVIDERS, Client, Provider, refresh
from patron.interactions.mailflow import consent, mailboxes
from patron.interactions.mailflow.polling import poll
from patron.interactions.mailflow.secrets import unseal
from patron.interactions.models import Interaction, Mailbox
from patron.records import table
from patron.testing.faces import app_client, signed_in, working
from patron.testing.mail import smtp_sink
from patron.testing.oauth import MailProvider, mail_provider
from sqlalchemy import select


@pytest.fixture
def provider() -> Iterator[MailProvider]:
    with mail_provider() as made:
        yield made


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        yield made


def set_up(client: TestClient[Litestar], provider: MailProvider, **more: str) -> str:
    """A mailbox made by an administrator who is signed in; returns its page."""
    values = {
        "name": "Office",
        "address": provider.login,
        "active": "true",
        "module": "core",
        **provider.form(),
    }
    made = client.post("/admin/mailboxes/new", data={**values, **more})
    assert made.status_code == 303, made.text
    return str(made.headers["location"])


def ask(url: str) -> str:
    """What the browser is told by the provider, once its owner has said yes."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port)
    connection.request("GET", f"{place.path}?{place.query}")
    where = connection.getresponse().headers["Location"]
    connection.close()
    return str(where)


def connect(client: TestClient[Litestar], page: str) -> str:
    """Allow access; returns the callback's path and query."""
    sent = client.get(f"{page}/connect", follow_redirects=False)
    assert sent.status_code == 303
    back = urlsplit(ask(sent.headers["location"]))
    return f"{back.path}?{back.query}"


def stored(assembly: Assembly) -> Mailbox:
    with assembly.database.read() as session:
        return session.get_one(Mailbox, 1)


def test_a_mailbox_is_connected_fetched_and_kept_signed_in(
    client: TestClient[Litestar], assembly: Assembly, provider: MailProvider
) -> None:
    admin = signed_in(client)
    page = set_up(client, provider, imap_sent_folder="auto")
    assert poll(assembly) == 0
    assert stored(assembly).last_error.startswith("Nobody has allowed access")
    back = connect(client, page)
    assert client.get(back).status_code == 303
    secret = stored(assembly).secret
    assert "refresh-" not in secret
    assert unseal(assembly.settings.secret_key, secret)["refresh_token"] == provider.refresh_token
    a = table(Audit)
    with assembly.database.read() as session:
        acts = select(a.c.actor_id).where(a.c.resource == "mailboxes").order_by(a.c.id)
        assert session.execute(acts).scalars().all() == [admin, admin]  # made, and connected
    provider.folders["INBOX"].append(
        b"From: ada@example.com\nMessage-ID: <a@x.test>\nSubject: Chairs\n\nHow many?\n"
    )
    provider.folders["Sent"].append(
        b"From: ann@firm.example\nTo: ada@example.com\nMessage-ID: <b@x.test>\n\nTwenty.\n"
    )
    assert poll(assembly) == 2
    with assembly.database.read() as session:
        directions = session.execute(select(table(Interaction).c.direction)).scalars().all()
    assert sorted(directions) == ["in", "out"]
    assert provider.asked == 1  # a token that is good is used again
    tested = client.post(f"{page}/test")
    assert "Signed in; INBOX holds 1" in tested.text
    assert "access-" not in client.get(page).text
    with working(assembly) as ctx:  # run the token out
        box = ctx.session.get_one(Mailbox, 1)
        known = unseal(assembly.settings.secret_key, box.secret)
        box.secret = mailboxes.seal(assembly.settings.secret_key, {**known, "expires_at": "1"})
        ctx.session.add(box)
    assert poll(assembly) == 0
    assert provider.asked == 2
    assert unseal(assembly.settings.secret_key, stored(assembly).secret)["refresh_token"] == "refresh-2"
    assert stored(assembly).last_success_at is not None


def test_access_that_was_withdrawn_is_said_plainly(
    client: TestClient[Litestar], assembly: Assembly, provider: MailProvider
) -> None:
    signed_in(client)
    provider.expires_in = 0
    page = set_up(client, provider)
    client.get(connect(client, page))
    provider.withdrawn = True
    assert poll(assembly) == 0
    assert (
        stored(assembly).last_error == "The sign-in has run out or was withdrawn: connect the mailbox again."
    )


def test_an_answer_counts_once_and_only_for_who_asked(
    client: TestClient[Litestar], assembly: Assembly, provider: MailProvider
) -> None:
    signed_in(client)
    page = set_up(client, provider)
    back = connect(client, page)
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    forged = {**query, "state": query["state"].replace(".", ".9", 1)}
    assert client.get(f"/mail/oauth/callback?{urlencode(forged)}").status_code == 403
    signed_in(client, "user", "Others")
    assert client.get(back).status_code == 403
    assert client.get(f"{page}/connect").status_code == 403
    assert client.get("/mail/mine/1/connect").status_code == 404
    signed_in(client)
    assert provider.asked == 0
    # The code with another question's verifier is worth nothing: that is what PKCE is for.
    other = parse_qs(urlsplit(connect(client, page)).query)["state"][0]
    client.get(f"/mail/oauth/callback?{urlencode({**query, 'state': other})}")
    assert not consent.is_connected(assembly, stored(assembly))


def test_another_application_forgets_the_tokens_of_the_first(
    client: TestClient[Litestar], assembly: Assembly, provider: MailProvider
) -> None:
    signed_in(client)
    page = set_up(client, provider)
    client.get(connect(client, page))
    assert consent.is_connected(assembly, stored(assembly))
    values = {
        "name": "Office",
        "address": provider.login,
        "module": "core",
        "active": "true",
        **provider.form(),
    }
    client.post(page, data={**values, "oauth_client_id": "another"})
    assert not consent.is_connected(assembly, stored(assembly))
    client.post(page, data={**values, "oauth_token_url": "http://tokens.example/"})
    assert stored(assembly).settings["oauth"]["token_url"] == f"{provider.url}/token"


def test_mail_goes_out_by_token_too(
    client: TestClient[Litestar], assembly: Assembly, provider: MailProvider
) -> None:
    signed_in(client)
    with smtp_sink(tokens=provider.given) as sink:
        page = set_up(client, provider, smtp_host="127.0.0.1", smtp_port=str(sink.port), smtp_security="none")
        client.get(connect(client, page))
        assert "Signed in." in client.post(f"{page}/test").text
        provider.given.clear()
        assert "refused the sign-in" in client.post(f"{page}/test").text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.com/token", "must begin"),
        ("ftp://x/token", "must begin"),
        ("https://169.254.169.254/", "Unreachable"),
    ],
)
def test_tokens_are_asked_of_no_forbidden_place(url: str, said: str) -> None:
    where = Provider("Other", "", url, "")
    with pytest.raises(Invalid, match=said):
        refresh(Client(where, "id"), "token")


def test_the_known_providers_are_asked_for_mail_and_lasting_access(assembly: Assembly) -> None:
    for name, scope in (("microsoft", "offline_access"), ("google", "https://mail.google.com/")):
        values = {"name": name, "address": "ann@firm.example", "active": "true", "sign_in": name,
                  "oauth_client_id": "id", "oauth_tenant": "firm.example",
                  "imap_host": "", "smtp_host": ""}  # fmt: skip
        with working(assembly) as ctx:
            box = mailboxes.save_mailbox(ctx, values)
            assert scope in parse_qs(urlsplit(consent.begin(ctx, box)).query)["scope"][0]
            assert tuple(box.settings[side]["host"] for side in ("imap", "smtp")) == PROVIDERS[name].hosts
