"""Every form that makes a record, of every module, as a browser without scripts shows and sends it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.context import Context
from patron.contributions import Resource
from patron.migrate import CORE
from patron.plugins import discover
from patron.resources.declaration import table_of
from patron.testing.canaries import Canaries, hatch
from patron.testing.databases import Databases
from patron.testing.faces import app_client, settings_for, signed_in, working
from sqlalchemy import select


@dataclass
class Control:
    """One control of a form; ``options`` are those of a select that stand for something."""

    name: str
    kind: str
    value: str = ""
    label_id: str = ""
    options: list[str] = field(default_factory=list)

    @property
    def fillable(self) -> bool:
        return bool(self.options) if self.kind == "select" else self.kind != "hidden"


class Form(HTMLParser):
    """The controls of the page's form that posts to ``action``, with what they hold at first."""

    def __init__(self, html: str, action: str) -> None:
        super().__init__()
        self.action, self.within = action, False
        self.controls: dict[str, Control] = {}
        self.needed: list[str] = []
        self._label = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        if tag == "form":
            self.within = given.get("action") == self.action
        if not self.within:
            return
        if tag == "label":
            self._label = given.get("for") or ""
        if "field-required" in (given.get("class") or ""):
            self.needed.append(self._label)
        name = given.get("name")
        if tag in ("input", "select", "textarea") and name and "disabled" not in given:
            kind = given.get("type", "text") if tag == "input" else tag
            if kind not in ("checkbox", "radio") or "checked" in given or name not in self.controls:
                self.controls[name] = Control(name, kind, given.get("value") or "", given.get("id") or "")
        if tag == "option" and self.controls and given.get("value"):
            last = next(reversed(self.controls.values()))
            last.options.append(given["value"])
            if "selected" in given:
                last.value = given["value"]

    def of_label(self, label: str) -> Control | None:
        return next((c for c in self.controls.values() if c.label_id == label), None)


@pytest.fixture(scope="module")
def found(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Canaries]]:
    """A client of an administrator, and a record of each kind."""
    folder: Path = tmp_path_factory.mktemp("forms")
    distributions = (CORE, *(p.migrations for p in discover(None)))
    with databases.fresh("sqlite", folder, distributions) as database:
        assembly = assemble(settings_for(database, modules=None, folder=str(folder)))
        after_migration(assembly)
        canaries = hatch(assembly)
        with app_client(assembly) as client:
            signed_in(client)
            yield client, canaries


def creatable(assembly: Assembly) -> list[Resource]:
    return [r for r in assembly.resources.values() if "create" in r.verbs]


def title_of(ctx: Context, resource: Resource, record_id: int) -> str:
    t = table_of(resource)
    return str(
        ctx.session.execute(
            select(t.c[resource.field(resource.title).attribute]).where(t.c.id == record_id)
        ).scalar_one()
    )


def test_each_needed_field_can_be_filled(found: tuple[TestClient[Litestar], Canaries]) -> None:
    client, canaries = found
    assembly: Assembly = client.app.state.assembly
    by_path = {f"{r.path}/lookup": r for r in assembly.resources.values()}
    wrong, looked, needed = [], 0, 0
    for resource in creatable(assembly):
        form = Form(client.get(f"{resource.path}/new").text, f"{resource.path}/new")
        needed += len(form.needed)
        for label in form.needed:
            control = form.of_label(label)
            if control is None or not control.fillable:
                wrong.append(f"{resource.key}: {label} cannot be filled")
        sent = {c.name: c.value for c in form.controls.values()}
        for name in [name for name in sent if name.endswith("-lookup")]:
            target = by_path[sent[name]]
            with working(assembly) as ctx:
                sent[name.removesuffix("-lookup")] = title_of(ctx, target, canaries.of(target))
            looked += 1
        answer = client.post(f"{resource.path}/new", data=sent)
        lost = any(said in answer.text for said in ("is called exactly", "There is no ", "takes an id"))
        if lost or answer.status_code >= 500:
            wrong.append(f"{resource.key}: what was typed was not found: {answer.status_code}")
    assert wrong == []
    assert (looked > 10, needed > 30) == (True, True)


class Dead(HTMLParser):
    """Controls of a page that do nothing without scripts, and yet are shown."""

    VOID = frozenset(("input", "img", "br", "hr", "meta", "link", "use", "source", "wbr", "col", "path"))

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        hidden = any("scripting-only" in kind or name == "dialog" for name, kind in self.open)
        hidden = hidden or "scripting-only" in (given.get("class") or "")
        in_form = any(name == "form" for name, _ in self.open) or "form" in given
        dead = (
            tag == "button"
            and "popovertarget" not in given
            and (given.get("type") == "button" or not in_form)
        )
        asks = any(name in given for name in ("hx-get", "hx-post")) and given.get("hx-swap") != "none"
        dead = dead or (asks and tag in ("button", "input") and not in_form)
        dead = dead or (tag == "form" and "action" not in given and asks)
        if dead and not hidden:
            self.found.append(str({name: value for name, value in given.items() if name != "class"}))
        if tag not in self.VOID:
            self.open.append((tag, given.get("class") or ""))

    def handle_endtag(self, tag: str) -> None:
        while self.open and any(name == tag for name, _ in self.open):
            if self.open.pop()[0] == tag:
                break


def test_no_button_is_dead(found: tuple[TestClient[Litestar], Canaries]) -> None:
    client, canaries = found
    assembly: Assembly = client.app.state.assembly
    dead: dict[str, list[str]] = {}
    for resource in assembly.resources.values():
        record = f"{resource.path}/{canaries.of(resource)}"
        pages = [resource.path, record, f"{record}/history", f"{resource.path}/import"]
        for url in [*pages, f"{record}/edit", f"{resource.path}/new", f"{resource.path}/board"]:
            answer = client.get(url, headers={"Accept": "text/html"})
            if answer.status_code == 200 and (wrong := Dead(answer.text).found):
                dead[url] = wrong
    assert dead == {}


def test_a_role_is_offered_no_scope_that_would_show_nothing(found: tuple[Any, Canaries]) -> None:
    client, _ = found
    links = re.findall(r"/admin/roles/\d+", client.get("/admin/roles").text)
    page = client.get(links[-1]).text
    offered = {
        name: re.findall(rf'name="grant:{re.escape(name)}" value="(\w*)"', page)
        for name in ("catalog.tax-rates.read", "orders.orders.read")
    }
    assert offered == {
        "catalog.tax-rates.read": ["", "all"],
        "orders.orders.read": ["", "own", "team", "all"],
    }
