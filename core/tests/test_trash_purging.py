"""The trash keeps what was moved there for the stated days; then it goes, unless something refers to it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from patron.accounts.models import Audit
from patron.assembly import Assembly
from patron.context import Context
from patron.customers import relationships
from patron.customers.models import ContactPoint, Customer
from patron.files import attach, store
from patron.files.services import _drop_bytes, store_of, sweep
from patron.interactions import timeline
from patron.records import table, utc_now
from patron.resources import editing
from patron.resources.purging import purge_trash
from patron.statements import statement_count
from patron.system.models import File, SearchEntry
from patron.testing.faces import app_client, signed_in, working
from sqlalchemy import delete, func, select, update


def trashed(ctx: Context, name: str, days: int) -> int:
    """A customer with an address of its own, so many days in the trash."""
    customers = ctx.assembly.resource("customers")
    made = editing.create(ctx, customers, {"kind": "person", "name": name, "emails": [f"{name}@example.com"]})
    editing.trash(ctx, customers, [made.key])
    t = table(Customer)
    moved = ctx.now - timedelta(days=days)
    ctx.session.execute(update(t).where(t.c.id == made.key).values(trashed_at=moved))
    return int(made.key)


def count_of(ctx: Context, model: Any, *where: Any) -> int:
    return int(ctx.session.execute(select(func.count()).select_from(table(model)).where(*where)).scalar_one())


def test_what_is_older_goes_with_its_files_and_what_is_referred_to_stays(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        old, young = trashed(ctx, "old", 31), trashed(ctx, "young", 29)
        told, related = trashed(ctx, "told", 400), trashed(ctx, "related", 400)
        other = trashed(ctx, "other", 0)
        timeline.add(ctx, told, "core.call", "Called", module="core")
        relationships.relate(ctx, related, other, "works_at")
        file_id = store(ctx, "old.txt", b"of the old one")
        attach(ctx, file_id, "customers", old)
    path = _only_file(assembly)
    purge_trash(assembly)
    t, points, entries, audit = table(Customer), table(ContactPoint), table(SearchEntry), table(Audit)
    with working(assembly) as ctx:
        assert set(ctx.session.execute(select(t.c.id)).scalars()) == {young, told, related, other}
        assert count_of(ctx, ContactPoint, points.c.value == "old@example.com") == 0
        assert count_of(ctx, ContactPoint, points.c.value == "told@example.com") == 1
        assert count_of(ctx, SearchEntry, entries.c.record_id == old) == 0
        assert count_of(ctx, File) == 0
        noted = select(audit.c.record_id, audit.c.actor_name).where(audit.c.action == "purge")
        assert [tuple(row) for row in ctx.session.execute(noted)] == [(old, "Trash")]
    assert not path.exists()


def test_what_is_held_costs_the_same_for_one_as_for_many(assembly: Assembly) -> None:
    counted = []
    for number in (1, 6):
        with working(assembly) as ctx:
            for one in range(number):
                told = trashed(ctx, f"told{number}{one}", 400)
                timeline.add(ctx, told, "core.call", "Called", module="core")
        with statement_count() as count:
            purge_trash(assembly)
        counted.append(count.total)
    assert counted[0] == counted[1]
    with working(assembly) as ctx:
        assert count_of(ctx, Customer) == 7


def test_bytes_that_are_stored_again_while_they_go_are_there_in_the_end(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        path = store_of(ctx).path(store_of(ctx).put(b"the same"))
        store(ctx, "again.txt", b"the same")
        _drop_bytes(assembly, path)  # of another process, to which the row is not there yet
        assert not path.exists()
    assert path.read_bytes() == b"the same"
    _drop_bytes(assembly, path)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    os.utime(path, (1, 1))
    with working(assembly) as ctx:
        ctx.session.execute(delete(table(File)))
    with working(assembly) as ctx:
        store_of(ctx).put(b"the same")  # its row is about to come
    sweep(assembly)
    assert path.exists()


def _only_file(assembly: Assembly) -> Path:
    folder = assembly.settings.path(assembly.settings.files_dir)
    (path,) = [path for path in folder.rglob("*") if path.is_file()]
    return path


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_period_is_a_setting_that_is_said_where_it_matters(assembly: Assembly) -> None:
    with app_client(assembly) as client:
        signed_in(client)
        with working(assembly) as ctx:
            customers = assembly.resource("customers")
            made = editing.create(ctx, customers, {"kind": "person", "name": "Ada"}).key
        assembly.settings.plugins.setdefault("core", {})["trash_days"] = 12
        moved = client.post("/customers/trash", data={"ids": str(made)})
        assert "12 days" in client.get(moved.headers["location"]).text
        page = client.get("/customers?trashed=true").text
        assert "put back for 12 days" in page
        assert "12 days" in client.get(f"/customers/{made}").text
        t = table(Customer)
        with working(assembly) as ctx:
            ctx.session.execute(update(t).values(trashed_at=utc_now() - timedelta(days=13)))
        purge_trash(assembly)
        assert client.get(f"/customers/{made}").status_code == 404
