"""What a module registers at start arrives where it is used, each kind under the module's name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from patron.assembly import assemble
from patron.contributions import (
    EventType,
    Handler,
    HealthCheck,
    Intent,
    Job,
    Metric,
    NavItem,
    SampleData,
    SettingSpec,
)
from patron.db import Database
from patron.hookspecs import hookimpl
from patron.testing.faces import settings_for


def nothing(*_: Any) -> Any:
    return None


REGISTERED: dict[str, Any] = {
    "register_nav": NavItem("Loyalty", "/loyalty", "customers.read"),
    "register_settings": SettingSpec("points", "Points for each order", kind="integer", default=3),
    "register_events": EventType("loyalty.earned", "Points were earned."),
    "register_event_handlers": Handler("count", "loyalty.earned", nothing),
    "register_jobs": Job("expire", nothing, every=timedelta(days=1)),
    "register_commands": click.Command("loyalty"),
    "register_metrics": Metric("points", "Points", nothing),
    "register_intents": Intent("points", "Points"),
    "register_health_checks": HealthCheck("balance", nothing),
    "register_sample_data": SampleData("points", nothing),
}


def registering(item: Any) -> Any:
    def implementation() -> Sequence[Any]:
        return [item]

    return hookimpl(implementation)


@pytest.mark.parametrize("engine_name", ["sqlite"])  # nothing is asked of the database
def test_what_is_registered_arrives(database: Database, tmp_path: Path) -> None:
    module = SimpleNamespace(__package__="", **{hook: registering(item) for hook, item in REGISTERED.items()})
    made = assemble(settings_for(database, folder=str(tmp_path)), {"loyalty": module})
    made.database.dispose()
    assert [plugin.refused for plugin in made.plugins] == [""]
    of = REGISTERED
    assert ("loyalty", of["register_nav"]) in made.nav
    assert made.setting_specs["loyalty.points"] == of["register_settings"]
    assert made.setting("loyalty", "points") == 3
    assert made.events["loyalty.earned"] == of["register_events"]
    assert made.handlers["loyalty.count"] == of["register_event_handlers"]
    assert made.jobs["loyalty.expire"] == of["register_jobs"]
    assert of["register_commands"] in made.commands
    assert made.metrics["loyalty.points"] == of["register_metrics"]
    assert made.intents["points"] == of["register_intents"]
    assert made.health_checks["loyalty.balance"] == of["register_health_checks"]
    assert ("loyalty", of["register_sample_data"]) in made.samples
