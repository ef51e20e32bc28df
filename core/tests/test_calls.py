"""Telephone systems tell of calls: signed, once, within bounds; the right record opens; who it was is said later."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from patron import OpenCase
from patron.assembly import Assembly
from patron.calls import controllers, signing
from patron.calls.models import Call
from patron.context import Context
from patron.customers import relationships
from patron.hookspecs import hookimpl
from patron.interactions import services as interactions
from patron.interactions.models import Interaction, Participant
from patron.interactions.services import Party
from patron.records import table, utc_now
from patron.testing.faces import app_client, make_customer, make_user, signed_in, working
from sqlalchemy import func, select

NUMBER = "+493012345678"


class Cases:
    """A module with an open case for one customer."""

    def __init__(self) -> None:
        self.of: list[int] = []

    @hookimpl
    def find_open_cases(self, ctx: Context, customers: Sequence[int]) -> Sequence[OpenCase]:
        return [OpenCase("T-1 Broken", "/cases/1", key, ctx.now) for key in customers if key in self.of]


@pytest.fixture
def cases() -> Cases:
    return Cases()


@pytest.fixture
def plugins(cases: Cases) -> dict[str, Any]:
    return {"cases": cases}


@pytest.fixture
def client(assembly: Assembly) -> Iterator[Any]:
    with app_client(assembly) as made:
        signed_in(made)
        yield made


def _connect(client: Any) -> str:
    page = client.post("/admin/telephony", data={"name": "Head office", "country": "DE"})
    found = re.search(r"<code>(whsec_[^<]+)</code>", page.text)
    assert found is not None
    assert found[1] not in client.get("/admin/telephony").text
    return found[1]


def _tell(client: Any, secret: str, *, line: int = 1, age: int = 0, **told: Any) -> Any:
    body = json.dumps({"call": "a1", "event": "ringing", "from": "030 12345678", **told}).encode()
    at = int(time.time()) - age
    headers = {"webhook-id": "m1", "webhook-timestamp": str(at), "content-type": "application/json",
               "webhook-signature": signing.signature(secret, "m1", at, body)}  # fmt: skip
    return client.post(f"/hooks/telephony/{line}", content=body, headers=headers)


def _rows(assembly: Assembly, model: Any) -> list[dict[str, Any]]:
    t = table(model)
    with assembly.database.read() as session:
        return [dict(row) for row in session.execute(select(t).order_by(t.c.id)).mappings()]


def test_one_call_is_one_touch_however_often_and_in_whichever_order_it_is_told(
    client: Any, assembly: Assembly
) -> None:
    ada = make_customer(assembly, phones=[NUMBER])
    kim = make_user(assembly, "user", email="kim@firm.example", name="Kim")
    secret = _connect(client)
    assert _tell(client, secret).json()["outcome"] == "noted"
    assert _tell(client, secret).json()["outcome"] == "repeated"
    assert _tell(client, secret, event="answered", agent="Kim@firm.example").json()["outcome"] == "noted"
    ended = _tell(client, secret, event="ended", seconds=63).json()
    assert ended["outcome"] == "noted"
    assert _tell(client, secret, event="ringing").json() == {**ended, "outcome": "repeated"}
    assert _tell(client, secret, event="ended", seconds=99).json()["outcome"] == "repeated"
    (call,), (touch,), (party,) = (_rows(assembly, model) for model in (Call, Interaction, Participant))
    assert (call["state"], call["user_id"]) == ("ended", kim)
    assert (touch["channel"], touch["duration_seconds"], touch["owner_id"]) == ("phone", 63, kim)
    assert (party["customer_id"], party["address"]) == (ada, NUMBER)
    taken = client.get(f"/api/v1/customers/{ada}/timeline?who={kim}").json()["items"]
    assert [(line["title"], line["actor"]) for line in taken] == [("Call", "Kim")]
    assert _tell(client, secret, call="a2", at="2999-01-01T00:00:00Z").status_code == 200
    with assembly.database.read() as session:
        assert session.execute(select(func.max(table(Interaction).c.at))).scalar_one() <= utc_now()


def test_what_is_not_signed_or_old_or_of_another_line_is_refused(client: Any, assembly: Assembly) -> None:
    secret = _connect(client)
    forged = _tell(client, signing.make_secret())
    assert (forged.status_code, forged.json()["title"]) == (401, "Not signed")
    assert _tell(client, secret, age=3600).status_code == 401
    assert _tell(client, secret, line=2).status_code == 401
    assert client.post("/hooks/telephony/1", json={"call": "a1"}).status_code == 401
    for wrong in ({"name": "Head office"}, {"name": "Branch", "country": "Atlantis"}):
        page = client.post("/admin/telephony", data=wrong)
        assert (page.status_code, "whsec_" in page.text) == (422, False)
        assert f'value="{wrong["name"]}"' in page.text
    assert _tell(client, secret, event="exploded").status_code == 422
    assert "exploded" not in client.get("/admin/telephony").text
    assert "An event is one of" in client.get("/admin/telephony").text
    assert _rows(assembly, Call) == []
    client.post("/admin/telephony/1/switch")
    assert _tell(client, secret).status_code == 401


def test_a_line_and_a_stranger_are_held_to_a_rate(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = _connect(client)
    monkeypatch.setattr(controllers, "PER_LINE", 2)
    monkeypatch.setattr(controllers, "PER_STRANGER", 1)
    assert [_tell(client, secret, call=str(n)).status_code for n in range(3)] == [200, 200, 429]
    assert [_tell(client, "whsec_QUJD").status_code for _ in range(2)] == [401, 429]


def test_the_right_record_opens(client: Any, assembly: Assembly, cases: Cases) -> None:
    mill = make_customer(assembly, "Mill Ltd", "organisation")
    ada = make_customer(assembly, phones=[NUMBER])
    with working(assembly) as ctx:
        relationships.relate(ctx, ada, mill, "works_at")
    secret = _connect(client)
    told = _tell(client, secret).json()
    opened = told["pop"].removeprefix("https://testserver.local")
    assert client.get(opened).headers["location"] == f"/customers/{ada}"
    cases.of = [mill]
    assert client.get(opened).headers["location"] == "/cases/1"
    assert client.get("/calls/pop?number=030%2012345678").headers["location"] == "/cases/1"
    unknown = client.get("/calls/pop?number=%2B4940999999").headers["location"]
    assert unknown == "/calls/unknown?number=%2B4940999999"
    cases.of = []
    make_customer(assembly, "Bo Lovelace", phones=[NUMBER])
    choice = client.get("/calls/pop?number=%2B493012345678")
    assert choice.status_code == 200
    assert "Ada Lovelace" in choice.text
    assert "Bo Lovelace" in choice.text
    assert 'data-hotkey="o"' in client.get("/calls").text


def test_an_unknown_caller_is_attached_in_one_key_and_known_from_then_on(
    client: Any, assembly: Assembly
) -> None:
    mill = make_customer(assembly, "Mill Ltd", "organisation", phones=["+4930123450"])
    secret = _connect(client)
    _tell(client, secret, call="a1")
    _tell(client, secret, call="a2", event="missed")
    page = client.get("/calls/unknown").text
    assert re.search(r'data-hotkey="1"[^>]*>.*?It is Mill Ltd', page, re.DOTALL)
    party = _rows(assembly, Participant)[-1]["id"]
    assert client.post(f"/calls/unknown/{party}", data={"customer": mill}).status_code == 303
    assert {row["customer_id"] for row in _rows(assembly, Participant)} == {mill}
    assert "No unknown callers" in client.get("/calls/unknown").text
    titles = [e["title"] for e in client.get(f"/api/v1/customers/{mill}/timeline").json()["items"]]
    assert sorted(titles) == ["Call", "Missed call"]
    assert client.get(f"/api/v1/customers/{mill}").json()["phones"] == ["+4930123450", NUMBER]
    _tell(client, secret, call="a3")
    assert _rows(assembly, Participant)[-1]["customer_id"] == mill
    assert client.post(f"/calls/unknown/{party}", data={"customer": mill}).status_code == 422


def test_an_intent_is_set_by_rule_or_in_one_key(client: Any, assembly: Assembly) -> None:
    rule = {
        "name": "Wants out",
        "channel": "",
        "words": "cancel, kündigen",
        "intent": "cancel",
        "position": "1",
    }
    assert client.post("/intent_rules/new", data={**rule, "intent": "dance"}).status_code == 422
    assert client.post("/intent_rules/new", data={**rule, "active": "true"}).status_code == 303
    ada = make_customer(assembly)
    with working(assembly) as ctx:
        by_rule = interactions.log(ctx, "phone", [Party("caller", ada)], body="Möchte KÜNDIGEN.")
        assert by_rule.intent == "cancel"
        assert (
            interactions.log(ctx, "phone", [Party("caller", ada)], body="The cancellation came.").intent == ""
        )
        assert interactions.log(ctx, "phone", [Party("to", ada)], body="cancel", direction="out").intent == ""
        chosen = interactions.log(ctx, "phone", [Party("caller", ada)], body="cancel", intent="praise")
        assert chosen.intent == "praise"
        plain = interactions.log(ctx, "phone", [Party("caller", ada)], body="Hello").key
    page = client.get(f"/interactions/{plain}").text
    assert 'data-hotkey="3"' in page
    assert client.post(f"/interactions/{plain}/intent", data={"intent": "complaint"}).status_code == 303
    assert client.get(f"/api/v1/interactions/{plain}").json()["intent"] == "complaint"


def test_a_call_is_logged_with_three_keys(client: Any, assembly: Assembly) -> None:
    """“l” opens the composer, Ctrl and Enter log: nothing else has to be chosen."""
    ada = make_customer(assembly)
    page = client.get(f"/customers/{ada}").text
    form = page.split(f'action="/customers/{ada}/log"', 1)[1].split("</form>", 1)[0]
    assert 'data-hotkey="l"' in form
    assert 'data-hotkey="mod+enter"' in form
    names = dict(re.findall(r'<input type="radio" name="(\w+)" value="(\w+)"[^>]* checked', form))
    assert client.post(f"/customers/{ada}/log", data={"body": "Asks for desks", **names}).status_code == 303
    with assembly.database.read() as session:
        t = table(Interaction)
        assert session.execute(select(func.count()).where(t.c.channel == "phone")).scalar_one() == 1


def test_who_may_not_see_the_customer_sees_the_number_alone(assembly: Assembly) -> None:
    other = make_user(assembly, "user", team="South")
    make_customer(assembly, "Hidden", phones=[NUMBER], owner=other)
    with app_client(assembly) as client:
        signed_in(client)
        secret = _connect(client)
        told = _tell(client, secret, agent="kim@firm.example", at=None).json()
        signed_in(client, "user", team="North")
        page = client.get("/calls").text
        assert "Hidden" not in page
        opened = client.get(told["pop"].removeprefix("https://testserver.local"))
        assert opened.status_code == 404
