"""The OpenAPI 3.1 document of an assembly, made from what its modules declare."""

from __future__ import annotations

from typing import Any

from patron import __version__
from patron.assembly import Assembly
from patron.contributions import Field, Resource
from patron.resources.api import MAX_BULK
from patron.resources.query import MAX_LIMIT
from patron.resources.values import MAX_INTEGER
from patron.routing import Route

_ID = {"type": "string", "pattern": "^[0-9]{1,19}$"}
_REF = "#/components/schemas/"


def document(assembly: Assembly) -> dict[str, Any]:
    """Paths and schemas of every enabled module."""
    resources = [r for r in assembly.resources.values() if r.module not in assembly.live.disabled]
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
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


def _name(resource: Resource) -> str:
    return "".join(part.capitalize() for part in resource.key.replace("-", "_").replace(".", "_").split("_"))


def _plain_path(route: Route) -> str:
    return route.path.replace(":int", "").replace(":str", "")


def _schema(item: Field, *, output: bool) -> dict[str, Any]:
    """The JSON schema of one field: of input, or of output, where what is not set is null."""
    kind = item.kind
    schema: dict[str, Any]
    if kind == "choice":
        schema = {"type": "string", "enum": [choice.value for choice in item.choices]}
    elif kind == "bool":
        schema = {"type": "boolean"}
    elif kind == "integer":
        schema = {"type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER}
    elif kind == "money":
        minor = {"type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER}
        schema = {
            "type": "object",
            "required": ["minor", "currency"],
            "additionalProperties": False,
            "properties": {"minor": minor, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}},
        }
    elif kind == "date":
        schema = {"type": "string", "format": "date"}
    elif kind == "instant":
        schema = {"type": "string", "format": "date-time"}
    elif kind in ("customer", "user", "team", "ref"):
        schema = dict(_ID)
    elif kind == "list":
        schema = {"type": "array", "items": {}, "maxItems": 200}
    elif kind == "computed":
        return {}
    else:
        schema = {"type": "string", "maxLength": 100_000 if kind == "longtext" else item.max_length}
    if output or not item.required:
        if "enum" in schema:
            return {"anyOf": [schema, {"type": "null"}]}
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


def _paths(resource: Resource) -> dict[str, Any]:
    base, name = f"/api/v1{resource.path}", _name(resource)
    one = _content({"$ref": f"{_REF}{name}"})
    body = {"required": True, "content": _content({"$ref": f"{_REF}{name}Input"})}
    header = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "maxLength": 200},
    }
    match = {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}}
    record = {
        "name": "record_id",
        "in": "path",
        "required": True,
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_INTEGER},
    }
    page = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": f"{_REF}{name}"}},
            "next": {"type": ["string", "null"]},
        },
    }

    def operation(verb: str, summary: str, **more: Any) -> dict[str, Any]:
        return {"operationId": f"{verb}{name}", "summary": summary, "tags": [resource.label_plural], **more}

    plural, single = resource.label_plural.lower(), resource.label.lower()
    collection: dict[str, Any] = {
        "get": operation(
            "list",
            f"List {plural}",
            parameters=_list_parameters(resource),
            responses={
                "200": {"description": "A page", "content": _content(page)},
                **_problems(400, 401, 403, 422),
            },
        )
    }
    if "create" in resource.verbs:
        collection["post"] = operation(
            "create",
            f"Create a {single}",
            parameters=[header],
            requestBody=body,
            responses={
                "201": {"description": "Created", "content": one},
                **_problems(400, 401, 403, 409, 413, 422, 503),
            },
        )
    item: dict[str, Any] = {
        "parameters": [record],
        "get": operation(
            "read",
            f"Read a {single}",
            responses={"200": {"description": "The record", "content": one}, **_problems(401, 403, 404)},
        ),
    }
    paths = {base: collection, f"{base}/{{record_id}}": item}
    if "edit" in resource.verbs:
        item["patch"] = operation(
            "change",
            f"Change a {single}",
            parameters=[match, header],
            requestBody=body,
            responses={
                "200": {"description": "Changed", "content": one},
                **_problems(400, 401, 403, 404, 409, 413, 422, 503),
            },
        )
        paths[f"{base}/bulk"] = {"post": _bulk(operation, name, plural)}
    if "delete" in resource.verbs:
        item["delete"] = operation(
            "trash",
            f"Move a {single} to the trash",
            responses={"204": {"description": "In the trash"}, **_problems(401, 403, 404, 422, 503)},
        )
        paths[f"{base}/{{record_id}}/restore"] = {
            "parameters": [record],
            "post": operation(
                "restore",
                f"Restore a {single}",
                responses={
                    "200": {"description": "The record", "content": one},
                    **_problems(401, 403, 404, 422, 503),
                },
            ),
        }
    return paths


def _bulk(operation: Any, name: str, plural: str) -> dict[str, Any]:
    records = {"type": "array", "minItems": 1, "maxItems": MAX_BULK, "items": {"type": "object"}}
    body = {
        "type": "object",
        "required": ["records"],
        "additionalProperties": False,
        "properties": {"records": records},
    }
    results = {"type": "object", "properties": {"results": {"type": "array", "items": {"type": "object"}}}}
    found: dict[str, Any] = operation(
        "bulk",
        f"Create and change {plural}, a result for each",
        requestBody={"required": True, "content": _content(body)},
        responses={
            "200": {"description": "A result for each", "content": _content(results)},
            **_problems(400, 401, 403, 409, 413, 422, 503),
        },
    )
    return found


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
        "responses": {"200": {"description": "The answer"}, **_problems(400, 401, 403, 404, 409, 422)},
    }
    if parameters:
        found["parameters"] = parameters
    return found
