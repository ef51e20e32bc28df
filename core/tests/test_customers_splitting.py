"""What a merge chooses, and what a split does with all that came in between."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from patron.assembly import Assembly
from patron.context import Context
from patron.customers import consents, merging, splitting
from patron.customers.came_since import arrivals
from patron.customers.models import Consent, ContactHolder, Customer, MergeJournal
from patron.errors import Invalid
from patron.interactions import services as interactions
from patron.interactions.models import MailLedger, Participant
from patron.records import table
from patron.resources import editing
from patron.system.models import FileLink
from patron.testing.faces import app_client, make_customer, signed_in, working
from sqlalchemy import event, insert, select


@pytest.fixture
def pair(assembly: Assembly) -> tuple[int, int]:
    bob = make_customer(assembly, "Bob Builder", emails=["bob@example.com"], language="en")
    robert = make_customer(
        assembly,
        "Robert Builder",
        emails=["robert@example.com", "bob@example.com"],
        language="de",
        note="likes tea",
    )
    return bob, robert


def row_of(ctx: Context, customer_id: int) -> dict[str, object]:
    t = table(Customer)
    found = dict(ctx.session.execute(select(t).where(t.c.id == customer_id)).mappings().one())
    return {name: value for name, value in found.items() if name not in ("version", "updated_at")}


def main_addresses(ctx: Context, customer_id: int) -> list[int]:
    h = table(ContactHolder)
    mine = select(h.c.contact_point_id).where(h.c.customer_id == customer_id, h.c.is_primary.is_(True))
    return list(ctx.session.execute(mine).scalars())


def test_each_value_is_chosen_and_comes_back(assembly: Assembly, pair: tuple[int, int]) -> None:
    bob, robert = pair
    with working(assembly) as ctx:
        before = {key: (row_of(ctx, key), main_addresses(ctx, key)) for key in pair}
        merge_id = merging.merge(ctx, bob, robert, ["name", "language", "primary_email"])
        kept = row_of(ctx, bob)
        assert (kept["name"], kept["language"], kept["note"]) == ("Robert Builder", "de", "likes tea")
        assert kept["primary_email"] == "robert@example.com"
        assert main_addresses(ctx, bob) == before[robert][1]
        splitting.split(ctx, merge_id)
        assert {key: (row_of(ctx, key), main_addresses(ctx, key)) for key in pair} == before


def test_what_was_edited_since_stays_with_the_survivor(assembly: Assembly, pair: tuple[int, int]) -> None:
    bob, robert = pair
    customers = assembly.resource("customers")
    with working(assembly) as ctx:
        merge_id = merging.merge(ctx, bob, robert, ["language"])
        editing.change(ctx, customers, bob, {"note": "prefers coffee"})
        assert splitting.plan(ctx, merge_id).edited == ["note"]
        splitting.split(ctx, merge_id)
        assert (row_of(ctx, bob)["note"], row_of(ctx, bob)["language"]) == ("prefers coffee", "en")
        assert row_of(ctx, robert)["note"] == "likes tea"


def test_only_what_can_be_chosen_is(assembly: Assembly, pair: tuple[int, int]) -> None:
    with working(assembly) as ctx, pytest.raises(Invalid, match="cannot be chosen"):
        merging.merge(ctx, *pair, ["id"])


def test_what_one_has_withdrawn_is_withdrawn(assembly: Assembly, pair: tuple[int, int]) -> None:
    bob, robert = pair
    with working(assembly) as ctx:
        consents.record_consent(ctx, robert, "newsletter", granted=False)
        consents.record_consent(ctx, robert, "offers", granted=True)
    with working(assembly) as ctx:
        consents.record_consent(ctx, bob, "newsletter", granted=True)
        ledger = select(table(Consent)).order_by(table(Consent).c.id)
        before = ctx.session.execute(ledger).mappings().all()
        merge_id = merging.merge(ctx, bob, robert)
        assert consents.decided(ctx, [bob], "newsletter") == {bob: False}
        assert consents.decided(ctx, [bob], "offers") == {bob: True}
        splitting.split(ctx, merge_id)
        assert ctx.session.execute(ledger).mappings().all() == before
        assert consents.decided(ctx, pair, "newsletter") == {bob: True, robert: False}


def test_what_came_since_goes_to_the_side_that_it_came_by(assembly: Assembly, pair: tuple[int, int]) -> None:
    bob, robert = pair
    party = interactions.Party
    with working(assembly) as ctx:
        theirs = interactions.log(ctx, "phone", [party("caller", robert)], subject="Theirs").thread_id
        mine = interactions.log(ctx, "phone", [party("caller", bob)], subject="Mine").thread_id
        merge_id = merging.merge(ctx, bob, robert)
    at_robert = party("from", bob, address="Robert@example.com")
    with working(assembly) as ctx:
        came = {
            "in their thread": interactions.log(ctx, "email", [party("caller", bob)], thread_id=theirs),
            "in my thread, from their address": interactions.log(ctx, "email", [at_robert], thread_id=mine),
            "from their address": interactions.log(ctx, "email", [at_robert], subject="New"),
            "from the address of both": interactions.log(
                ctx, "email", [party("from", bob, address="bob@example.com")], subject="Either"
            ),
            "by nothing": interactions.log(ctx, "meeting", [party("attendee", bob)], subject="Met"),
        }
        t = table(MergeJournal)
        entry = ctx.session.execute(select(t).where(t.c.id == merge_id)).mappings().one()
        words = {row.because for one in arrivals(ctx, entry) for row in one.rows}
        assert words == {"the conversation", "the address", "the record", ""}
        splitting.split(ctx, merge_id)
        p = table(Participant)
        owners = {row.interaction_id: row.customer_id for row in ctx.session.execute(select(p))}
        assert {word: owners[touch.key] for word, touch in came.items()} == {
            "in their thread": robert,
            "in my thread, from their address": bob,
            "from their address": robert,
            "from the address of both": bob,
            "by nothing": bob,
        }
        newest = max(came[word].at for word in ("in their thread", "from their address"))
        assert row_of(ctx, robert)["last_contact_at"] == newest


def test_files_go_along_and_come_back(assembly: Assembly, pair: tuple[int, int]) -> None:
    bob, robert = pair
    with app_client(assembly) as client:
        signed_in(client, "admin")
        sent = {"file": ("plan.txt", b"a plan", "text/plain")}
        assert client.post(f"/customers/{robert}/files", files=sent).status_code == 303
        assert client.post(f"/customers/{bob}/merge", data={"other": str(robert)}).status_code == 303
        assert "plan.txt" in client.get(f"/customers/{bob}/profile").text
        old = client.get(f"/api/v1/customers/{robert}", follow_redirects=False)
        assert (old.status_code, old.headers["location"]) == (308, f"/api/v1/customers/{bob}")
        assert 'href="/merges/1"' in client.get("/customers/duplicates").text
        page = client.get("/merges/1").text
        assert "Split into two again" in page
        assert client.post("/merges/1/split").status_code == 303
        assert "plan.txt" in client.get(f"/customers/{robert}/profile").text
        assert "This merge was undone." in client.get("/merges/1").text
    f = table(FileLink)
    with working(assembly) as ctx:
        assert ctx.session.execute(select(f.c.record_id)).scalars().all() == [robert]


def test_a_split_tells_of_the_mails_that_went_out_and_that_the_reader_may_read(
    assembly: Assembly, pair: tuple[int, int]
) -> None:
    bob, robert = pair
    with working(assembly) as ctx:
        merge_id = merging.merge(ctx, bob, robert)
        for subject, state, visibility in (
            ("Gone", "handed", "all"), ("Taken back", "recalled", "all"), ("Secret", "handed", "private"),
        ):  # fmt: skip
            party = interactions.Party("to", bob, "bob@example.com")
            touch = interactions.log(
                ctx, "email", [party], direction="out", subject=subject, visibility=visibility
            )
            values = {"message_id": f"<{touch.key}@x.test>", "recipient": "bob@example.com", "state": state,
                      "purpose": "contract", "attempts": 1, "due_at": ctx.now, "answer": "",
                      "envelope_from": "", "interaction_id": touch.key}  # fmt: skip
            ctx.session.execute(insert(table(MailLedger)).values(values))
    with app_client(assembly) as client:
        signed_in(client, "admin")
        page = client.get(f"/merges/{merge_id}").text
    assert [subject for subject in ("Gone", "Taken back", "Secret") if f"{subject} <" in page] == ["Gone"]


def test_a_form_chooses_field_by_field(assembly: Assembly, pair: tuple[int, int]) -> None:
    bob, robert = pair
    with app_client(assembly) as client:
        signed_in(client, "admin")
        page = client.get(f"/customers/{bob}/merge?other={robert}").text
        assert 'name="keep-language" value="other"' in page
        assert 'name="keep-note"' not in page, "only one of the two says something"
        form = {"other": str(robert), "keep-language": "other", "keep-name": "this"}
        assert client.post(f"/customers/{bob}/merge", data=form).status_code == 303
        one = client.get(f"/api/v1/customers/{bob}").json()
        assert (one["name"], one["language"], one["note"]) == ("Bob Builder", "de", "likes tea")


def _count(run: Counter[str], *_: object) -> None:
    run["statements"] += 1


def test_a_merge_takes_as_many_statements_for_many_touches(assembly: Assembly) -> None:
    counts = []
    for number in (1, 40):
        bob, robert = (make_customer(assembly, f"{name} {number}") for name in ("Bob", "Robert"))
        with working(assembly) as ctx:
            touch = interactions.log(ctx, "phone", [interactions.Party("caller", robert)], subject="Called")
            rows = [{"interaction_id": touch.key, "part": "cc", "customer_id": robert} for _ in range(number)]
            ctx.session.execute(insert(table(Participant)), rows)
        with working(assembly) as ctx:
            run = Counter[str]()
            listener = partial(_count, run)
            event.listen(ctx.session.connection(), "before_cursor_execute", listener)
            merging.merge(ctx, bob, robert)
            counts.append(run["statements"])
    assert counts[0] == counts[1]
    assert counts[0] <= 45
