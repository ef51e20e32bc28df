"""The OpenAPI 3.1 document of an assembly, made from what its modules declare."""

from __future__ import annotations

from typing import Any

from babel.numbers import list_currencies

from patron import __version__
from patron.assembly import Assembly
from patron.contributions import Field, Resource
from patron.resources.api import MAX_BULK
from patron.resources.declaration import table_of
from patron.resources.query import MAX_LIMIT
from patron.resources.values import MAX_INTEGER
from patron.routing import Route

_ID = {"type": "string", "pattern": "^[0-9]{1,19}$"}
_REF = "#/components/schemas/"


def document(assembly: Assembly) -> dict[str, Any]:
    """Paths and schemas of every enabled module."""
    resources = [r for r in assembly.resources.values() if r.module not in assembly.live.disabled]
    schemas: dict[str, Any] = {"Problem": _PROBLEM, "Money": _MONEY}
    paths: dict[str, Any] = {}
    for resource in resources:
        schemas[_name(resource)] = _output(resource)
        if "create" in resource.verbs or "edit" in resource.verbs:
            schemas[f"{_name(resource)}Input"] = _input(resource)
        paths.update(_paths(resource))
    for route in assembly.routes:
        if (
            route.path.startswith("/api/")
            and _plain_path(route) not in paths
            and route.module not in assembly.live.disabled
        ):
            paths.setdefault(_plain_path(route), {})[route.method.lower()] = _other(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{assembly.settings.site_name} API", "version": __version__},
        "servers": [{"url": assembly.settings.base_url}],
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


_CURRENCIES = sorted(list_currencies())
_INTEGER = {"type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER}
_MONEY = {
    "type": "object",
    "required": ["minor", "currency"],
    "additionalProperties": False,
    "properties": {
        "minor": {**_INTEGER, "description": "Minor units: 1250 is 12.50 EUR"},
        "currency": {"type": "string", "enum": _CURRENCIES},
    },
}


def _name(resource: Resource) -> str:
    return "".join(part.capitalize() for part in resource.key.replace("-", "_").replace(".", "_").split("_"))


def _plain_path(route: Route) -> str:
    return route.path.replace(":int", "").replace(":str", "")


# What a text must match, by whether it is needed and whether it is a single line.
_PATTERNS = {
    (True, True): r"^[^\r\n]*[^\s\u0000][^\r\n]*$",
    (True, False): r"[^\s\u0000]",
    (False, True): r"^[^\r\n]*$",
}


def _schema(item: Field, *, output: bool) -> dict[str, Any]:
    """The JSON schema of one field: of input, or of output, where what is not set is null."""
    kind = item.kind
    schema: dict[str, Any]
    if kind == "choice":
        schema = {"type": "string", "enum": [choice.value for choice in item.choices]}
    elif kind == "bool":
        schema = {"type": "boolean"}
    elif kind == "integer":
        schema = dict(_INTEGER)
    elif kind == "money":
        money = {"$ref": f"{_REF}Money"}
        return money if item.required and not output else {"anyOf": [money, {"type": "null"}]}
    elif kind == "percent":
        schema = {"type": "string", "pattern": r"^-?[0-9]{1,6}(\.[0-9]{1,2})?$", "examples": ["19.5"]}
    elif kind == "date":
        schema = {"type": "string", "format": "date"}
    elif kind == "instant":
        schema = {"type": "string", "format": "date-time"}
    elif kind in ("customer", "user", "team", "ref"):
        schema = dict(_ID)
    elif kind == "list":
        parts = {"type": "object", "properties": {name: {"description": label} for name, label in item.parts}}
        schema = {"type": "array", "items": parts if item.parts else {}, "maxItems": 200}
    elif kind == "computed":
        return {}
    else:
        schema = {"type": "string", "maxLength": 100_000 if kind == "longtext" else item.max_length}
        if item.says == "currency":
            schema = {"type": "string", "enum": _CURRENCIES}
        elif not output and (item.required or kind == "text"):
            schema["pattern"] = _PATTERNS[item.required, kind == "text"]
    if output or not item.required:
        if "enum" in schema:  # what is not chosen is given as "", and may be set as either
            return {**schema, "type": ["string", "null"], "enum": [*schema["enum"], "", None]}
        schema["type"] = [schema["type"], "null"]
    return schema


def _output(resource: Resource) -> dict[str, Any]:
    properties = {"id": _ID, "version": {"type": "integer"}}
    properties |= {item.name: _schema(item, output=True) for item in resource.fields}
    return {"type": "object", "required": ["id", "version"], "properties": properties}


def _input(resource: Resource) -> dict[str, Any]:
    fields = [resource.field(name) for name in resource.form if not resource.field(name).read_only]
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {item.name: _schema(item, output=False) for item in fields if item.kind != "computed"},
    }
    return schema


def _problems(*codes: int) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": f"{_REF}Problem"}}}
    return {str(code): {"description": _SAID[code], "content": content} for code in codes}


_SAID = {
    400: "The request could not be read",
    401: "Sign in",
    403: "Not permitted",
    404: "Not found",
    409: "Someone changed this meanwhile",
    413: "Too large",
    422: "Fields are wrong",
    429: "Too many",
    503: "Busy",
}


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def _list_parameters(resource: Resource) -> list[dict[str, Any]]:
    sorts = [name.removeprefix("-") for name in resource.sorts]
    return [
        _query("filter", {"type": "string"}, f"JSON over {', '.join(sorted(resource.filters))}"),
        _query("sort", {"type": "string", "enum": [*sorts, *(f"-{name}" for name in sorts)]}, "Order"),
        _query("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}, "Records a page"),
        _query("cursor", {"type": "string"}, "“next” of the page before"),
        _query("fields", {"type": "string"}, "Names with commas"),
        _query("q", {"type": "string"}, "Free text"),
        _query("trashed", {"type": "string", "enum": ["true", "false"]}, "The trash instead"),
    ]


_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 200},
}
_IF_MATCH = {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}}
_RECORD_ID = {
    "name": "record_id",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 1, "maximum": MAX_INTEGER},
}


