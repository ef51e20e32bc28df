"""Names that a customer has or had beside its own: it is found and recognised by them, a hidden one is never shown."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from patron.assembly import Assembly
from patron.cli.install import after_migration
from patron.context import Context
from patron.customers import names
from patron.customers.models import Customer, CustomerName
from patron.imports.commands import run_import
from patron.migrate import CORE, upgrade
from patron.records import table
from patron.resources import editing, search
from patron.statements import statement_count
from patron.system.models import SearchEntry
from patron.testing.databases import Databases
from patron.testing.faces import app_client, signed_in, working
from sqlalchemy import select, update

SECRET = "Xylophonia"


def person(ctx: Context, given: str = "Ada", **values: object) -> int:
    fields = {"kind": "person", "given_name": given, "family_name": "Weber", **values}
    return int(editing.create(ctx, ctx.assembly.resource("customers"), fields).key)


def found(ctx: Context, words: str) -> list[int]:
    return [item.id for item in search.find(ctx, words)]


def test_a_hidden_name_finds_and_is_shown_nowhere(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        ada = person(ctx)
        names.add_name(ctx, ada, "former", SECRET, hidden=True)
        names.add_name(ctx, ada, "birth", "Quagmeier")
        assert found(ctx, "xylophon") == found(ctx, "quagmeier") == [ada]
        editing.change(ctx, ctx.assembly.resource("customers"), ada, {"note": "changed"})
        assert found(ctx, SECRET) == [ada], "a change of the customer keeps it"
    at = f"/customers/{ada}"
    with app_client(assembly) as client:
        signed_in(client)
        assert "Ada Weber" in client.get(f"/search?q={SECRET}").text
        pages = [
            at,
            f"{at}/profile",
            f"{at}/history",
            f"{at}/edit",
            f"/api/v1{at}",
            "/admin/audit",
            "/customers",
        ]
        shown = {path: client.get(path) for path in pages}
        assert {answer.status_code for answer in shown.values()} == {200}
        assert [path for path, answer in shown.items() if SECRET in answer.text] == []
        assert "A hidden name" in shown[f"{at}/profile"].text
        assert "Quagmeier" in shown[f"{at}/profile"].text
    with working(assembly) as ctx:
        name_id = ctx.session.execute(
            select(table(CustomerName).c.id).where(table(CustomerName).c.hidden.is_(True))
        ).scalar_one()
        names.remove_name(ctx, ada, name_id)
        assert found(ctx, SECRET) == []


def test_names_of_many_cost_what_those_of_one_cost(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        for given in ("Ada", "Bea", "Cleo"):
            names.add_name(ctx, person(ctx, given), "former", f"{given} Xylander")
        resource = ctx.assembly.resource("customers")
        records = ctx.session.execute(select(Customer)).scalars().all()
        counts = []
        for batch in (records[:2], records):
            with statement_count() as count:
                search.index_many(ctx, resource, batch)
            counts.append(count.total)
        assert counts[0] == counts[1]
        assert len(found(ctx, "xylander")) == 3


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize(
    ("kind", "own", "other", "row"),
    [
        ("person", {"given_name": "Ada", "family_name": "Weber", "phones": ["+4940123456"]}, "Ada Quagmeier",
         {"Given name": "Ada", "Family name": "Quagmeier", "Phone": "+49 40 123456"}),
        ("organisation", {"name": "Adler Werke AG"}, "Kolibri GmbH", {"Organisation": "Kolibri"}),
    ],
)  # fmt: skip
def test_an_import_recognises_a_customer_by_a_former_name(
    assembly: Assembly, tmp_path: Path, kind: str, own: dict[str, object], other: str, row: dict[str, str],
    hidden: bool,
) -> None:  # fmt: skip
    with working(assembly) as ctx:
        customer = editing.create(ctx, ctx.assembly.resource("customers"), {"kind": kind, **own})
        made, called = customer.key, customer.name
        names.add_name(ctx, made, "former", other, hidden=hidden)
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row)
    result = run_import(assembly, "customers", path)
    assert (result["created"], result["rejected"]) == (0, 0), result
    with working(assembly) as ctx:
        known = ctx.session.execute(select(table(Customer))).one()
        assert (known.id, known.name) == (made, called), "it is still called what it is called"


def test_names_kept_before_are_found_after_the_migration(
    databases: Databases, engine_name: str, tmp_path: Path
) -> None:
    with databases.fresh(engine_name, tmp_path, ()) as database:
        upgrade(database, [CORE], "0005")
        with database.write() as session:
            customer = Customer(kind="organisation", name="Adler", name_key="adler")
            session.add(customer)
            session.flush()
            old = CustomerName(
                customer_id=customer.key, name="Kölner Kolibri GmbH", match_key="kolner kolibri gmbh"
            )
            entry = SearchEntry(resource="customers", record_id=customer.key, title="Adler", title_key="adler",
                                text="\x02\x02adler  adler", scope="")  # fmt: skip
            session.add_all([old, entry])
        upgrade(database, [CORE])
        with database.read() as session:
            text = session.execute(select(table(SearchEntry).c.text)).scalar_one()
    assert text.endswith("  kolibri  gmbh")


def test_a_name_kept_under_a_former_key_is_recognised_after_a_migration(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        values = {"kind": "organisation", "name": "Adler Werke AG"}
        made = editing.create(ctx, ctx.assembly.resource("customers"), values).key
        names.add_name(ctx, made, "former", "Kölner Kolibri GmbH")
        names.add_name(ctx, person(ctx), "former", "Ada Quagmeier")
        t = table(CustomerName)
        before = ctx.session.execute(select(t.c.id, t.c.match_key).order_by(t.c.id)).all()
        ctx.session.execute(update(t).where(t.c.customer_id == made).values(match_key="kolner kolibri gmbh"))
    after_migration(assembly)
    with working(assembly) as ctx:
        assert ctx.session.execute(select(t.c.id, t.c.match_key).order_by(t.c.id)).all() == before
