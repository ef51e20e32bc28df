"""A plausible request for any route of an assembly, made from what the route and its resource declare.

A test that asks every route, as everybody, covers a new route on the day it is written.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from patron.assembly import Assembly
from patron.context import Context
from patron.contributions import Field, Resource
from patron.routing import Route
from patron.testing.canaries import Canaries, plausible

UNSAFE = ("POST", "PATCH", "PUT", "DELETE")
_READ_NAMES = re.compile(r"""(?:value|values|param|_day|get)\(\s*(?:ctx,\s*)?["']([\w-]+)["']""")
_PARAMETER = re.compile(r"\{(\w+):(\w+)\}")


@dataclass(frozen=True)
class Ask:
    """One request: where, and with what body."""

    method: str
    url: str
    form: Mapping[str, Any] | None = None
    json: Any = None

    def send(self, client: TestClient[Litestar]) -> Any:
        """The answer, errors as problem documents."""
        body: dict[str, Any] = {"json": self.json} if self.json is not None else {"data": self.form or {}}
        if self.method not in UNSAFE:
            body = {}
        return client.request(self.method, self.url, headers={"Accept": "application/json"}, **body)

    @property
    def said(self) -> str:
        """All that the request itself says, since an answer may repeat it."""
        return f"{self.url} {self.form} {self.json}"


def resource_of(route: Route) -> Resource | None:
    """The resource that a generated route serves."""
    handler = route.handler
    found = handler.keywords.get("resource") if isinstance(handler, partial) else None
    return found if isinstance(found, Resource) else None


def ask(ctx: Context, route: Route, found: Canaries, fixed: Mapping[str, Any] | None = None) -> Ask:
    """A request for the route about the canaries; ``fixed`` gives what of the body cannot be guessed."""
    url = _PARAMETER.sub(lambda m: str(_parameter(ctx, route, found, m[1], m[2])), route.path)
    resource = resource_of(route)
    if route.method not in UNSAFE:
        return Ask(route.method, url + _query(route, found))
    if route.path.startswith("/api/"):
        return Ask(route.method, url, json={**_json(ctx, route, resource, found), **(fixed or {})})
    if resource is None:
        return Ask(route.method, url, form={**_guessed(ctx.assembly, route, found), **(fixed or {})})
    return Ask(route.method, url, form={**_form(ctx, route, resource, found), **(fixed or {})})


def _parameter(ctx: Context, route: Route, found: Canaries, name: str, kind: str) -> Any:
    if kind != "int":
        return route.module if route.module != "core" else "canary"
    resource = resource_of(route)
    if name == "record_id" and resource is not None:
        return found.of(resource)
    stem = name.removesuffix("_id")
    if stem == "customer":  # a module's own table beside it may be called the same
        return found.customer
    modules = [route.module, "core", *(p.name for p in ctx.assembly.active)]
    wanted = [f"{module}_{stem}" for module in modules]
    wanted += [t for t in found.ids if t.endswith(f"_{stem}") or t.endswith(f"_{stem}_journal")]
    if stem == "session":
        wanted.insert(0, "core_sign_in")
    if name == "record_id":
        nearest = [r for r in ctx.assembly.resources.values() if route.path.startswith(f"{r.path}/")]
        wanted = [r.table for r in nearest] or wanted
    return next((found.ids[t] for t in wanted if found.ids.get(t)), 1)


def _query(route: Route, found: Canaries) -> str:
    """Pages that search show what they find; the rest ignores it or refuses it."""
    if route.path in ("/search", "/palette"):
        return "?q=canary"
    return "?q=canary" if route.path.endswith("/lookup") else ""


def _values(
    ctx: Context, resource: Resource, found: Canaries, names: tuple[str, ...] | None = None
) -> dict[str, Any]:
    values = {}
    for name in names or resource.form:
        item = resource.field(name)
        if not item.read_only and item.kind != "list":
            value = plausible(ctx, item, found, "asked")
            if value is not None:
                values[name] = value
    return values


def _editable(resource: Resource) -> Field | None:
    """A field that is simple to change."""
    fields = [resource.field(name) for name in resource.form]
    free = [
        f
        for f in fields
        if f.kind in ("text", "longtext")
        and not f.read_only
        and f.says == "itself"
        and f.name not in _GRAMMARS
    ]
    return next(iter(free), next((f for f in fields if not f.read_only), None))


_GRAMMARS = ("hours", "holidays", "time_zone", "conditions", "people")  # texts with a grammar of their own


def _json(ctx: Context, route: Route, resource: Resource | None, found: Canaries) -> Any:
    if resource is None:
        return _guessed(ctx.assembly, route, found)
    item = _editable(resource)
    change = {item.name: plausible(ctx, item, found, "asked")} if item else {}
    if route.path.endswith("/bulk"):
        return {"records": [{"id": str(found.of(resource)), **change}]}
    if route.method == "PATCH":
        return change
    if route.method == "POST" and not route.path.endswith("/restore"):
        return _values(ctx, resource, found)
    return {}


def _form(ctx: Context, route: Route, resource: Resource, found: Canaries) -> dict[str, Any]:
    tail = route.path.removeprefix(resource.path)
    item = _editable(resource)
    ids = {"ids": str(found.of(resource))}
    if tail.startswith(("/new", "/{record_id:int}/edit")):
        return _flat(_values(ctx, resource, found))
    if tail.startswith("/bulk") and item is not None:
        return {**ids, "field": item.name, **_flat({item.name: plausible(ctx, item, found, "asked")})}
    if tail.startswith("/board") and resource.state:
        state = resource.field(resource.state)
        to = state.choices[
            0 if state.kind == "bool" else -1
        ].value  # where the canary is not: it says yes to all
        return {
            "id": str(found.of(resource)), "record_id": str(found.of(resource)), "to": to, "state": to, "value": to,
        }  # fmt: skip
    return {**ids, **_guessed(ctx.assembly, route, found)}


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as a form sends them."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= {name: f"{value['minor'] / 100:.2f}", f"{name}_currency": value["currency"]}
        elif value is not False:
            flat[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return flat


def _guessed(assembly: Assembly, route: Route, found: Canaries) -> dict[str, str]:
    """Values for every name that the handler's source reads from the request."""
    handler = route.handler.func if isinstance(route.handler, partial) else route.handler
    source = inspect.getsource(inspect.unwrap(handler))
    return {name: _guess(name, found) for name in _READ_NAMES.findall(source)}


def _guess(name: str, found: Canaries) -> str:
    stem = name.removesuffix("_id")
    ids = {
        "customer": found.customer, "other": found.other_customer, "to": found.other_customer, "user": found.keeper,
        "owner": found.keeper, "assignee": found.keeper, "team": found.team,
    }  # fmt: skip
    if stem in ids:
        return str(ids[stem])
    if stem.endswith(("date", "day", "due", "until", "since")):
        return "2027-03-01"
    table = next((t for t in found.ids if t.endswith(f"_{stem}")), None)
    if table is not None:
        return str(found.ids[table])
    return _WORDS.get(name, "asked")


_WORDS = {
    "email": "asked@example.com", "channel": "phone", "direction": "in", "intent": "enquiry",
    "at": "2026-01-05T09:00:00Z",
    "visibility": "all", "minutes": "5", "granted": "true", "purpose": "newsletter", "kind": "works_at",
    "end": "", "language": "en", "time_zone": "UTC", "hours": "09:00-17:00", "amount": "5", "quantity": "1",
    "currency": "EUR", "price": "5", "theme": "dark", "back": "", "audience": "private", "query": "", "version": "",
    "members": "1", "teams": "1", "roles": "user", "locale": "en", "scopes": "customers.read", "days": "30",
}  # fmt: skip
