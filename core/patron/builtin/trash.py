"""How long the trash keeps what was moved there, and the sweeping of files that nothing needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from patron.contributions import Job, SettingSpec
from patron.files.services import sweep
from patron.hookspecs import hookimpl
from patron.resources.purging import DAYS, purge_trash


@hookimpl
def register_jobs() -> Sequence[Job]:
    return [
        Job("purge_trash", purge_trash, every=timedelta(hours=1), transaction=False),
        Job("sweep_files", sweep, every=timedelta(days=1), transaction=False),
    ]


@hookimpl
def register_settings() -> Sequence[SettingSpec]:
    text = "Then they are deleted for good, but for those that something refers to."
    return [SettingSpec("trash_days", "Days for which the trash keeps records", "integer", DAYS, help=text)]
