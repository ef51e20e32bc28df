"""An article appears for its audience, and for nobody else anywhere: page, list, search, suggestion, feed, sitemap."""

from __future__ import annotations

import pytest
from knowledge_world import needs_service, one_for_each, seen_in, write
from litestar import Litestar
from litestar.testing import TestClient
from patron import Actor, Scope, editing, search
from patron.assembly import Assembly
from patron.testing.faces import (
    form_token,
    make_customer,
    signed_in,
    signed_in_customer,
    signed_in_partner,
    working,
)
from patron.ui import CSRF_HEADER
from patron_knowledge.services import reading, writing

Client = TestClient[Litestar]
PUBLIC_PLACES = ("/help", "/help/search?q=wobbly", "/help/search?q=wobbly+nothingness", "/help/categories/chairs",
                 "/help/articles/wobbly-chair-canarypublic", "/help/sitemap.xml", "/help/feed.xml")  # fmt: skip


def asked(client: Client, paths: tuple[str, ...], partial: bool = False) -> set[str]:
    """The canaries on all of these pages; each answers 200. Words of the search itself are not found ones."""
    headers = {"HX-Request": "true"} if partial else {}
    answers = [client.get(path, headers=headers) for path in paths]
    assert [answer.status_code for answer in answers] == [200] * len(paths)
    return set().union(*(seen_in(answer.text) for answer in answers))


@pytest.mark.parametrize("partial", [False, True])
def test_the_public_sees_what_is_public(client: Client, assembly: Assembly, partial: bool) -> None:
    one_for_each(assembly)
    assert asked(client, PUBLIC_PLACES, partial) == {"public"}
    assert client.get("/help/categories/canarystaff-shelf").status_code == 404
    for audience in ("customer", "partner", "staff", "draft"):
        path = f"/help/articles/wobbly-chair-canary{audience}"
        assert client.get(path).status_code == 404
        token = {CSRF_HEADER: form_token(client.get("/help").text)}
        for act in ("feedback", "seen"):
            answer = client.post(f"{path}/{act}", data={"helpful": "yes"}, headers=token)
            assert answer.status_code == 404, act
    assert client.get("/partner/help").status_code in (303, 401)


@needs_service
def test_customers_see_theirs_too(client: Client, assembly: Assembly) -> None:
    one_for_each(assembly)
    signed_in_customer(client, make_customer(assembly), ["tickets"])
    assert asked(client, PUBLIC_PLACES) == {"public", "customer"}
    assert asked(client, ("/help/sitemap.xml", "/help/feed.xml")) == {"public"}
    assert client.get("/help/articles/wobbly-chair-canarycustomer").status_code == 200
    for audience in ("partner", "staff", "draft"):
        assert client.get(f"/help/articles/wobbly-chair-canary{audience}").status_code == 404
    suggested = client.post(
        "/my/tickets/articles", data={"subject": "My chair is wobbly", "text": "canarystaff"}
    )
    assert suggested.status_code == 200
    assert seen_in(suggested.text) == {"public", "customer"}
    again = client.post("/my/tickets/new", data={"subject": "A wobbly chair", "text": ""})
    assert again.status_code == 422
    assert seen_in(again.text) == {"public", "customer"}


def test_partners_see_theirs_at_their_own_place(client: Client, assembly: Assembly) -> None:
    one_for_each(assembly)
    signed_in_partner(client, make_customer(assembly, "Reseller", "organisation"))
    places = tuple(f"/partner{path}" for path in PUBLIC_PLACES if "xml" not in path)
    assert asked(client, places) == {"public", "partner"}
    for audience in ("customer", "staff", "draft"):
        assert client.get(f"/partner/help/articles/wobbly-chair-canary{audience}").status_code == 404


def test_an_account_without_a_mandate_is_one_of_the_public(assembly: Assembly) -> None:
    for kind in ("customer", "partner"):
        assert reading.audiences(Actor(kind, 5)) == ("public",)
    assert reading.audiences(Actor("anonymous")) == ("public",)


@needs_service
def test_staff_find_playbooks_and_agents_link_only_what_customers_may_read(
    client: Client, assembly: Assembly
) -> None:
    one_for_each(assembly)
    signed_in(client, "user")
    assert "canarystaff" in client.get("/search?q=wobbly").text
    assert "canarystaff" in client.get("/palette?q=wobbly").text
    assert seen_in(client.get("/help/search?q=wobbly").text) == {"public"}  # what all see, not what staff may
    opened = client.post(
        "/service/tickets/new", data={"subject": "My chair is wobbly", "description": "canarystaff"}
    )
    links = client.get(f"{opened.headers['location']}/articles", headers={"HX-Request": "true"}).text
    assert seen_in(links) == {"public", "customer"}
    assert "https://testserver.local/help/articles/wobbly-chair-canarypublic" in links


def test_without_the_permission_nothing_is_found(assembly: Assembly) -> None:
    one_for_each(assembly)
    with working(assembly) as ctx:
        nobody = ctx.acting_as(Actor("user", 1, grants={"customers.read": Scope.ALL}))
        assert search.find(nobody, "wobbly") == []
        outsider = reading.as_reader(ctx.acting_as(Actor("anonymous")))
        assert [hit.title for hit in search.find(outsider, "wobbly")] == ["Wobbly chair canarypublic"]
        assert [item.title for item in reading.suggest(outsider, "a wobbly chair")] == [
            "Wobbly chair canarypublic"
        ]


def test_a_narrower_audience_counts_at_once_and_a_wider_one_when_published(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        article = write(ctx, "Terms")
        reader = reading.as_reader(ctx.acting_as(Actor("anonymous")))
        change = {"audience": "customer"}
        editing.change(ctx, assembly.resource(writing.KEY), article, change)
        assert reading.find(reader, "terms") == []
        editing.change(ctx, assembly.resource(writing.KEY), article, {"audience": "public"})
        assert reading.find(reader, "terms") == []
        writing.publish_article(ctx, article)
        assert [item.slug for item in reading.find(reader, "terms")] == ["terms"]


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [("public", "staff", "staff"), ("customer", "partner", "staff"), ("partner", "public", "partner"),
     ("staff", "customer", "staff"), ("customer", "customer", "customer")],
)  # fmt: skip
def test_the_common_audience_is_never_wider(one: str, other: str, both: str) -> None:
    assert writing.common_audience(one, other) == both
