"""What stands beside a customer ends and stays on record; a mistake is removed and can be given back."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from patron.accounts.history import of_record
from patron.accounts.models import Audit
from patron.assembly import Assembly
from patron.customers import contacts, points, relationships
from patron.customers.models import ContactHolder, ContactPoint, CustomerName, Relationship
from patron.records import Row, table
from patron.resources import editing
from patron.testing.faces import app_client, make_customer, make_user, signed_in, working
from sqlalchemy import func, select


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Any]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def _rows(assembly: Assembly, model: type[Row]) -> list[dict[str, Any]]:
    with assembly.database.read() as session:
        t = table(model)
        return [dict(row) for row in session.execute(select(t).order_by(t.c.id)).mappings()]


def _held(assembly: Assembly) -> dict[str, dict[str, Any]]:
    h, p = table(ContactHolder), table(ContactPoint)
    with assembly.database.read() as session:
        statement = select(h, p.c.value).select_from(h.join(p, p.c.id == h.c.contact_point_id))
        return {row["value"]: dict(row) for row in session.execute(statement).mappings()}


def _undo_url(answer: Any) -> str:
    cookie = next(value for name, value in answer.cookies.items() if name.endswith("patron-flash"))
    said = urlsafe_b64decode(cookie.strip('"').partition(".")[0]).decode()
    return "/customers/" + said.split("/customers/")[1].split('"')[0]


def test_an_address_left_out_ends_and_comes_back(client: Any, assembly: Assembly) -> None:
    ada = make_customer(assembly, emails=["old@example.com", "new@example.com"], phones=["+493012345678"])
    api = f"/api/v1/customers/{ada}"
    assert client.patch(api, json={"emails": ["new@example.com"]}).status_code == 200
    assert client.get(api).json()["emails"] == ["new@example.com"]
    old = _held(assembly)["old@example.com"]
    assert old["until"] is not None
    assert not old["is_primary"]
    with working(assembly) as ctx:
        assert contacts.holders_of(ctx, "email", ["old@example.com"]) == {}
    assert "old@example.com" in client.get(f"/customers/{ada}/profile").text
    assert "old@example.com" not in client.get(f"/customers/{ada}").text
    client.patch(api, json={"emails": ["old@example.com", "new@example.com"]})
    back = _held(assembly)["old@example.com"]
    assert (back["id"], back["until"], back["since"]) == (old["id"], None, None)
    assert client.get(api).json()["emails"] == ["old@example.com", "new@example.com"]


def test_how_they_are_reached_is_changed_on_the_profile(client: Any, assembly: Assembly) -> None:
    where = {"line1": "Kai 1", "postcode": "28195", "city": "Bremen", "country": "DE"}
    emails = ["a@example.com", "b@example.com"]
    ada = make_customer(
        assembly, emails=emails, addresses=[where, {**where, "line1": "Kai 2", "city": "Kiel"}]
    )
    api = f"/api/v1/customers/{ada}"
    held = _held(assembly)
    url = f"/customers/{ada}/points/{held['b@example.com']['id']}"
    sent = {"use": "shared", "label": "work", "since": "2020-01-02", "verified": "true", "is_primary": "true"}
    assert client.post(url, data=sent).status_code == 303
    row = _held(assembly)["b@example.com"]
    assert (row["use"], row["label"], row["since"].isoformat(), row["is_primary"]) == (
        "shared",
        "work",
        "2020-01-02",
        True,
    )
    assert row["verified_at"] is not None
    one = client.get(api).json()
    assert one["emails"] == ["b@example.com", "a@example.com"]
    assert one["primary_email"] == "b@example.com"
    for wrong in ({"use": "mine"}, {"use": "shared", "until": "2999-01-01"}, {**sent, "until": "2019-01-01"}):
        assert client.post(url, data=wrong).status_code == 422
    assert client.post(url, data={**sent, "until": "2024-05-06"}).status_code == 303
    one = client.get(api).json()
    assert (one["emails"], one["primary_email"]) == (["a@example.com"], "a@example.com")
    assert _held(assembly)["b@example.com"]["until"].isoformat() == "2024-05-06"
    kiel = next(value for value in held if "kiel" in value)
    made_main = {"use": "shared", "is_primary": "true"}
    client.post(f"/customers/{ada}/points/{held[kiel]['id']}", data=made_main)
    assert [a["city"] for a in client.get(api).json()["addresses"]] == ["Kiel", "Bremen"]
    assert client.get(api).json()["city"] == "Kiel"
    assert len(_held(assembly)) == 4  # the address stayed the one it was
    with assembly.database.read() as session:
        acts = session.execute(select(table(Audit).c.action).where(table(Audit).c.action == "reach")).all()
    assert len(acts) == 2


def test_of_a_kind_without_a_list_one_alone_is_the_main_one(assembly: Assembly) -> None:
    ada, h = make_customer(assembly), table(ContactHolder)
    with working(assembly) as ctx:
        given = [contacts.Point("fax", number) for number in ("+4930111", "+4930222")]
        contacts.replace_points(ctx, editing.load(ctx, assembly.resource("customers"), ada), "fax", given)
        second = ctx.session.execute(select(func.max(h.c.id))).scalar_one()
        points.change_point(ctx, ada, second, points.Reach("personal", is_primary=True))
        mine = select(h.c.is_primary).where(h.c.customer_id == ada).order_by(h.c.id)
        assert list(ctx.session.execute(mine).scalars()) == [False, True]
        (act,) = [row for row in of_record(ctx, "customers", ada) if row["action"] == "reach"]
        assert act["became"]["is_primary"] is True


def test_an_ended_address_that_was_a_mistake_goes_and_can_be_given_back(
    client: Any, assembly: Assembly
) -> None:
    ada = make_customer(assembly, emails=["ada@example.com", "typo@exmaple.com"])
    url = f"/customers/{ada}/points/{_held(assembly)['typo@exmaple.com']['id']}"
    assert client.post(f"{url}/delete").status_code == 409  # it lasts still
    client.post(url, data={"use": "personal", "label": "work", "until": "2024-05-06"})
    gone = client.post(f"{url}/delete")
    assert "typo@exmaple.com" not in _held(assembly)
    assert "typo@exmaple.com" not in {row["value"] for row in _rows(assembly, ContactPoint)}
    undo = _undo_url(gone)
    assert client.post(undo).status_code == 303
    row = _held(assembly)["typo@exmaple.com"]
    assert (row["label"], row["until"].isoformat()) == ("work", "2024-05-06")
    assert client.post(undo).status_code == 409


def test_a_relationship_ends_stays_and_one_alone_is_the_main_one(client: Any, assembly: Assembly) -> None:
    ada = make_customer(assembly)
    firms = [make_customer(assembly, name, "organisation") for name in ("Mill Ltd", "Loom Ltd")]
    base = f"/customers/{ada}"
    for firm in firms:
        sent = {"kind": "works_at", "to": firm, "role": "Clerk", "is_primary": "true"}
        assert client.post(f"{base}/relationships", data=sent).status_code == 303
    mill, loom = _rows(assembly, Relationship)
    assert (mill["is_primary"], loom["is_primary"]) == (False, True)
    sent = {"role": "Head", "since": "2020-01-01", "is_primary": "true"}
    assert client.post(f"{base}/relationships/{mill['id']}", data=sent).status_code == 303
    mill, loom = _rows(assembly, Relationship)
    assert (mill["role"], mill["is_primary"], loom["is_primary"]) == ("Head", True, False)
    ended = client.post(f"/customers/{firms[0]}/relationships/{mill['id']}/end", data={"until": "2024-01-31"})
    assert ended.status_code == 303
    mill, _ = _rows(assembly, Relationship)
    assert (mill["until"].isoformat(), mill["is_primary"]) == ("2024-01-31", False)
    early = {"role": "", "since": "2020-01-01", "until": "2019-01-01"}
    assert client.post(f"{base}/relationships/{mill['id']}", data=early).status_code == 422
    assert "Mill Ltd" in client.get(f"{base}/profile").text
    gone = client.post(f"{base}/relationships/{mill['id']}/delete")
    assert len(_rows(assembly, Relationship)) == 1
    undo = _undo_url(gone)
    assert client.post(undo).status_code == 303
    back = _rows(assembly, Relationship)[-1]
    assert (back["role"], back["until"].isoformat(), back["to_id"]) == ("Head", "2024-01-31", firms[0])
    assert client.post(undo).status_code == 409


def test_the_last_day_of_a_relationship_belongs_to_it(assembly: Assembly) -> None:
    ada, firm = make_customer(assembly), make_customer(assembly, "Mill Ltd", "organisation")
    with working(assembly) as ctx:
        today = ctx.now.date()
        for until in (today, today - timedelta(days=1)):
            relationships.relate(ctx, ada, firm, "works_at", until=until, is_primary=True)
        said = [(one.ended, one.is_primary) for one in relationships.related_to(ctx, ada)]
    assert said == [(False, True), (True, False)]


def test_a_name_ends_changes_goes_and_comes_back_for_who_removed_it(client: Any, assembly: Assembly) -> None:
    ada = make_customer(assembly)
    base = f"/customers/{ada}"
    client.post(f"{base}/names", data={"kind": "birth", "name": "Ada Byron", "hidden": "true"})
    (name,) = _rows(assembly, CustomerName)
    assert client.post(f"{base}/names/{name['id']}/end").status_code == 303
    (ended,) = _rows(assembly, CustomerName)
    assert ended["until"] is not None
    sent = {"kind": "former", "name": "Augusta Byron", "until": "1835-07-08"}
    assert client.post(f"{base}/names/{name['id']}", data=sent).status_code == 303
    (changed,) = _rows(assembly, CustomerName)
    assert (changed["match_key"], changed["hidden"]) == ("augusta byron", False)
    undo = _undo_url(client.post(f"{base}/names/{name['id']}/delete"))
    assert _rows(assembly, CustomerName) == []
    with app_client(assembly) as other:
        signed_in(other, user_id=make_user(assembly))
        assert other.post(undo).status_code == 404
    elsewhere = make_customer(assembly, "Bo Li")
    assert client.post(undo.replace(f"/{ada}/", f"/{elsewhere}/", 1)).status_code == 404
    assert client.post(undo).status_code == 303
    (back,) = _rows(assembly, CustomerName)
    assert (back["kind"], back["name"], back["until"].isoformat()) == (
        "former",
        "Augusta Byron",
        "1835-07-08",
    )
    assert "Removed a name" in client.get(f"{base}/history").text


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement of its own
def test_a_hidden_name_is_changed_unseen_and_shown_only_when_typed_again(
    client: Any, assembly: Assembly
) -> None:
    ada = make_customer(assembly)
    base = f"/customers/{ada}"
    client.post(f"{base}/names", data={"kind": "birth", "name": "Zanzibara", "hidden": "true"})
    (name,) = _rows(assembly, CustomerName)
    url = f"{base}/names/{name['id']}"
    kept = {"kind": "former", "name": "", "hidden": "true", "until": "2020-01-01"}
    assert client.post(url, data=kept).status_code == 303
    (row,) = _rows(assembly, CustomerName)
    assert (row["name"], row["kind"], row["until"].isoformat()) == ("Zanzibara", "former", "2020-01-01")
    assert client.post(url, data={"kind": "former", "name": ""}).status_code == 422
    gone = client.post(f"{url}/delete")
    pages = [client.get(f"{base}/profile"), client.get(f"{base}/history"), gone]
    assert not any("Zanzibara" in page.text + str(page.cookies) for page in pages)
    with pytest.raises(IndexError):
        _undo_url(gone)
    with assembly.database.read() as session:
        t = table(Audit)
        audit_id = session.execute(select(t.c.id).where(t.c.action == "unname")).scalar_one()
    assert client.post(f"{base}/deletions/{audit_id}/undo").status_code == 404
