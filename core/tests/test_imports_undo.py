"""An import taken back: the database is as before, to the last column, or a row says why it is not."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from patron.assembly import Assembly, assemble
from patron.context import Context
from patron.customers.models import ContactPoint, Customer, Relationship
from patron.db import Database
from patron.digest import digest_of
from patron.errors import Conflict
from patron.imports import engine, undo
from patron.imports.background import continue_imports
from patron.imports.commands import run_import
from patron.interactions import timeline
from patron.records import table
from patron.resources import editing, search
from patron.settings import Settings
from patron.system.models import Import, ImportChange, ImportRow, SearchEntry
from sqlalchemy import func, select, update

HEAD = (
    "Customer ID", "First name", "Last name", "E-mail", "Phone", "City", "Company", "Job title", "Notes", "Birthday",
    "Website",
)  # fmt: skip
JOURNALS = {  # what tells that something was done, and undone
    "core_audit", "core_audit_value", "core_import", "core_import_row", "core_import_change", "core_outbox",
    "core_delivery",
}  # fmt: skip


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    chosen = Settings(
        database_url=database.url, secret_key="s" * 40, modules=(), folder=str(tmp_path), files_dir="files"
    )
    assembly = assemble(chosen)
    yield assembly
    assembly.database.dispose()


def write(path: Path, head: Sequence[str], *rows: Sequence[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *(row(*cells) for cells in rows)])
    return path


def row(*cells: str) -> list[str]:
    return [*cells, *[""] * (len(HEAD) - len(cells))]


def digest(site: Assembly) -> dict[str, Any]:
    """Everything that is business, and what the search finds."""
    t = table(SearchEntry)
    with site.database.read() as session:
        found = {name: one for name, one in digest_of(Context(session, site)).items() if name not in JOURNALS}
        entries = select(*(column for column in t.c if column.name != "id")).order_by(
            t.c.resource, t.c.record_id
        )
        return {**found, "search": [tuple(entry) for entry in session.execute(entries)]}


def count(site: Assembly, model: Any, *conditions: Any) -> int:
    with site.database.read() as session:
        return int(
            session.execute(select(func.count()).select_from(table(model)).where(*conditions)).scalar_one()
        )


def kept(site: Assembly, import_id: int) -> list[tuple[int, str]]:
    with site.database.read() as session:
        return [(one.line, one.reason) for one in undo.kept_rows(session, import_id)]


def ids(site: Assembly) -> dict[str, int]:
    with site.database.read() as session:
        return {found.name: found.id for found in session.execute(select(table(Customer)))}


PEOPLE = st.lists(
    st.builds(
        row, st.sampled_from(["", "", "1", "2", "3"]), st.sampled_from(["Anna", "A.", "Ben", ""]),
        st.sampled_from(["Schmidt", "Weber", "Schmidt-Meyer", ""]),
        st.sampled_from(["", "a@b.example", "A@b.example", "b@b.example", "info@b.example", "a@"]),
        st.sampled_from(["", "+49 30 123456", "+49 30 1234567", "12"]), st.sampled_from(["", "Bonn", "Köln"]),
        st.sampled_from(["", "Acme GmbH", "ACME", "Baobab AG"]), st.sampled_from(["", "Buyer", "Seller"]),
        st.sampled_from(["", "Likes tea", "Likes coffee"]), st.sampled_from(["", "1980-12-31"]),
        st.sampled_from(["", "example.com"]),
    ),
    max_size=10,
)  # fmt: skip


FILES = st.lists(PEOPLE, min_size=2, max_size=3)


@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(files=FILES)
def test_whatever_is_imported_can_be_taken_back_last_first(
    site: Assembly, tmp_path: Path, files: list[list[list[str]]]
) -> None:
    take_back_all(site, tmp_path, files)


@pytest.mark.soak
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES)
def test_whatever_is_imported_can_be_taken_back_in_many_rounds(
    site: Assembly, tmp_path: Path, files: list[list[list[str]]]
) -> None:
    take_back_all(site, tmp_path, files)


def take_back_all(site: Assembly, tmp_path: Path, files: list[list[list[str]]]) -> None:
    states, done = [digest(site)], []
    for number, rows in enumerate(files):
        done.append(
            run_import(site, "customers", write(tmp_path / f"{number}.csv", HEAD, *rows), source="crm")
        )
        states.append(digest(site))
    for made, after, before in zip(reversed(done), reversed(states[1:]), reversed(states[:-1]), strict=True):
        assert digest(site) == after
        if made["created"] + made["updated"]:
            status = undo.undo(site, made["import_id"])
            assert (status.state, status.undone) == ("undone", made["created"] + made["updated"])
        assert digest(site) == before
    with site.database.read() as session:
        assert session.execute(select(table(ImportChange))).all() == []


def test_an_earlier_import_waits_for_a_later_one_of_the_same_records(site: Assembly, tmp_path: Path) -> None:
    person = ("1", "Ada", "Lo", "", "")
    run = [
        run_import(site, "customers", write(tmp_path / f"{city}.csv", HEAD, [*person, city]), source="a")
        for city in ("Bonn", "Ulm")
    ]
    with pytest.raises(Conflict, match=r"Undo that first: 2 \(Ulm.csv\)"):
        undo.undo(site, run[0]["import_id"])
    undo.undo(site, run[1]["import_id"])
    assert undo.undo(site, run[0]["import_id"]).state == "undone"
    assert count(site, Customer) == 0
    with pytest.raises(Conflict, match="nothing to take back"):
        undo.undo(site, run[0]["import_id"])


def test_what_was_edited_or_referred_to_since_stays_and_says_why(site: Assembly, tmp_path: Path) -> None:
    people = [row(str(n), f"P{n}", "Lo", f"p{n}@b.example", "", "Bonn", "Acme GmbH") for n in range(6)]
    old = run_import(site, "customers", write(tmp_path / "old.csv", HEAD, people[0]), source="a")
    people[0][5] = "Ulm"
    done = run_import(site, "customers", write(tmp_path / "new.csv", HEAD, *people), source="a")
    assert (old["created"], done["created"], done["updated"]) == (1, 5, 1)
    known = ids(site)
    with site.database.write() as session:
        ctx = Context(session, site)
        customers = site.resource("customers")
        editing.change(ctx, customers, known["P0 Lo"], {"note": "mine"})
        editing.change(ctx, customers, known["P1 Lo"], {"note": "mine"})
        timeline.add(ctx, known["P2 Lo"], "core.note", "They rang")
        new = editing.create(ctx, customers, {"kind": "person", "name": "Kim"})
        values = {
            "from_id": new.key,
            "to_id": known["P3 Lo"],
            "kind": "knows",
            "role": "",
            "is_primary": False,
        }
        session.execute(table(Relationship).insert().values(values))
    status = undo.undo(site, done["import_id"])
    assert (status.state, status.undone) == ("part undone", 2)
    assert kept(site, done["import_id"]) == [
        (2, "It was changed since."), (3, "It was changed since."), (4, "Something has happened with it since."),
        (5, "Another customer is related to it."),
    ]  # fmt: skip
    assert set(ids(site)) == {"P0 Lo", "P1 Lo", "P2 Lo", "P3 Lo", "Kim", "Acme GmbH"}
    with site.database.write() as session:
        session.execute(table(Relationship).delete().where(table(Relationship).c.kind == "knows"))
    again = undo.undo(site, done["import_id"])
    assert (again.undone, len(kept(site, done["import_id"]))) == (3, 3)
    assert again.created + again.updated + again.skipped + again.rejected == again.rows


def test_a_stopped_import_and_a_stopped_undo_can_be_taken_back(site: Assembly, tmp_path: Path) -> None:
    before = digest(site)
    people = [row(str(n), f"P{n}", "Lo", f"p{n}@b.example", "", "", f"Firm {n % 7}") for n in range(400)]
    path = write(tmp_path / "many.csv", HEAD, *people)

    class Killed(BaseException):
        pass

    def stop(*_: Any) -> None:
        raise Killed

    with pytest.raises(Killed):
        run_import(site, "customers", path, on_progress=lambda stage, *_: stage == "applying" and stop())
    assert 0 < count(site, Customer) < 400
    t = table(Import)
    with site.database.write() as session:
        session.execute(update(t).values(claimed_by="", heartbeat_at=None))  # as of a process that is gone
        undo.request_undo(session, site, 1, None)
    with pytest.raises(Killed):
        undo.undo(site, 1, on_progress=stop)
    with site.database.write() as session:
        session.execute(update(t).values(claimed_by="", heartbeat_at=None))
    continue_imports(site)
    with site.database.read() as session:
        status = engine.status(session, 1)
    assert (status.state, status.undone, status.done) == ("undone", status.created, 400)
    assert digest(site) == before
    assert count(site, ImportRow, table(ImportRow).c.state == "staged") == 0
    assert count(site, ContactPoint) == 0


def test_what_is_no_longer_kept_is_not_taken_back(site: Assembly, tmp_path: Path) -> None:
    path = write(tmp_path / "one.csv", HEAD, row("1", "Ada", "Lo"))
    made = run_import(site, "customers", path)["import_id"]
    changed = run_import(
        site,
        "customers",
        write(tmp_path / "two.csv", HEAD, row("1", "Ada", "Lo", "", "", "Ulm")),
        source="one",
    )
    assert changed["updated"] == 1
    with site.database.write() as session:
        session.execute(table(ImportChange).delete())
    assert undo.undo(site, changed["import_id"]).state == "part undone"
    assert kept(site, changed["import_id"]) == [(2, "What it was before is no longer kept.")]
    checked = run_import(site, "customers", path, dry_run=True)["import_id"]
    with pytest.raises(Conflict):
        undo.undo(site, checked)
    with site.database.read() as session:
        assert search.find(Context(session, site), "Ada")
    assert made
