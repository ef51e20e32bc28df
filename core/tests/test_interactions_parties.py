"""Who took part: several, someone unknown who is named later, and one who was wrong and is corrected with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from patron.accounts.models import Audit, AuditValue
from patron.assembly import Assembly
from patron.customers import relationships
from patron.customers.models import Customer
from patron.interactions import services as interactions
from patron.interactions.log_controllers import _parties as parties_of
from patron.interactions.models import Interaction, Mailbox, Participant, TimelineEntry
from patron.interactions.services import Party
from patron.records import table
from patron.statements import statement_count
from patron.testing.faces import app_client, make_customer, make_user, signed_in, working
from sqlalchemy import insert, select, update


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Any]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def _titles(client: Any, customer_id: int) -> list[str]:
    return [e["title"] for e in client.get(f"/api/v1/customers/{customer_id}/timeline").json()["items"]]


def _parties(assembly: Assembly, interaction_id: int) -> list[dict[str, Any]]:
    t = table(Participant)
    with assembly.database.read() as session:
        statement = select(t).where(t.c.interaction_id == interaction_id).order_by(t.c.id)
        return [dict(row) for row in session.execute(statement).mappings()]


def _last_contact(assembly: Assembly, customer_id: int) -> Any:
    t = table(Customer)
    with assembly.database.read() as session:
        return session.execute(select(t.c.last_contact_at).where(t.c.id == customer_id)).scalar_one()


def test_a_wrong_party_is_corrected_with_a_reason_and_the_lines_move(client: Any, assembly: Assembly) -> None:
    ada, bo = make_customer(assembly), make_customer(assembly, "Bo Li")
    mill, loom = (make_customer(assembly, name, "organisation") for name in ("Mill Ltd", "Loom Ltd"))
    with working(assembly) as ctx:
        relationships.relate(ctx, ada, mill, "works_at")
        relationships.relate(ctx, bo, loom, "works_at")
        touch = interactions.log(ctx, "phone", [Party("caller", ada, "+4930")], body="Asks for desks").key
        ctx.session.execute(update(table(TimelineEntry)).values(face="staff"))
    assert _titles(client, ada) == ["Call from Ada Lovelace"]
    assert _titles(client, mill) == ["Call from Ada Lovelace (Ada Lovelace)"]
    (party,) = _parties(assembly, touch)
    url, sent = f"/interactions/{touch}/attach", {"participant": party["id"], "customer": bo}
    assert client.post(url, data=sent).status_code == 422  # without a reason
    assert _parties(assembly, touch)[0]["customer_id"] == ada
    assert client.post(url, data={**sent, "reason": "He shares her desk"}).status_code == 303
    assert (_titles(client, ada), _titles(client, mill)) == ([], [])
    assert _titles(client, bo) == ["Call from Bo Li"]
    assert _titles(client, loom) == ["Call from Bo Li (Bo Li)"]
    with assembly.database.read() as session:
        assert set(session.execute(select(table(TimelineEntry).c.face)).scalars()) == {"staff"}
    assert _last_contact(assembly, ada) is None
    assert _last_contact(assembly, bo) is not None
    page = client.get(f"/interactions/{touch}").text
    assert "He shares her desk" in page
    assert "That was someone else" in page
    with assembly.database.read() as session:
        a, v = table(Audit), table(AuditValue)
        noted = select(v.c.was, v.c.became).join(a, a.c.id == v.c.audit_id).where(a.c.action == "attribute")
        (row,) = session.execute(noted).all()
    assert (row.was["participant"], row.became["participant"]) == (ada, bo)
    assert row.became["reason"] == "He shares her desk"
    cleared = {"participant": party["id"], "customer": "", "reason": "Nobody knows"}
    assert client.post(url, data=cleared).status_code == 303
    assert _titles(client, bo) == []
    assert _parties(assembly, touch)[0]["customer_id"] is None


def test_who_may_not_see_the_party_cannot_replace_it(assembly: Assembly) -> None:
    mine = make_user(assembly, "user", team="North")
    with app_client(assembly) as client:
        signed_in(client, user_id=mine)
        own = make_customer(assembly, "Own", owner=mine)
        hidden = make_customer(assembly, "Hidden", owner=make_user(assembly, "user", team="South"))
        with working(assembly) as ctx:
            touch = interactions.log(ctx, "phone", [Party("caller", hidden), Party("attendee", own)])
            touch.owner_id = mine
            touch_id = touch.key
        party = _parties(assembly, touch_id)[0]["id"]
        sent = {"participant": party, "customer": own, "reason": "mine"}
        assert client.post(f"/interactions/{touch_id}/attach", data=sent).status_code == 404
        assert _parties(assembly, touch_id)[0]["customer_id"] == hidden
        page = client.get(f"/interactions/{touch_id}").text
        assert "Hidden" not in page
        assert page.count("Who is this?") == 0


def test_a_touch_has_several_parties_an_unknown_one_and_a_thread(client: Any, assembly: Assembly) -> None:
    ada, bo = make_customer(assembly), make_customer(assembly, "Bo Li")
    assert client.get("/interactions/log").status_code == 200
    sent = {
        "channel": "meeting",
        "customer": ada,
        "customer_2": bo,
        "caller_name": "A visitor",
        "subject": "Showroom",
    }
    answer = client.post("/interactions/log", data=sent)
    touch = int(answer.headers["location"].rsplit("/", 1)[1])
    parties = _parties(assembly, touch)
    assert [(p["part"], p["customer_id"], p["name"]) for p in parties] == [
        ("attendee", ada, "Ada Lovelace"),
        ("attendee", bo, "Bo Li"),
        ("attendee", None, "A visitor"),
    ]
    assert _titles(client, ada) == _titles(client, bo) == ["Showroom"]
    cleo = make_customer(assembly, "Cleo")
    named = {"participant": parties[2]["id"], "customer": cleo}
    assert client.post(f"/interactions/{touch}/attach", data=named).status_code == 303
    assert _titles(client, cleo) == ["Showroom"]
    thread = client.get(f"/interactions/{touch}").text.split("/interactions/log?thread=")[1].split('"')[0]
    assert "Showroom" in client.get(f"/interactions/log?thread={thread}").text
    assert f'value="{thread}"' in client.get(f"/interactions/log?customer={ada}").text
    again = {"customer": ada, "thread": thread, "body": "Called back"}
    second = client.post("/interactions/log", data=again).headers["location"]
    page = client.get(second).text
    assert "Called back" in page
    assert page.count('id="touch-') == 2  # one conversation


def test_an_unknown_caller_alone_is_logged_and_what_is_wrong_keeps_the_form(client: Any) -> None:
    empty = client.post("/interactions/log", data={"body": "Somebody rang"})
    assert empty.status_code == 422
    assert "Somebody rang" in empty.text
    assert client.post("/interactions/log", data={"caller_address": "+49301"}).status_code == 422
    assert client.post("/interactions/log", data={"body": "x", "customer": "99999"}).status_code == 404
    assert (
        client.post("/interactions/log", data={"body": "x", "caller_name": "A", "thread": "9999"}).status_code
        == 404
    )
    made = client.post("/interactions/log", data={"body": "Somebody rang", "caller_address": "+49 301"})
    page = client.get(made.headers["location"]).text
    assert "+49 301" in page
    assert "Who is this?" in page


def test_the_api_logs_the_same(client: Any, assembly: Assembly) -> None:
    ada = make_customer(assembly)
    given = {"channel": "phone", "body": "Asks", "parties": [{"customer": str(ada)}, {"name": "A colleague"}]}
    answer = client.post("/api/v1/interactions/log", json=given)
    assert answer.status_code == 200
    made = answer.json()
    assert [p["part"] for p in _parties(assembly, int(made["id"]))] == ["caller", "attendee"]
    more = {"body": "Again", "thread": made["thread"], "parties": [{"customer": str(ada)}]}
    assert client.post("/api/v1/interactions/log", json=more).json()["thread"] == made["thread"]
    for wrong in (
        {**given, "parties": []},
        {**given, "colour": "red"},
        {**given, "parties": [{"part": "boss"}]},
    ):
        assert client.post("/api/v1/interactions/log", json=wrong).status_code == 422
    bad = {**given, "parties": "everybody"}
    assert client.post("/api/v1/interactions/log", json=bad).status_code == 422


def test_many_parties_cost_no_more_statements_than_one(assembly: Assembly) -> None:
    people = [make_customer(assembly, f"Person {number}") for number in range(6)]
    counted = []
    with working(assembly) as ctx:
        for some in (people[:1], people):
            with statement_count() as count:
                found = parties_of(ctx, [{"customer": key} for key in some], "meeting", "in")
            assert [party.name for party in found] == [f"Person {number}" for number in range(len(some))]
            counted.append(count.total)
    assert counted == [1, 1]


def test_only_parties_outside_the_firm_make_a_touch_bulk(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        ctx.session.execute(
            insert(table(Mailbox)).values(
                name="Info", address="info@firm.example", settings={}, created_at=ctx.now, updated_at=ctx.now,
                version=1, active=True, module="core", secret="", uidvalidity=0, last_uid=0, last_error="", fetched=0,
            )
        )  # fmt: skip
    make_user(assembly, email="sofia@firm.example")
    others = [Party("to", None, f"p{number}@else.example") for number in range(20)]
    ours = [Party("from", None, "Info@firm.example"), Party("cc", None, "sofia@firm.example")]
    with working(assembly) as ctx:
        few = interactions.log(ctx, "email", [*others, *ours, others[0]]).key
        many = interactions.log(ctx, "email", [*others, *ours, Party("to", None, "one@more.example")]).key
        t = table(Interaction)
        found = dict(ctx.session.execute(select(t.c.id, t.c.bulk)).all())
    assert (found[few], found[many]) == (False, True)