def _paths(resource: Resource) -> dict[str, Any]:
    """The paths that the resource's verbs give it."""
    base = f"/api/v1{resource.path}"
    paths = {base: _collection(resource), f"{base}/{{record_id}}": _item(resource)}
    if "edit" in resource.verbs:
        paths[f"{base}/bulk"] = {"post": _bulk(resource)}
    if "delete" in resource.verbs:
        restore = _operation(
            resource, "restore", f"Restore a {resource.label.lower()}", 200, 401, 403, 404, 422, 503
        )
        paths[f"{base}/{{record_id}}/restore"] = {"parameters": [_RECORD_ID], "post": restore}
    return paths


def _operation(
    resource: Resource,
    verb: str,
    summary: str,
    success: int,
    *refusals: int,
    answer: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """An operation that answers with the record (or ``answer``) and may be refused with these statuses."""
    responses: dict[str, Any] = {str(success): {"description": summary}}
    if success != 204:
        responses[str(success)]["content"] = _content(answer or {"$ref": f"{_REF}{_name(resource)}"})
    responses |= _problems(*refusals)
    found = {"operationId": f"{verb}{_name(resource)}", "summary": summary, "tags": [resource.label_plural]}
    return {**found, **more, "responses": responses}


def _body(resource: Resource, *, new: bool = False) -> dict[str, Any]:
    """Fields to set; of a ``new`` record those that are needed, have no default and are no part of a list."""
    schema: dict[str, Any] = {"$ref": f"{_REF}{_name(resource)}Input"}
    fields = [resource.field(name) for name in resource.form]
    needed = [f.name for f in fields if f.required and not f.read_only and f.default in (None, "")]
    return {
        "required": True,
        "content": _content({**schema, "required": needed} if new and needed else schema),
    }


def _collection(resource: Resource) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": f"{_REF}{_name(resource)}"}}
    page = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {"items": items, "next": {"type": ["string", "null"]}},
    }
    plural, single = resource.label_plural.lower(), resource.label.lower()
    parameters = _list_parameters(resource)
    found = {
        "get": _operation(
            resource, "list", f"List {plural}", 200, 400, 401, 403, 422, answer=page, parameters=parameters
        )
    }
    if "create" in resource.verbs:
        refusals = (400, 401, 403, 409, 413, 422, 503)
        more: dict[str, Any] = {"parameters": [_IDEMPOTENCY], "requestBody": _body(resource, new=True)}
        found["post"] = _operation(resource, "create", f"Create a {single}", 201, *refusals, **more)
    return found


def _item(resource: Resource) -> dict[str, Any]:
    single = resource.label.lower()
    found: dict[str, Any] = {
        "parameters": [_RECORD_ID],
        "get": _operation(resource, "read", f"Read a {single}", 200, 401, 403, 404),
    }
    if "merged_into_id" in table_of(resource).c:
        told = {"description": "It was merged: Location names the record that it became part of"}
        found["get"]["responses"]["308"] = told
    if "edit" in resource.verbs:
        refusals = (400, 401, 403, 404, 409, 413, 422, 503)
        more: dict[str, Any] = {"parameters": [_IF_MATCH, _IDEMPOTENCY], "requestBody": _body(resource)}
        found["patch"] = _operation(resource, "change", f"Change a {single}", 200, *refusals, **more)
    if "delete" in resource.verbs:
        found["delete"] = _operation(
            resource, "trash", f"Move a {single} to the trash", 204, 401, 403, 404, 422, 503
        )
    return found


def _bulk(resource: Resource) -> dict[str, Any]:
    """Records to change carry their id, and may carry the version that the change began from."""
    given = _input(resource)
    given["properties"] = {**given["properties"], "id": _ID, "version": {"type": "integer", "minimum": 1}}
    records = {"type": "array", "minItems": 1, "maxItems": MAX_BULK, "items": given}
    body = {
        "type": "object",
        "required": ["records"],
        "additionalProperties": False,
        "properties": {"records": records},
    }
    results = {"type": "object", "properties": {"results": {"type": "array", "items": {"type": "object"}}}}
    summary = f"Create and change {resource.label_plural.lower()}, a result for each"
    refusals = (400, 401, 403, 409, 413, 422, 503)
    request = {"required": True, "content": _content(body)}
    return _operation(resource, "bulk", summary, 200, *refusals, answer=results, requestBody=request)


def _other(route: Route) -> dict[str, Any]:
    """A route that a module wrote by hand: its summary is the first line of its docstring."""
    text = (getattr(route.handler, "__doc__", "") or "").strip().split("\n")[0]
    parameters = [
        {
            "name": part[1:-1].split(":")[0],
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 1, "maximum": MAX_INTEGER}
            if ":int" in part
            else {"type": "string"},
        }
        for part in route.path.split("/")
        if part.startswith("{")
    ]
    found: dict[str, Any] = {
        "operationId": getattr(route.handler, "__name__", route.path),
        "summary": text,
        "tags": [route.module],
        "responses": {
            str(route.answers): {"description": "The answer"},
            **_problems(400, 401, 403, 404, 409, 413, 422, 503),
        },
    }
    if route.takes is not None:
        found["requestBody"] = {"required": True, "content": _content(dict(route.takes))}
    if parameters:
        found["parameters"] = parameters
    return found
