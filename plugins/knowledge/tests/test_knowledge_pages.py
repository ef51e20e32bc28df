"""The pages of staff and of readers, asked as a browser asks."""

from __future__ import annotations

import pytest
from knowledge_world import needs_service, write
from litestar import Litestar
from litestar.testing import TestClient
from patron import table
from patron.assembly import Assembly
from patron.testing.faces import form_token, make_customer, signed_in, signed_in_customer, working
from patron.ui import CSRF_HEADER
from patron_knowledge.models import Feedback, Gap, Views
from sqlalchemy import select

Client = TestClient[Litestar]


@pytest.fixture
def engine_name() -> str:
    return "sqlite"  # pages do not depend on the engine; what they call is tested on both


def test_an_article_from_the_editor_to_its_readers(client: Client, assembly: Assembly) -> None:
    signed_in(client, "manager")
    assert "As readers will see it" in client.get("/knowledge/articles/new").text
    shown = client.post("/knowledge/articles/preview", data={"title": "T", "body": "**bold**"})
    assert "<strong>bold</strong>" in shown.text
    assert client.post("/knowledge/articles/new", data={"title": "", "body": "kept"}).status_code == 422
    made = client.post(
        "/knowledge/articles/new", data={"title": "Castors", "body": "One.", "audience": "public"}
    )
    here = made.headers["location"]
    assert client.get("/help/articles/castors").status_code == 404
    assert client.post(f"{here}/publish").status_code == 303
    assert client.get("/help/articles/castors").status_code == 200
    changed = {"title": "Castors", "body": "Two.", "audience": "public"}
    assert client.post(f"{here}/edit", data=changed).status_code == 303
    assert "Readers still see edition 1" in client.get(here).text
    edition = client.get(f"{here}/editions/1").text
    assert "<del>One.</del>" in edition
    assert "<ins>Two.</ins>" in edition
    assert client.post(f"{here}/editions/1/restore").status_code == 303
    assert client.post(f"{here}/archive").status_code == 303
    assert client.get("/help/articles/castors").status_code == 404


def test_who_may_only_write_does_not_publish(client: Client, assembly: Assembly) -> None:
    signed_in(client, "user")
    here = client.post("/knowledge/articles/new", data={"title": "Castors", "body": "x"}).headers["location"]
    assert "/publish" not in client.get(here).text
    for act in ("publish", "archive"):
        assert client.post(f"{here}/{act}").status_code == 403
    assert client.get("/help/articles/castors").status_code == 404


@needs_service
def test_readers_answer_and_are_counted(client: Client, assembly: Assembly) -> None:
    with working(assembly) as ctx:
        write(ctx, "Castors")
    page = client.get("/help/articles/castors").text
    assert 'href="/my/tickets/new"' in page
    assert "mailto:hello@firm.example" in page
    assert "tel:+4930901820" in page
    token = {CSRF_HEADER: form_token(page)}
    here = "/help/articles/castors"
    assert client.post(f"{here}/feedback", data={"helpful": "yes"}).status_code == 403
    assert client.post(f"{here}/seen", headers=token).status_code == 204
    plain = client.post(f"{here}/feedback", data={"helpful": "no", "comment": "Short"}, headers=token)
    assert plain.headers["location"].endswith("?thanks=1")
    assert "Thank you" in client.get(plain.headers["location"]).text
    by_script = client.post(
        f"{here}/feedback", data={"helpful": "yes"}, headers={**token, "HX-Request": "true"}
    )
    assert "Thank you" in by_script.text
    assert client.post("/help/search/missed", data={"q": "motor"}, headers=token).status_code == 204
    with working(assembly) as ctx:
        assert ctx.session.execute(select(table(Views).c.count)).scalars().all() == [1]
        assert ctx.session.execute(select(table(Feedback).c.helpful)).scalars().all() == [True]
        assert ctx.session.execute(select(table(Gap).c.query)).scalars().all() == ["motor"]
    signed_in(client, "manager")
    for path in ("/knowledge/gaps", "/knowledge/gaps/1", "/knowledge/feedback", "/knowledge/articles/1"):
        assert client.get(path).status_code == 200, path
    assert "title=motor" in client.get("/knowledge/gaps/1").text


def test_reading_writes_nothing(client: Client, assembly: Assembly) -> None:
    with working(assembly) as ctx:
        write(ctx, "Castors")
    for path in ("/help/articles/castors", "/help/search?q=motor"):
        client.get(path)
    with working(assembly) as ctx:
        assert ctx.session.execute(select(table(Views).c.id)).all() == []
        assert ctx.session.execute(select(table(Gap).c.id)).all() == []


@needs_service
def test_a_person_is_one_step_from_every_page(client: Client, assembly: Assembly) -> None:
    with working(assembly) as ctx:
        write(ctx, "Castors")
    places = ("/help", "/help/search?q=nothing", "/help/articles/castors")
    for path in places:
        assert 'href="/my/tickets/new"' in client.get(path).text, path
    signed_in_customer(client, make_customer(assembly), ["tickets"])
    for path in (*places, "/my", "/my/tickets", "/my/account"):
        page = client.get(path).text
        assert 'href="/my/tickets/new"' in page, path
        assert 'href="/help"' in page, path
    signed_in_customer(client, make_customer(assembly), ["invoices"])
    page = client.get("/my").text
    assert 'href="/my/tickets/new"' not in page  # it would not be there for this account
    assert "mailto:hello@firm.example" in page


class TestAlone:
    @pytest.fixture
    def modules(self) -> tuple[str, ...]:
        return ("knowledge",)

    def test_without_service_help_names_mail_and_phone(self, client: Client, assembly: Assembly) -> None:
        with working(assembly) as ctx:
            write(ctx, "Castors")
        page = client.get("/help/articles/castors").text
        assert "/my/tickets" not in page
        assert "mailto:hello@firm.example" in page


@needs_service
class TestServiceAlone:
    @pytest.fixture
    def modules(self) -> tuple[str, ...]:
        return ("service",)

    def test_without_articles_the_forms_speak_of_none(self, client: Client, assembly: Assembly) -> None:
        signed_in_customer(client, make_customer(assembly), ["tickets"])
        page = client.get("/my/tickets/new").text
        assert "ticket-articles" not in page
        assert 'href="/help' not in page
