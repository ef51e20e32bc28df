"""Every resource that may be imported, of every module: a good row, a bad one, and the same file once more."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from patron import Money
from patron.accounts.models import Audit
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.context import Context
from patron.contributions import Field, Resource
from patron.customers import facts
from patron.digest import digest_of
from patron.errors import Conflict
from patron.imports import staging
from patron.imports.commands import run_import, undo_import
from patron.imports.record_fields import settable
from patron.migrate import CORE
from patron.plugins import discover
from patron.records import table
from patron.resources import editing
from patron.resources.declaration import table_of
from patron.system.models import ImportRow
from patron.testing.canaries import Canaries, hatch
from patron.testing.databases import Databases
from patron.testing.faces import make_user, settings_for, working
from patron_orders.api import Line, create_order, issue_invoice
from sqlalchemy import func, select

IMPORTABLE = (
    "catalog.prices", "catalog.products", "catalog.tax-rates", "customers", "intent_rules", "interactions",
    "knowledge.articles", "knowledge.categories", "mail_templates", "marketing.suppressions", "orders.payments",
    "sales.enquiries", "sales.opportunities", "sales.quotes", "service.queues", "service.tickets",
    "workflow.calendars", "workflow.rules", "workflow.tasks",
)  # fmt: skip
BY_FORM = [key for key in IMPORTABLE if key != "interactions"]  # whose columns are not those of its form
SAID = {  # what only one resource knows how to take
    "catalog.tax-rates": {"Country": "DE"},
    "sales.quotes": {"Currency": "EUR"},
    "workflow.calendars": {
        "Hours of the week": "mon-fri 09:00-17:00",
        "Holidays": "",
        "Time zone": "Europe/Berlin",
    },
    "workflow.rules": {"Conditions": "country=DE", "People": ""},
}


@pytest.fixture(scope="module")
def site(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Assembly, Canaries]]:
    folder: Path = tmp_path_factory.mktemp("imports")
    distributions = (CORE, *(p.migrations for p in discover(None)))
    with databases.fresh("sqlite", folder, distributions) as database:
        assembly = assemble(settings_for(database, modules=None, folder=str(folder)))
        after_migration(assembly)
        canaries = hatch(assembly)
        with working(assembly) as ctx:
            line = Line(None, "Chair", Decimal(2), Money(5000, "EUR"), "19.00")
            order = create_order(
                ctx, canaries.other_customer, [line], source="test", reference_resource="test.things", reference_id=1,
                currency="EUR",
            )  # fmt: skip
            issue_invoice(ctx, order)
            t = table_of(assembly.resource("orders.open-items"))
            canaries.ids["orders_open_item"] = ctx.session.execute(select(func.max(t.c.id))).scalar_one()
        canaries.ids["manager"] = make_user(assembly, "manager")
        yield assembly, canaries
        assembly.database.dispose()


def test_none_is_left_out(site: tuple[Assembly, Canaries]) -> None:
    assembly, _ = site
    assert tuple(sorted(r.key for r in assembly.resources.values() if "import" in r.verbs)) == IMPORTABLE


@pytest.mark.parametrize("key", BY_FORM)
def test_a_file_is_imported_once(site: tuple[Assembly, Canaries], tmp_path: Path, key: str) -> None:
    assembly, canaries = site
    resource = assembly.resource(key)
    with working(assembly) as ctx:
        good = {item.label: cell for item in settable(resource) if (cell := cell_of(ctx, item, canaries))}
    good |= SAID.get(key, {})
    bad, refusal = unfit(resource)
    path = tmp_path / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, list(good))
        rows.writeheader()
        rows.writerows([good, {**good, **bad}])
    guessed = staging.guess(resource, path).columns
    assert guessed is not None
    unknown = [column.header for column in guessed.columns if column.field is None]
    assert unknown == [] or key == "customers"  # whose files have fields of their own
    before = count(assembly, resource)
    done = run_import(assembly, key, path, user_id=canaries.ids["manager"])
    assert reasons(assembly, done) == [
        ("created", ""),
        ("rejected", refusal),
    ]
    again = run_import(assembly, key, path, user_id=canaries.ids["manager"])
    assert (again["created"], again["updated"] + again["skipped"], again["rejected"]) == (0, 1, 1)
    assert count(assembly, resource) == before + 1


def test_a_row_that_clashes_is_refused_alone(
    site: tuple[Assembly, Canaries], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "patron.imports")
    assembly, _ = site
    queues = assembly.resource("service.queues")
    with working(assembly) as ctx:
        old = editing.create(ctx, queues, {"name": "Old queue"}).key
        editing.trash(ctx, queues, [old])
    path = tmp_path / "queues.csv"
    path.write_text("Name\nOld queue\nNew queue\n", encoding="utf-8")
    done = run_import(assembly, queues.key, path)
    assert reasons(assembly, done) == [
        ("rejected", "This clashes with something that exists already."),
        ("created", ""),
    ]
    assert any("service.queues" in line.getMessage() and line.exc_info for line in caplog.records), (
        "which constraint it was is told in the log"
    )


def unfit(resource: Resource) -> tuple[dict[str, str], str]:
    """A cell that the resource refuses, and how it says so."""
    for item in settable(resource):
        if item.kind == "text":
            return {
                item.label: "x" * (item.max_length + 1)
            }, f"{item.label} takes at most {item.max_length} characters."
    item = next(item for item in settable(resource) if item.kind == "money")
    return {item.label: "dear"}, f"{item.label} takes an amount such as 1250.00."


def cell_of(ctx: Context, item: Field, canaries: Canaries) -> str:
    """What a person would write into the file."""
    simple = {
        "text": "Imported", "email": "imported@example.com", "url": "https://example.com", "integer": "1",
        "bool": "no", "money": "5.00", "percent": "19.5", "date": ctx.now.date().isoformat(),
        "user": str(canaries.keeper),
        "team": str(canaries.team), "customer": str(canaries.customer), "longtext": "Imported words",
    }  # fmt: skip
    if item.kind == "choice":
        return item.default or item.choices[0].value
    if item.kind == "ref":
        return str(canaries.of(ctx.assembly.resource(item.ref)))
    return simple.get(item.kind, "")


def count(assembly: Assembly, resource: Resource) -> int:
    with assembly.database.read() as session:
        return int(session.execute(select(func.count()).select_from(table_of(resource))).scalar_one())


def reasons(assembly: Assembly, done: dict[str, Any]) -> list[tuple[str, str]]:
    t = table(ImportRow)
    with assembly.database.read() as session:
        rows = session.execute(
            select(t.c.state, t.c.reason).where(t.c.import_id == done["import_id"]).order_by(t.c.line)
        )
        return [(row.state, row.reason) for row in rows]


@pytest.mark.parametrize("key", BY_FORM)
def test_a_file_is_taken_back(site: tuple[Assembly, Canaries], tmp_path: Path, key: str) -> None:
    assembly, canaries = site
    resource = assembly.resource(key)
    with working(assembly) as ctx:
        new = {item.label: cell for item in settable(resource) if (cell := cell_of(ctx, item, canaries))}
    new |= SAID.get(key, {}) | ({"Country": "FR"} if key == "catalog.tax-rates" else {})
    new = {name: f"{cell} anew" if cell.startswith("Imported") else cell for name, cell in new.items()}
    path = tmp_path / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, list(new))
        rows.writeheader()
        rows.writerow(new)
    before, wrong = digest(assembly), wrong_facts(assembly)
    done = run_import(assembly, key, path, user_id=canaries.ids["manager"])
    assert done["created"] + done["updated"] == 1, reasons(assembly, done)
    if key == "orders.payments":
        with pytest.raises(Conflict, match="stay in the books"):
            undo_import(assembly, done["import_id"])
        return
    assert undo_import(assembly, done["import_id"])["rows"] == []
    after = digest(assembly)
    assert {name: table for name, table in after.items() if table != before[name]} == {}
    assert wrong_facts(assembly) == wrong


def wrong_facts(assembly: Assembly) -> list[Any]:
    with assembly.database.read() as session:
        kept = [item for _, item in assembly.customer_fields if item.define]
        return [one for item in kept for one in facts.check(Context(session, assembly), item)]


def digest(assembly: Assembly) -> dict[str, Any]:
    """All business rows, but for what tells of the import itself, numbers that were given, and what is reckoned."""
    left_out = ["core_audit", "core_import", "core_outbox", "core_delivery", "core_number_series"]
    left_out += [str(table(item.model).name) for _, item in assembly.customer_fields]
    with assembly.database.read() as session:
        found = digest_of(Context(session, assembly))
    return {name: one for name, one in found.items() if not name.startswith(tuple(left_out))}


@pytest.mark.parametrize("key", ["sales.opportunities", "service.tickets", "workflow.tasks"])
def test_a_record_keeps_its_day_and_its_name_of_the_other_system(
    site: tuple[Assembly, Canaries], tmp_path: Path, key: str
) -> None:
    assembly, canaries = site
    resource = assembly.resource(key)
    with working(assembly) as ctx:
        new = {item.label: cell for item in settable(resource) if (cell := cell_of(ctx, item, canaries))}
    title = resource.field(resource.title).label
    new |= {title: "Long ago", "External ID": "D-7", "Created on": "2019-05-04 10:30"}

    def run(name: str, **more: str) -> dict[str, Any]:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.DictWriter(file, list(new))
            rows.writeheader()
            rows.writerow(new | more)
        return run_import(assembly, key, path, source="old crm", user_id=canaries.ids["manager"])

    done = run("first.csv")
    assert done["created"] == 1, reasons(assembly, done)
    again = run("second.csv", **{title: "Long ago, renamed"})
    assert (again["created"], again["updated"]) == (0, 1), reasons(assembly, again)
    t, a = table_of(resource), table(Audit)
    with assembly.database.read() as session:
        row = session.execute(
            select(t).where(t.c[resource.field(resource.title).attribute] == "Long ago, renamed")
        ).one()
        acts = select(func.min(a.c.at)).where(a.c.resource == key, a.c.record_id == row.id)
        assert row.created_at.isoformat() == "2019-05-04T10:30:00+00:00"
        assert session.execute(acts).scalar_one().year > 2019  # when it was done, not when it was
    undo_import(assembly, again["import_id"])
    assert undo_import(assembly, done["import_id"])["rows"] == []
    assert run("third.csv")["created"] == 1
