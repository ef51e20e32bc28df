"""Imports of customers applied: every row has an end, a second run makes nothing, nobody is merged by chance."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patron.accounts.models import Audit, AuditValue, Role, User, UserRole
from patron.assembly import Assembly, assemble
from patron.bulk import insert_rows, take_ids, update_rows
from patron.context import Context
from patron.customers.models import (
    ContactHolder,
    ContactPoint,
    Customer,
    CustomerRole,
    ExternalId,
    Relationship,
)
from patron.db import Database
from patron.errors import Conflict, Invalid
from patron.imports import engine, staging
from patron.imports.commands import resume_import, run_import
from patron.imports.pace import Pace
from patron.interactions.models import TimelineEntry
from patron.records import table, utc_now
from patron.resources import editing, search
from patron.settings import Settings
from patron.system.models import Import, ImportRow, OutboxEvent, SearchEntry
from sqlalchemy import func, insert, select, update


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    settings = Settings(
        database_url=database.url, secret_key="s" * 40, modules=(), folder=str(tmp_path), files_dir="files"
    )
    assembly = assemble(settings)
    yield assembly
    assembly.database.dispose()


def write(path: Path, *rows: Sequence[str]) -> Path:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    path.write_text(buffer.getvalue(), encoding="utf-8")
    return path


def count(site: Assembly, model: Any, *conditions: Any) -> int:
    with site.database.read() as session:
        return int(
            session.execute(select(func.count()).select_from(table(model)).where(*conditions)).scalar_one()
        )


def customers(site: Assembly) -> list[Any]:
    with site.database.read() as session:
        return list(session.execute(select(table(Customer)).order_by(table(Customer).c.id)))


def told(result: dict[str, Any]) -> tuple[int, ...]:
    return tuple(result[name] for name in ("rows", "created", "updated", "skipped", "rejected"))


HEAD = ("Customer ID", "First name", "Last name", "E-mail", "Phone", "City", "Company", "Job title", "Notes")
ANNA = (
    "1",
    "Anna",
    "Schmidt",
    "anna@example.com",
    "+49 30 1234567",
    "Berlin",
    "Acme GmbH",
    "Buyer",
    "Likes tea",
)
BEN = ("2", "Ben", "Weber", "ben@example.com", "+49 30 1234568", "Köln", "ACME", "Seller", "")


def test_everything_of_a_row_is_there(site: Assembly, tmp_path: Path) -> None:
    path = write(tmp_path / "people.csv", HEAD, ANNA, BEN, ("3", "", "", "broken@", "", "", "", "", ""))
    assert told(run_import(site, "customers", path)) == (3, 2, 0, 0, 1)
    anna, ben, *rest = (row for row in customers(site) if row.kind == "person")
    (acme,) = (row for row in customers(site) if row.kind == "organisation")
    assert not rest
    assert (anna.name, anna.primary_email, anna.city, anna.source) == (
        "Anna Schmidt",
        "anna@example.com",
        "Berlin",
        "people",
    )
    relation = table(Relationship)
    with site.database.read() as session:
        works = session.execute(select(relation.c.from_id, relation.c.to_id, relation.c.role)).all()
        assert [tuple(row) for row in works] == [(anna.id, acme.id, "Buyer"), (ben.id, acme.id, "Seller")]
        ctx = Context(session, site)
        assert [found.id for found in search.find(ctx, "anna schm")] == [anna.id]
        assert session.execute(select(table(TimelineEntry).c.body)).scalars().all() == ["Likes tea"]
        became = session.execute(
            select(table(AuditValue).c.became).where(table(AuditValue).c.customer_id == anna.id)
        )
        assert became.scalar_one()["emails"] == ["anna@example.com"]
    assert count(site, SearchEntry) == count(site, Audit) == 3
    assert count(site, ExternalId) == 2
    assert count(site, CustomerRole) == 2
    assert count(site, ContactPoint) == count(site, ContactHolder) == 6
    assert count(site, OutboxEvent, table(OutboxEvent).c.name == "customers.imported") >= 1
    assert count(site, OutboxEvent, table(OutboxEvent).c.name == "customers.created") == 0


def test_a_second_run_creates_nothing_and_a_changed_row_updates(site: Assembly, tmp_path: Path) -> None:
    path = write(tmp_path / "people.csv", HEAD, ANNA, BEN, ("", "Only", "Name", "", "", "", "", "", ""))
    assert told(run_import(site, "customers", path)) == (3, 3, 0, 0, 0)
    assert told(run_import(site, "customers", path)) == (3, 0, 0, 3, 0)
    moved = ("1", "Anna", "Schmidt-Meyer", "anna@new.example", *ANNA[4:])
    changed = write(tmp_path / "changed.csv", HEAD, moved, BEN, ("", "Only", "Name", "", "", "", "", "", ""))
    assert told(run_import(site, "customers", changed, source="people")) == (3, 0, 1, 2, 0)
    anna = next(row for row in customers(site) if row.family_name == "Schmidt-Meyer")
    assert (anna.primary_email, anna.version) == ("anna@new.example", 2)
    holder = table(ContactHolder)
    assert count(site, ContactHolder, holder.c.customer_id == anna.id) == 4  # the old address stays
    assert told(run_import(site, "customers", changed, source="people")) == (3, 0, 0, 3, 0)
    assert count(site, Relationship) == 2


def test_an_address_that_ended_is_nobodys_and_comes_back_with_its_own_row(
    site: Assembly, tmp_path: Path
) -> None:
    run_import(site, "customers", write(tmp_path / "people.csv", HEAD, ANNA), source="people")
    anna, holder = next(row for row in customers(site) if row.family_name == "Schmidt"), table(ContactHolder)
    mine = (holder.c.customer_id == anna.id) & holder.c.until.is_(None)
    with site.database.write() as session:
        session.execute(update(holder).where(mine).values(until=date(2026, 1, 1), is_primary=False))
    other = ("", "Anna", "Schmidt", "anna@example.com", "", "", "", "", "")
    assert told(run_import(site, "customers", write(tmp_path / "other.csv", HEAD, other))) == (1, 1, 0, 0, 0)
    again = write(tmp_path / "again.csv", HEAD, ANNA)
    assert told(run_import(site, "customers", again, source="people")) == (1, 0, 1, 0, 0)
    assert count(site, ContactHolder, mine, holder.c.is_primary) == 3
    value = table(AuditValue)
    with site.database.read() as session:
        told_of = select(value.c.was).where(value.c.customer_id == anna.id).order_by(value.c.id.desc())
        was = session.execute(told_of.limit(1)).scalar_one()
    assert was["emails"] == [], "what had ended was not held before"
    assert told(run_import(site, "customers", again, source="people")) == (1, 0, 0, 1, 0)


def test_rows_of_one_file_that_are_one_customer_become_one(site: Assembly, tmp_path: Path) -> None:
    twice = ("", "Anna", "Schmidt", "anna@example.com", "", "Berlin", "", "", "")
    more = ("", "A.", "Schmidt", "anna@example.com", "+49 30 7654321", "", "", "", "")
    path = write(tmp_path / "twice.csv", HEAD, twice, twice, more)
    assert told(run_import(site, "customers", path)) == (3, 1, 1, 1, 0)


def test_a_role_address_merges_no_persons(site: Assembly, tmp_path: Path) -> None:
    path = write(
        tmp_path / "role.csv", HEAD,
        ("", "Anna", "Schmidt", "info@acme.example", "", "", "", "", ""),
        ("", "Ben", "Weber", "info@acme.example", "", "", "", "", ""),
    )  # fmt: skip
    assert told(run_import(site, "customers", path, match="email")) == (2, 2, 0, 0, 0)
    assert count(site, ContactPoint) == 1
    with site.database.read() as session:
        uses = session.execute(select(table(ContactHolder).c.use)).scalars().all()
    assert uses == ["role", "role"]


def test_two_persons_who_share_an_address_stay_two(site: Assembly, tmp_path: Path) -> None:
    path = write(
        tmp_path / "couple.csv", HEAD,
        ("", "Anna", "Schmidt", "home@schmidt.example", "", "", "", "", ""),
        ("", "Ben", "Schmidt", "home@schmidt.example", "", "", "", "", ""),
    )  # fmt: skip
    assert told(run_import(site, "customers", path)) == (2, 2, 0, 0, 0)
    copy = write(
        tmp_path / "copy.csv",
        *csv.reader(path.read_text().splitlines()),
        ["", "Cid", "X", "c@x.example"] + [""] * 5,
    )
    assert told(run_import(site, "customers", copy)) == (3, 1, 0, 2, 0)


def test_same_names_in_two_cities_are_two_organisations(site: Assembly, tmp_path: Path) -> None:
    path = write(
        tmp_path / "orgs.csv", ("Company", "Street", "City"), ("Acme GmbH", "Weg 1", "Berlin"),
        ("ACME", "Weg 2", "Hamburg"), ("Acme GmbH", "Weg 1", "Berlin"),
    )  # fmt: skip
    assert told(run_import(site, "customers", path)) == (3, 2, 0, 1, 0)


def test_a_column_named_role_reaches_no_rights(site: Assembly, tmp_path: Path) -> None:
    path = write(tmp_path / "role.csv", ("Name", "role", "standing"), ("Anna Schmidt", "admin", "unverified"))
    with pytest.raises(Invalid):
        run_import(site, "customers", path, mapping={"standing": "standing"})
    with pytest.raises(Invalid):
        run_import(site, "customers", path, mapping={"role": "owner_id"})
    run_import(site, "customers", path)
    assert [row.standing for row in customers(site)] == ["known"]
    assert count(site, UserRole) == 0


def test_a_dry_run_decides_the_same_and_changes_nothing(site: Assembly, tmp_path: Path) -> None:
    rows = [
        HEAD,
        ANNA,
        BEN,
        ANNA,
        ("", "Anna", "Schmidt", "anna@example.com", "+49 30 99887766", *[""] * 4),
        ("x",),
    ]
    path = write(tmp_path / "people.csv", *rows)
    checked = run_import(site, "customers", path, dry_run=True)
    assert told(checked) == (5, 2, 1, 1, 1)
    assert [effect["state"] for effect in checked["first"]] == ["created", "created", "skipped", "updated"]
    assert checked["errors"][0]["number"] == 1
    assert not customers(site)
    assert count(site, ContactPoint) == 0
    assert count(site, Audit) == 0
    assert told(run_import(site, "customers", path)) == told(checked)


def test_refused_rows_come_back_as_a_file_that_can_be_imported(site: Assembly, tmp_path: Path) -> None:
    bad = ("9", "=HYPERLINK(1)", "Weber", "ben@", "+49 30 5556677", *[""] * 4)
    path, rejects = write(tmp_path / "people.csv", HEAD, ANNA, bad), tmp_path / "rejects.csv"
    run_import(site, "customers", path, rejects_path=rejects)
    header, row = csv.reader(rejects.read_text("utf-8-sig").splitlines())
    assert header == [*HEAD, "Import line", "Import field", "Import reason"]
    assert row[1] == "'=HYPERLINK(1)"
    assert row[9:11] == ["3", "email"]
    assert row[11]
    assert row[4] == "'+49 30 5556677"
    row[1], row[3] = "Ben", "ben@example.com"
    mended = write(tmp_path / "mended.csv", header, row)
    assert told(run_import(site, "customers", mended, source="people")) == (1, 1, 0, 0, 0)
    assert {one.name for one in customers(site)} == {"Anna Schmidt", "Ben Weber", "Acme GmbH"}
    assert "+49305556677" in {one.primary_phone for one in customers(site)}


def test_an_address_book_goes_the_same_way(site: Assembly, tmp_path: Path) -> None:
    path = tmp_path / "book.vcf"
    path.write_text(
        "BEGIN:VCARD\nVERSION:3.0\nFN:Anna Schmidt\nEMAIL:anna@example.com\nORG:Acme GmbH\nEND:VCARD\nBEGIN:VCARD\nX"
    )
    assert told(run_import(site, "customers", path)) == (2, 1, 0, 0, 1)
    assert told(run_import(site, "customers", path)) == (2, 0, 0, 1, 1)


CELL = st.sampled_from(
    [
        "",
        "Anna",
        "Ben",
        "a@b.example",
        "b@b.example",
        "info@b.example",
        "a@",
        "+49 30 123456",
        "12",
        "Acme GmbH",
        "x;y",
    ]
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELL, min_size=0, max_size=10), max_size=12))
def test_every_row_has_one_end(site: Assembly, tmp_path: Path, rows: list[list[str]]) -> None:
    path = write(tmp_path / "any.csv", HEAD, *(row for row in rows if any(row)))
    first = run_import(site, "customers", path)
    assert sum(told(first)[1:]) == first["rows"] == sum(any(row) for row in rows)
    states = table(ImportRow).c
    assert count(site, ImportRow, states.import_id == first["import_id"], states.state == "staged") == 0
    before = count(site, Customer)
    assert run_import(site, "customers", path)["created"] == 0
    assert count(site, Customer) == before


def test_a_batch_grows_and_shrinks_with_what_the_last_one_took() -> None:
    pace = Pace(target=0.07, size=100)
    pace.took(100, 0.01)
    assert pace.size == 150
    pace.took(150, 0.5)
    assert pace.size == 75
    pace.took(20, 0.001)
    assert pace.size == 75  # a short last batch says nothing
    for _ in range(20):
        pace.took(pace.size, 10)
    assert pace.size == pace.part == 16
    for _ in range(60):
        pace.took(pace.size, 0.0001 * pace.size)
    assert 650 <= pace.size <= 1050
    assert pace.part < pace.size


class SlowMachine:
    """A clock that moves by ``seconds`` whenever an import looks at it."""

    def __init__(self) -> None:
        self.now, self.seconds = 0.0, 0.0

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


def staged_import(site: Assembly, resource: str, path: Path) -> int:
    with site.database.write() as session:
        import_id = staging.new_import(
            session, site.resource(resource), path.name, sha256="", source="", match="", user_id=None
        )
    staging.stage(site, import_id, path)
    return import_id


def test_a_batch_for_which_the_machine_is_too_slow_ends_early_and_the_next_is_smaller(
    site: Assembly, tmp_path: Path
) -> None:
    people = (
        ("Name", "E-mail", "Company"),
        *((f"P {n}", f"p{n}@x.example", f"Firm {n}") for n in range(300)),
    )
    import_id = staged_import(site, "customers", write(tmp_path / "many.csv", *people))
    clock, batches = SlowMachine(), []

    def after(rows: int, seconds: float) -> None:
        batches.append(rows)
        clock.seconds = 0.1 if len(batches) < 5 else 0.0

    done = engine.apply(site, import_id, on_batch=after, clock=clock)
    assert batches[0] == 100  # at full speed
    assert batches[1] < 50  # time ran out after one part
    assert batches[2:5] == [8, 8, 8]  # sixteen, of which each second one is the employer of the first
    assert batches[5] == 16  # at full speed again
    assert sum(batches) == done.created == 300
    assert count(site, Relationship, table(Relationship).c.kind == "works_at") == 300
    assert count(site, Customer) == 600


def test_cancelling_leaves_what_is_applied_and_counts_the_rest(site: Assembly, tmp_path: Path) -> None:
    path = write(
        tmp_path / "many.csv", ("Name", "E-mail"), *((f"P {n}", f"p{n}@x.example") for n in range(300))
    )
    seen: list[int] = []

    def stop(stage: str, done: int, whole: int) -> None:
        if stage == "applying" and not seen:
            seen.append(done)
            with site.database.write() as session:
                engine.cancel(session, 1)

    with pytest.raises(Conflict):
        run_import(site, "customers", path, on_progress=stop)
    with site.database.read() as session:
        done = engine.status(session, 1)
    assert (done.state, done.created, done.done) == ("cancelled", seen[0], 300)
    assert count(site, Customer) == seen[0]
    with pytest.raises(Conflict):
        resume_import(site, 1)


def test_an_import_has_one_worker_at_a_time(site: Assembly, tmp_path: Path) -> None:
    path = write(tmp_path / "one.csv", ("Name",), ("Anna",))
    import_id = staged_import(site, "customers", path)
    t = table(Import)
    alive = {"state": "applying", "claimed_by": f"elsewhere:1:{'a' * 12}", "heartbeat_at": utc_now()}
    with site.database.write() as session:
        session.execute(t.update().where(t.c.id == import_id).values(**alive))
    with pytest.raises(Conflict):
        engine.apply(site, import_id)


def test_who_may_not_edit_all_cannot_change_others_customers(site: Assembly, tmp_path: Path) -> None:
    path = write(tmp_path / "people.csv", HEAD, ANNA)
    run_import(site, "customers", path)
    grants = {f"customers.{verb}": "own" for verb in ("read", "create", "edit", "import")}
    stamps = {"version": 1, "created_at": utc_now(), "updated_at": utc_now()}
    user = {
        "email": "s@x.example", "name": "Seller", "password_hash": "", "active": True, "locale": "",
        "time_zone": "", "theme": "auto", **stamps,
    }  # fmt: skip
    with site.database.write() as session:
        user_id = session.execute(insert(table(User)).values(user).returning(table(User).c.id)).scalar_one()
        role = insert(table(Role)).values(name="seller", grants=grants, **stamps).returning(table(Role).c.id)
        role_id = session.execute(role).scalar_one()
        session.execute(insert(table(UserRole)).values(user_id=user_id, role_id=role_id))
        session.execute(table_generation().update().values(number=table_generation().c.number + 1))
    moved = ("1", "Anna", "Other", *ANNA[3:])
    changed = write(tmp_path / "changed.csv", HEAD, moved, BEN)
    result = run_import(site, "customers", changed, source="people", user_id=user_id)
    assert told(result) == (2, 1, 0, 0, 1)
    owners = {row.name: row.owner_id for row in customers(site)}
    assert owners["Ben Weber"] == user_id
    assert owners["Anna Schmidt"] is None


def table_generation() -> Any:
    from patron.system.models import Generation

    return table(Generation)


KILLED = """
import sys
from pathlib import Path
from patron.assembly import assemble
from patron.imports.commands import run_import
from patron.settings import Settings
site = assemble(Settings(database_url=sys.argv[1], secret_key="s" * 40, modules=(), folder=sys.argv[2]))
run_import(site, "customers", Path(sys.argv[3]), on_progress=lambda stage, *_: print(stage, flush=True))
"""


def test_a_killed_import_goes_on_where_it_was(site: Assembly, tmp_path: Path) -> None:
    people = [
        (
            f"{n}",
            f"P{n}",
            "Meyer",
            f"p{n}@x.example",
            f"+49 30 {2000000 + n}",
            "Berlin",
            f"F{n % 40} GmbH",
            "",
            "",
        )
        for n in range(3000)
    ]
    path = write(tmp_path / "many.csv", HEAD, *people)
    command = [sys.executable, "-c", KILLED, site.database.url, str(tmp_path), str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    applied = 0
    for line in process.stdout:
        applied += line.startswith("applying")
        if applied == 3:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    process.stdout.close()
    with site.database.read() as session:
        half = engine.status(session, 1)
    assert half.state == "part applied"
    assert 0 < half.created < 3000
    assert count(site, Customer, table(Customer).c.kind == "person") == half.created
    deadline = time.monotonic() + 60
    while True:  # the server may still be ending the killed connection's transaction
        try:
            done = resume_import(site, 1)
            break
        except Conflict:
            assert time.monotonic() < deadline
    assert told(done) == (3000, 3000, 0, 0, 0)
    t = table(Customer)
    assert count(site, Customer, t.c.kind == "person") == 3000
    assert count(site, Customer, t.c.kind == "organisation") == 40
    assert count(site, Relationship) == 3000
    assert count(site, ExternalId) == 3000


def test_rows_come_back_as_they_were_written(site: Assembly) -> None:
    """The ways past the driver's own conversion: text with every sign that could end a cell, and nothing at all."""
    hard = ["a\tb\n\r\\N", "\\N", "", "'\"; – 漢\U0001f600", "\\"]
    t = table(Customer)
    blank = {
        "version": 1, "standing": "known", "life_state": "active", "kind": "person", "name_key": "", "match_key": "",
        "given_name": "", "family_name": "", "prefix": "", "suffix": "", "language": "", "website": "",
        "source": "", "primary_email": "", "primary_phone": "", "city": "", "city_key": "", "country": "",
    }  # fmt: skip
    now, born = utc_now(), date(1980, 2, 29)
    with site.database.write() as session:
        ids = take_ids(session, t, len(hard))
        stamps = {"created_at": now, "updated_at": now, "last_contact_at": None, "birth_date": born}
        insert_rows(
            session,
            t,
            [
                {"id": key, "name": text, "note": text, **stamps, **blank}
                for key, text in zip(ids, hard, strict=True)
            ],
        )
        changes = zip(ids, reversed(hard), strict=True)
        changed = [
            {"id": key, "note": text, "last_contact_at": now, "birth_date": None} for key, text in changes
        ]
        update_rows(session, t, changed[:-1])
    found = customers(site)
    assert [row.name for row in found] == hard
    assert [row.note for row in found] == [*hard[:0:-1], hard[-1]]
    assert {row.created_at for row in found} == {now}
    assert [row.birth_date for row in found] == [None] * 4 + [born]
    assert [row.last_contact_at for row in found] == [now] * 4 + [None]


def test_what_others_changed_after_rows_were_decided_is_decided_anew(
    site: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "people.csv", HEAD, ("", "Anna", "Schmidt", *[""] * 6))  # no unique key says no
    prepared = engine.prepare

    def overtaken(*args: Any) -> Any:
        ready = prepared(*args)
        if count(site, Customer) == 0:
            with site.database.write() as session:
                values = {"kind": "person", "name": "Anna Schmidt"}
                editing.create(Context(session, site), site.resource("customers"), values)
        return ready

    monkeypatch.setattr(engine, "prepare", overtaken)
    assert told(run_import(site, "customers", path)) == (1, 0, 0, 1, 0)
    assert count(site, Customer) == 1
