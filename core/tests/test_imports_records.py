"""Imports of any declared resource: columns to form fields, the natural key finds what is there."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from patron.accounts.models import Audit
from patron.assembly import Assembly
from patron.contributions import Field, Resource
from patron.errors import Invalid
from patron.imports import engine, staging
from patron.imports.commands import run_import
from patron.records import table
from patron.system.models import Brand, LegalEntity
from sqlalchemy import func, select

ENTITIES = Resource(
    name="entities",
    module="core",
    model=LegalEntity,
    label="Legal entity",
    label_plural="Legal entities",
    natural_key="tax_number",
    fields=(
        Field("name", "Name", required=True, max_length=40),
        Field("tax_number", "Tax number"),
        Field("country", "Country"),
        Field("time_zone", "Time zone", read_only=True),
    ),
    form=("name", "tax_number", "country"),
)
BRANDS = Resource(
    name="brands",
    module="core",
    model=Brand,
    label="Brand",
    label_plural="Brands",
    natural_key="name",
    fields=(
        Field("name", "Name", required=True),
        Field("legal_entity", "Legal entity", "ref", ref="entities", column="legal_entity_id", required=True),
    ),
    form=("name", "legal_entity"),
)


@pytest.fixture
def site(assembly: Assembly) -> Assembly:
    assembly.resources.update(entities=ENTITIES, brands=BRANDS)
    return assembly


def told(result: dict[str, Any]) -> tuple[int, ...]:
    return tuple(result[name] for name in ("rows", "created", "updated", "skipped", "rejected"))


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_records_are_made_changed_left_and_refused(site: Assembly, tmp_path: Path) -> None:
    lines = (
        "Tax number;Name;country;Remark",
        "DE1;North;DE;a",
        "DE2;South;DE;b",
        f"DE3;{'x' * 41};DE;c",
        "DE4;;DE;d",
    )
    path = write(tmp_path / "entities.csv", *lines)
    checked = run_import(site, "entities", path, dry_run=True)
    assert told(run_import(site, "entities", path)) == told(checked) == (4, 2, 0, 0, 2)
    assert told(run_import(site, "entities", path)) == (4, 0, 0, 2, 2)
    changed = write(
        tmp_path / "changed.csv", "Tax number;Name", "DE1;Northern", "DE2;South", "DE5;West", "DE5;West"
    )
    assert told(run_import(site, "entities", changed)) == (4, 1, 1, 2, 0)
    with site.database.read() as session:
        t, audit = table(LegalEntity), table(Audit)
        names = set(session.execute(select(t.c.name).where(t.c.tax_number != "")).scalars())
        written = select(func.count()).select_from(audit).where(audit.c.resource == "entities")
        assert (names, session.execute(written).scalar_one()) == ({"Northern", "South", "West"}, 4)


def test_references_are_found_by_id_or_title(site: Assembly, tmp_path: Path) -> None:
    run_import(
        site, "entities", write(tmp_path / "e.csv", "Tax number,Name", "DE1,North", "DE2,Twin", "DE3,Twin")
    )
    brands = write(tmp_path / "b.csv", "Name,Legal entity", "Aurora,North", "Borealis,Twin", "Comet,Nowhere")
    result = run_import(site, "brands", brands, rejects_path=tmp_path / "r.csv")
    assert told(result) == (3, 1, 0, 0, 2)
    reasons = (tmp_path / "r.csv").read_text("utf-8-sig")
    assert "There are several “Twin”" in reasons
    assert "There is no “Nowhere”" in reasons


def test_fields_that_forms_do_not_set_cannot_be_reached(site: Assembly, tmp_path: Path) -> None:
    path = write(tmp_path / "e.csv", "Name,time_zone,version,id", "North,Mars,9,77")
    for name in ("time_zone", "version", "id"):
        with pytest.raises(Invalid):
            run_import(site, "entities", path, mapping={name: name})
    run_import(site, "entities", path)
    with site.database.read() as session:
        t = table(LegalEntity)
        found = session.execute(select(t).where(t.c.name == "North")).one()
    assert (found.time_zone, found.version) == ("UTC", 1)


def test_records_are_applied_until_time_runs_out_and_at_least_one(site: Assembly, tmp_path: Path) -> None:
    path = write(tmp_path / "entities.csv", "Tax number;Name", *(f"DE{n};Firm {n}" for n in range(9)))
    with site.database.write() as session:
        import_id = staging.new_import(
            session, site.resource("entities"), path.name, sha256="", source="", match="", user_id=None
        )
    staging.stage(site, import_id, path)
    looks, batches = itertools.count(), []
    done = engine.apply(
        site, import_id, on_batch=lambda rows, _: batches.append(rows), clock=lambda: next(looks) * 0.03
    )
    assert batches == [2, 2, 2, 2, 1]
    assert done.created == 9
