"""The routes that each declared resource gets: pages for people, the API for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from patron.contributions import Resource
from patron.resources import (
    api,
    boards,
    bulk,
    export,
    form_page,
    importing,
    list_page,
    record_page,
    saved_views,
)
from patron.routing import Method, Route, Transaction

Handler = Callable[..., Any]


def routes_of(resource: Resource) -> Iterator[Route]:
    """Every route of a resource: what its verbs do not name has none. Each carries the permission of its verb."""
    yield from _page_routes(resource)
    yield from _api_routes(resource)


def _page_routes(resource: Resource) -> Iterator[Route]:
    path, may = resource.path, resource.permission
    verbs = set(resource.verbs)
    module = resource.module

    def page(method: Method, suffix: str, handler: Handler, verb: str, **options: Any) -> Route:
        transaction: Transaction = "read" if method == "GET" else "write"
        return Route(
            method,
            f"{path}{suffix}",
            partial(handler, resource=resource),
            permission=may(verb),
            module=module,
            **{"transaction": transaction, **options},
        )

    yield page("GET", "", list_page.show_list, "read")
    yield page("GET", "/lookup", record_page.lookup, "read")
    yield page("GET", "/{record_id:int}", record_page.show_record, "read")
    yield page("GET", "/{record_id:int}/history", record_page.show_history, "read")
    yield page("POST", "/views", saved_views.save_view, "read")
    yield page("POST", "/views/{view_id:int}/delete", saved_views.delete_view, "read")
    if resource.state:
        yield page("GET", "/board", boards.show_board, "read")
    if resource.state and "edit" in verbs:
        yield page("POST", "/board/move", boards.move, "edit")
    if "create" in verbs:
        yield page("GET", "/new", form_page.show_new, "create")
        yield page("POST", "/new", form_page.create_record, "create", asks_back=True)
    if "edit" in verbs:
        yield page("GET", "/{record_id:int}/edit", form_page.show_edit, "edit")
        yield page("POST", "/{record_id:int}/edit", form_page.change_record, "edit", asks_back=True)
        yield page("POST", "/bulk", bulk.preview, "edit", transaction="read")
        yield page("POST", "/bulk/apply", bulk.apply, "edit")
        yield page("POST", "/bulk/{bulk_id:int}/undo", bulk.undo, "edit")
    if "delete" in verbs:
        yield page("POST", "/trash", record_page.trash_records, "delete")
        yield page("POST", "/restore", record_page.restore_records, "delete")
    if "export" in verbs:
        yield page("GET", "/export", export.download, "export", transaction="none", slow=True)
    if "import" in verbs:
        yield from _import_routes(page)


def _import_routes(page: Callable[..., Route]) -> Iterator[Route]:
    """The wizard: files are read and rows written in transactions of its own."""
    apart = {"transaction": "none", "slow": True}
    one = "/import/{import_id:int}"
    yield page("GET", "/import", importing.show_upload, "import", **apart)
    yield page("POST", "/import", importing.upload, "import", upload=importing.UPLOAD, **apart)
    yield page("GET", "/import/sample", importing.sample, "import", **apart)
    yield page("GET", one, importing.show_import, "import", **apart)
    yield page("POST", f"{one}/map", importing.choose_columns, "import", **apart)
    yield page("POST", f"{one}/apply", importing.start, "import", **apart)
    yield page("POST", f"{one}/resume", importing.start, "import", **apart)
    yield page("POST", f"{one}/cancel", importing.cancel, "import", **apart)
    yield page("GET", f"{one}/refused", importing.show_refused, "import", **apart)
    yield page("POST", f"{one}/refused", importing.mend, "import", **apart)
    yield page("POST", f"{one}/review", importing.decide, "import", **apart)
    yield page("POST", f"{one}/undo", importing.take_back, "import", **apart)
    yield page("GET", f"{one}/rejects", importing.rejects, "import", **apart)


def _api_routes(resource: Resource) -> Iterator[Route]:
    path, may = f"/api/v1{resource.path}", resource.permission
    verbs, module = set(resource.verbs), resource.module

    def route(method: Method, suffix: str, handler: Handler, verb: str) -> Route:
        transaction: Transaction = "read" if method == "GET" else "write"
        return Route(
            method,
            f"{path}{suffix}",
            partial(handler, resource=resource),
            permission=may(verb),
            module=module,
            transaction=transaction,
            upload=5_000_000,
        )

    yield route("GET", "", api.list_records, "read")
    yield route("GET", "/{record_id:int}", api.read_record, "read")
    if "create" in verbs:
        yield route("POST", "", api.create_record, "create")
    if "edit" in verbs:
        yield route("PATCH", "/{record_id:int}", api.change_record, "edit")
        yield route("POST", "/bulk", api.bulk_records, "edit")
    if "delete" in verbs:
        yield route("DELETE", "/{record_id:int}", api.delete_record, "delete")
        yield route("POST", "/{record_id:int}/restore", api.restore_record, "delete")
