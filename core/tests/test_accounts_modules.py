"""Modules enabled and disabled while the application runs, followed by every process."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from patron.assembly import Assembly, assemble
from patron.context import Context
from patron.db import Database
from patron.errors import NotFound
from patron.hookspecs import hookimpl
from patron.permissions import Face
from patron.responses import Json
from patron.routing import ANYONE, Route, get
from patron.system import plugins_service
from patron.testing.faces import app_client, settings_for, signed_in, working

CALLS: list[str] = []


@get("/desk/ping", face=Face.PUBLIC, permission=ANYONE)
def ping(ctx: Context) -> Json:
    return Json({"answer": "pong"})


@hookimpl
def register_controllers() -> list[Route]:
    return [ping]


@hookimpl
def plugin_enabled(ctx: Context) -> None:
    CALLS.append("enabled")


@hookimpl
def plugin_disabled(ctx: Context) -> None:
    CALLS.append("disabled")


@pytest.fixture
def plugins() -> Mapping[str, Any]:
    CALLS.clear()
    hooks = {item.__name__: item for item in (register_controllers, plugin_enabled, plugin_disabled)}
    return {"desk": SimpleNamespace(**hooks, __package__="")}


def test_a_disabled_module_is_gone_in_every_process_until_it_returns(
    assembly: Assembly, database: Database, plugins: Mapping[str, Any]
) -> None:
    other = assemble(settings_for(database), plugins)
    with app_client(assembly) as client, app_client(other) as elsewhere:
        signed_in(client)
        assert elsewhere.get("/desk/ping").json() == {"answer": "pong"}
        assert client.post("/admin/modules/desk/disable").status_code == 303
        assert elsewhere.get("/desk/ping").status_code == 404
        assert "Disabled" in client.get("/admin/modules").text
        assert client.post("/admin/modules/desk/enable").status_code == 303
        assert elsewhere.get("/desk/ping").status_code == 200
        assert client.post("/admin/modules/nothing/disable").status_code == 404
    assert CALLS == ["disabled", "enabled"]


def test_a_failing_hook_leaves_the_module_as_it_was(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise ValueError("not now")

    monkeypatch.setattr("patron.events.park", fail)
    with pytest.raises(ValueError, match="not now"), working(assembly) as ctx:
        plugins_service.disable(ctx, "desk")
    with working(assembly) as ctx:
        assert [item.state for item in plugins_service.list_plugins(ctx)] == ["enabled"]
        with pytest.raises(NotFound):
            plugins_service.enable(ctx, "nothing")
