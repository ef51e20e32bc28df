"""Everything that is held about a person: what links lead to, what modules add, nothing that serves proof alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.accounts import services
from patron.accounts.models import Audit
from patron.assembly import Assembly
from patron.context import Context
from patron.customers import consents, merging
from patron.hookspecs import hookimpl
from patron.interactions import services as interactions
from patron.interactions.services import Party
from patron.records import table
from patron.testing.faces import app_client, make_customer, signed_in, working
from sqlalchemy import select


@hookimpl
def export_customer(ctx: Context, customer_id: int) -> Mapping[str, Any]:
    return {"bonus_points": [{"points": 7, "for": customer_id}]}


@pytest.fixture
def plugins() -> Mapping[str, Any]:
    return {"bonus": SimpleNamespace(export_customer=export_customer, __package__="")}


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        yield made


@pytest.fixture
def ada(assembly: Assembly) -> int:
    """Ada, into whom another was merged; she was called, consented, and is invited to the portal."""
    ada = make_customer(assembly, "Ada Lovelace", emails=["ada@example.com"])
    other = make_customer(assembly, "A. Lovelace", emails=["lovelace@example.org"])
    bob = make_customer(assembly, "Bob Blank", emails=["bob@example.com"])
    with working(assembly) as ctx:
        consents.record_consent(ctx, other, "newsletter", granted=True)
        parties = [Party("caller", ada, "", "Ada"), Party("attendee", bob, "bob@example.com", "Bob Blank")]
        interactions.log(ctx, "phone", parties, subject="Broken chair", body="It squeaks.")
        services.add_account(ctx, "ada@example.com", "Ada", ada, ["tickets"])
        merging.merge(ctx, ada, other)
    return ada


def test_the_report_has_everything_once_and_of_nobody_else(
    client: TestClient[Litestar], assembly: Assembly, ada: int
) -> None:
    signed_in(client)
    answer = client.get(f"/customers/{ada}/report/download")
    assert answer.headers["content-disposition"].startswith("attachment")
    told = answer.json()
    assert told["customer"]["name"] == "Ada Lovelace"
    assert [person["name"] for person in told["merged"]] == ["A. Lovelace"]
    assert {point["value"] for point in told["contact_points"]} == {"ada@example.com", "lovelace@example.org"}
    assert [touch["body"] for touch in told["interactions"]] == ["It squeaks."]
    assert [row["purpose"] for row in told["records"]["core"]["core_consent"]] == ["newsletter"]
    assert [row["email"] for row in told["access"]] == ["ada@example.com"]
    assert told["modules"] == {"bonus": {"bonus_points": [{"points": 7, "for": ada}]}}
    for secret in ("bob@example.com", "password", "token", "name_key"):
        assert secret not in answer.text
    with assembly.database.read() as session:
        t = table(Audit)
        noted = session.execute(select(t.c.record_id).where(t.c.action == "report")).scalars().all()
    assert noted == [ada]


def test_the_page_says_the_same_in_words(client: TestClient[Litestar], ada: int) -> None:
    signed_in(client)
    page = client.get(f"/customers/{ada}/report").text
    for wanted in (
        "It squeaks.",
        "newsletter",
        "lovelace@example.org",
        "Bonus points (bonus)",
        "report/download",
    ):
        assert wanted in page
    assert f"/customers/{ada}/report" in client.get(f"/customers/{ada}").text


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement of its own
def test_only_who_may_report_does(client: TestClient[Litestar], ada: int) -> None:
    signed_in(client, "manager")
    for path in ("report", "report/download"):
        assert client.get(f"/customers/{ada}/{path}").status_code == 403
    assert f"/customers/{ada}/report" not in client.get(f"/customers/{ada}").text
