"""Imports in the background."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from patron.contributions import EventType, Job, SettingSpec
from patron.hookspecs import hookimpl
from patron.imports.background import continue_imports
from patron.imports.retention import DAYS, forget_imports


@hookimpl
def register_jobs() -> Sequence[Job]:
    return [
        Job("continue_imports", continue_imports, every=timedelta(seconds=2), transaction=False),
        Job("forget_imports", forget_imports, every=timedelta(hours=1), transaction=False),
    ]


@hookimpl
def register_settings() -> Sequence[SettingSpec]:
    text = "The rows as they were read, and the file. Counts, outcomes and what was made of which line stay."
    return [
        SettingSpec("import_days", "Days for which an import keeps what it read", "integer", DAYS, help=text)
    ]


@hookimpl
def register_events() -> Sequence[EventType]:
    payload = {"import_id": "the import", "created": "ids of new records", "updated": "ids of changed ones"}
    undone = {
        "import_id": "the import",
        "removed": "ids of records that are gone",
        "restored": "ids as before",
    }
    return [
        EventType("customers.imported", "A batch of an import was applied.", payload),
        EventType("customers.import_undone", "A batch of an import was taken back.", undone),
    ]
