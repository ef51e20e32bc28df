"""The JSON API of a resource. Lists answer ``{"items": [...], "next": cursor or null}``; errors are RFC 9457."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import insert, select

from patron.context import Context
from patron.contributions import Resource
from patron.db import savepoint
from patron.errors import BadRequest, Conflict, Invalid, PatronError
from patron.records import table
from patron.rendering import problem
from patron.resources import editing
from patron.resources.query import Listing, merged_into, read_one, read_page
from patron.responses import Json, Redirect
from patron.system.models import IdempotencyKey
from patron.web import whole_number

MAX_BULK = 200
_PARAMETERS = ("filter", "sort", "limit", "cursor", "fields", "q", "trashed")


def list_records(ctx: Context, *, resource: Resource) -> Json:
    """``GET``: ``filter`` (JSON), ``sort``, ``limit``, ``cursor``, ``fields``, ``q``, ``trashed``."""
    page = read_page(ctx, resource, listing_of(ctx))
    return Json({"items": page.items, "next": page.next})


def listing_of(ctx: Context) -> Listing:
    """What the query string asks for; Invalid names the parameter that is wrong."""
    web = ctx.web
    for name in web.query:
        if name not in _PARAMETERS:
            raise Invalid.field(name, f"There is no parameter “{name}”. There are: {', '.join(_PARAMETERS)}.")
    limit = whole_number(web.param("limit", "50"))
    if limit is None or limit >= 10**6:
        raise Invalid.field("limit", "limit takes a whole number.")
    fields = web.param("fields")
    return Listing(
        filter=filter_of(web.param("filter")),
        sort=web.param("sort"),
        limit=int(limit),
        cursor=web.param("cursor"),
        fields=tuple(name.strip() for name in fields.split(",") if name.strip()) if fields else None,
        search=web.param("q"),
        trashed=web.param("trashed") == "true",
    )


def filter_of(text: str) -> Any:
    """The filter of a query string as JSON; Invalid when it is none."""
    if not text:
        return None
    if len(text) > 20_000:
        raise Invalid.field("filter", "The filter is too long.")
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid.field("filter", f"The filter is not valid JSON: {error}") from error


def read_record(ctx: Context, record_id: int, *, resource: Resource) -> Json | Redirect:
    """``GET`` one, with its version as ``ETag``; 308 to the one that it was merged into."""
    item = read_one(ctx, resource, record_id)
    if item["trashed"] and (survivor := merged_into(ctx, resource, record_id)) is not None:
        return Redirect(f"/api/v1{resource.path}/{survivor}", status=308)
    return Json(item, headers={"ETag": f'"{item["version"]}"'})


def create_record(ctx: Context, *, resource: Resource) -> Json:
    """``POST``: 201 with the record. The same ``Idempotency-Key`` gives the same answer."""

    def work() -> Json:
        record = editing.create(ctx, resource, ctx.web.json_object())
        item = read_one(ctx, resource, record.key, verb="create")
        location = f"/api/v1{resource.path}/{record.key}"
        return Json(item, 201, {"Location": location, "ETag": f'"{item["version"]}"'})

    return _once(ctx, work)


def change_record(ctx: Context, record_id: int, *, resource: Resource) -> Json:
    """``PATCH``: what is left out stays. ``If-Match`` holds the version that the change began from."""

    def work() -> Json:
        editing.change(ctx, resource, record_id, ctx.web.json_object(), version=_if_match(ctx))
        item = read_one(ctx, resource, record_id, verb="edit")
        return Json(item, headers={"ETag": f'"{item["version"]}"'})

    return _once(ctx, work)


def delete_record(ctx: Context, record_id: int, *, resource: Resource) -> Json:
    """``DELETE``: to the trash."""
    editing.trash(ctx, resource, [record_id])
    return Json(None, 204)


def restore_record(ctx: Context, record_id: int, *, resource: Resource) -> Json:
    """``POST …/restore``: back from the trash."""
    editing.restore(ctx, resource, [record_id])
    return Json(read_one(ctx, resource, record_id))


def bulk_records(ctx: Context, *, resource: Resource) -> Json:
    """``POST …/bulk`` of ``{"records": [{"id"?, "version"?, …}]}``: creates or changes each, a result per record.

    Each record is all or nothing by itself.
    """

    def work() -> Json:
        body = ctx.web.json_object()
        records = body.get("records")
        if set(body) != {"records"} or not isinstance(records, list) or not 0 < len(records) <= MAX_BULK:
            raise BadRequest(f"The body takes “records”, a list of 1 to {MAX_BULK} objects.")
        return Json({"results": [_bulk_one(ctx, resource, item) for item in records]})

    return _once(ctx, work)


def _bulk_one(ctx: Context, resource: Resource, values: Any) -> dict[str, Any]:
    try:
        if not isinstance(values, dict):
            raise BadRequest("Each record is an object.")
        given = dict(values)
        record_id, version = given.pop("id", None), given.pop("version", None)
        if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
            raise Invalid.field("version", "version takes a whole number.")
        with savepoint(ctx.session):
            if record_id is None:
                record = editing.create(ctx, resource, given)
                return {"status": 201, "id": str(record.key), "version": record.version}
            key = whole_number(str(record_id))
            if key is None:
                raise Invalid.field("id", "id takes an id.")
            record = editing.change(ctx, resource, key, given, version=version)
            return {"status": 200, "id": str(record.key), "version": record.version}
    except PatronError as error:
        return {"status": error.status, "problem": problem(error, ctx.request_id)}


def _if_match(ctx: Context) -> int | None:
    text = ctx.web.headers.get("if-match", "").strip()
    if text in ("", "*"):
        return None
    number = whole_number(text.removeprefix("W/").strip('"'))
    if number is None:
        raise BadRequest('If-Match takes the ETag of an earlier answer, such as "3".')
    return number


def _once(ctx: Context, work: Callable[[], Json]) -> Json:
    """Do the work, or give the answer that the same key got before. The answer commits with the work."""
    key = ctx.web.headers.get("idempotency-key", "")
    if not key:
        return work()
    if len(key) > 200:
        raise BadRequest("An Idempotency-Key has at most 200 characters.")
    t = table(IdempotencyKey)
    owner = f"{ctx.actor.kind}:{ctx.actor.id}"
    digest = hashlib.sha256(f"{ctx.web.method} {ctx.web.path}\n".encode() + ctx.web.body).hexdigest()
    known = (
        ctx.session.execute(select(t).where(t.c.owner == owner, t.c.request_key == key)).mappings().first()
    )
    if known is not None:
        if known["request_digest"] != digest:
            raise Conflict("This Idempotency-Key was used for another request.")
        return Json(msgspec.json.decode(known["body"]), known["status"], {"Idempotency-Replayed": "true"})
    # The row is taken first, so that a second request with the same key waits here and then clashes.
    ctx.session.execute(
        insert(t).values(
            owner=owner, request_key=key, request_digest=digest, status=0, body="null", at=ctx.now
        )
    )
    result = work()
    body = msgspec.json.encode(result.data).decode()
    ctx.session.execute(
        t.update().where(t.c.owner == owner, t.c.request_key == key).values(status=result.status, body=body)
    )
    return result
