"""History of another system: on its day, by its author, once, in its conversation, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from patron.accounts.models import Audit
from patron.assembly import Assembly
from patron.context import Context
from patron.digest import digest_of
from patron.imports import undo
from patron.imports.commands import run_import
from patron.imports.preview import errors_by_kind
from patron.interactions import services as interactions
from patron.interactions.models import Interaction, TimelineEntry
from patron.interactions.services import Party
from patron.records import table
from patron.statements import statement_count
from patron.system.models import OutboxEvent
from patron.testing.faces import app_client, make_user, signed_in
from sqlalchemy import func, select

PEOPLE = "Customer ID,First name,Last name,E-mail,Phone,Company\n7,Ada,Lo,ada@example.com,+49 30 1234567,Acme GmbH\n"
CALLS = (
    "Activity ID,Type,Date,Contact ID,E-mail,Author,Subject,Text,Thread\n"
    "a1,Call,2019-05-04 10:30,7,,Old Hand,Asked for chairs,Twenty of them,T1\n"
    "a2,Note,2019-05-06,,ada@example.com,{author},,Prefers oak,T1\n"
    "a3,Meeting,2019-06-01T09:00:00+02:00,,,,Fair,Met Ada,\n"
    "a4,Smoke signal,2019-06-01,7,,,Hm,,\n"
    "a5,Call,2019-06-02,8,,,Nobody,,\n"
    "a6,Call,soon,7,,,When,,\n"
)
ICS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:m1\r\nDTSTART;TZID=Europe/Berlin:20190704T140000\r\n"
    "SUMMARY:Visit with\r\n  coffee\r\nDESCRIPTION:About\\, oak\r\nORGANIZER;CN=Me:mailto:me@firm.example\r\n"
    "ATTENDEE:mailto:ada@example.com\r\nBEGIN:VALARM\r\nDESCRIPTION:Ring\r\nEND:VALARM\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:m2\r\nDTSTART;VALUE=DATE:20190705\r\nSUMMARY:Nobody there\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:m3\r\nSUMMARY:Cut"
)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def told(done: dict[str, Any]) -> tuple[int, ...]:
    return tuple(done[name] for name in ("rows", "created", "skipped", "rejected"))


def digest(assembly: Assembly) -> dict[str, Any]:
    journals = ("core_audit", "core_import", "core_outbox", "core_delivery")
    with assembly.database.read() as session:
        found = digest_of(Context(session, assembly))
        return {name: one for name, one in found.items() if not name.startswith(journals)}


def test_history_comes_on_its_day_by_its_author_once_and_goes_again(
    assembly: Assembly, tmp_path: Path
) -> None:
    run_import(assembly, "customers", write(tmp_path / "people.csv", PEOPLE), source="crm")
    make_user(assembly, "manager", email="max@firm.example", name="Max Author")
    before = digest(assembly)
    path = write(tmp_path / "calls.csv", CALLS.format(author="max@firm.example"))
    done = run_import(assembly, "interactions", path, source="crm")
    assert told(done) == (6, 2, 0, 4)
    i, t, o = table(Interaction), table(TimelineEntry), table(OutboxEvent)
    with assembly.database.read() as session:
        reasons = {row["reason"].split(":")[0] for row in errors_by_kind(session, done["import_id"])}
        said = session.execute(select(i).order_by(i.c.at)).all()
        lines = session.execute(select(t.c.actor_name).order_by(t.c.at, t.c.customer_id)).scalars().all()
        events = select(func.count()).where(o.c.name == "interactions.logged")
        assert session.execute(events).scalar_one() == 0
        a = table(Audit)
        noted = select(a.c.actor_name).where(a.c.resource == "interactions", a.c.action == "create")
        assert not {"Max Author", "Old Hand"} & set(session.execute(noted).scalars()), (
            "they did not import it"
        )
    assert reasons == {
        "Whose is it? The row names no customer by number, e-mail, phone or name.",
        "“Smoke signal” is no kind of touch; write call, e-mail, meeting, note, letter, …",
        "None of the people of this row is a customer whom you may see.",
        "“soon” is no date; write it like 2024-03-12 14",
    }
    assert [(one.channel, one.at.isoformat()) for one in said] == [
        ("phone", "2019-05-04T10:30:00+00:00"), ("note", "2019-05-06T00:00:00+00:00"),
    ]  # fmt: skip
    assert said[0].thread_id == said[1].thread_id
    assert (said[0].owner_id, said[1].owner_id is not None) == (None, True)
    assert lines == ["Old Hand", "Old Hand", "Max Author", "Max Author"]
    assert told(run_import(assembly, "interactions", path, source="crm")) == (6, 0, 2, 4)
    assert undo.undo(assembly, done["import_id"]).state == "undone"
    assert digest(assembly) == before


def test_a_calendar_is_history(assembly: Assembly, tmp_path: Path) -> None:
    run_import(assembly, "customers", write(tmp_path / "people.csv", PEOPLE), source="crm")
    done = run_import(assembly, "interactions", write(tmp_path / "old.ics", ICS))
    assert told(done) == (3, 1, 0, 2)
    with assembly.database.read() as session:
        met = session.execute(select(table(Interaction))).one()
    assert (met.channel, met.subject, met.body) == ("meeting", "Visit with coffee", "About, oak")
    assert met.at.isoformat() == "2019-07-04T12:00:00+00:00"


def test_a_conversation_that_went_on_stays(assembly: Assembly, tmp_path: Path) -> None:
    run_import(assembly, "customers", write(tmp_path / "people.csv", PEOPLE), source="crm")
    path = write(tmp_path / "calls.csv", CALLS.format(author=""))
    done = run_import(assembly, "interactions", path, source="crm")
    with assembly.database.write() as session:
        thread_id = session.execute(select(table(Interaction).c.thread_id).limit(1)).scalar_one()
        ctx = Context(session, assembly)
        interactions.log(ctx, "phone", [Party("caller", 1)], subject="Again", thread_id=thread_id)
    assert undo.undo(assembly, done["import_id"]).state == "part undone"
    with assembly.database.read() as session:
        assert session.execute(select(func.count()).select_from(table(Interaction))).scalar_one() == 3
        assert len(undo.kept_rows(session, done["import_id"])) == 2


def test_the_wizard_takes_history(assembly: Assembly) -> None:
    with app_client(assembly) as client:
        signed_in(client)
        assert client.get("/interactions/import/sample").text.startswith("\ufeffId,At,Kind")
        file = {"file": ("calls.csv", CALLS.format(author="").encode(), "text/csv")}
        url = str(client.post("/interactions/import", files=file).headers["location"])
        assert "Activity ID" in client.get(url).text
        assert client.post(f"{url}/map", data={"source": "crm"}).status_code == 303
        assert "Whose is it?" in client.get(url).text


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_many_touches_are_taken_back_in_as_many_statements_as_few(assembly: Assembly, tmp_path: Path) -> None:
    run_import(assembly, "customers", write(tmp_path / "people.csv", PEOPLE), source="crm")
    counted = []
    for many in (3, 24):
        rows = (f"{many}-{n},Call,2019-05-{n + 1:02},7,,,Call {n},,\n" for n in range(many))
        path = write(tmp_path / f"{many}.csv", CALLS.partition("\n")[0] + "\n" + "".join(rows))
        done = run_import(assembly, "interactions", path, source="crm")
        with statement_count() as count:
            assert undo.undo(assembly, done["import_id"]).state == "undone"
        counted.append(count.total)
    assert counted[0] == counted[1]
