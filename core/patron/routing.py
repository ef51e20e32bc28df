"""Routes: plain functions with a face and a permission, served in one transaction and one thread.

A handler takes a context and the path's parameters, and returns a response (see ``patron.responses``)::

    @get("/sales/board", permission="sales.opportunities.read")
    def board(ctx: Context) -> Page: ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from patron.permissions import Face

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
Transaction = Literal["read", "write", "none"]
SIGNED_IN = "signed-in"  # any actor of the face, whatever they hold
ANYONE = "anyone"  # only on the public face


@dataclass(frozen=True)
class Route:
    """One route. ``permission`` names one, or is ``SIGNED_IN``, ``ANYONE``, or (customer face) a mandate's right.

    ``transaction`` ``none`` gives a context without a session: the handler opens its own, between slow work.
    ``slow`` runs in the second executor: hashing, documents, exports. ``upload`` is the largest body in bytes.
    ``asks_back`` is for forms that show the look-ups in doubt themselves (see ``patron.resources.lookups``).
    ``csrf`` off is for requests that prove themselves otherwise (signed webhooks). ``visitors``, on the public face,
    names the face whose sign-in is recognised there when there is one (a shop knows its customers); staff are, too.
    Of a route of the API, ``takes`` is the JSON schema of its body and ``answers`` the status of success, both for
    the OpenAPI document.
    """

    method: Method
    path: str
    handler: Callable[..., Any] = field(compare=False)
    face: Face = Face.STAFF
    permission: str = ""
    transaction: Transaction = "read"
    slow: bool = False
    csrf: bool = True
    asks_back: bool = False
    visitors: Face | None = None
    upload: int = 1_000_000
    takes: Mapping[str, Any] | None = field(default=None, compare=False)
    answers: int = 200
    module: str = "core"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The handler itself, so that a decorated function can still be called."""
        return self.handler(*args, **kwargs)


def _route(
    method: Method, transaction: Transaction, path: str, options: dict[str, Any]
) -> Callable[..., Route]:
    options.setdefault("transaction", transaction)

    def make(handler: Callable[..., Any]) -> Route:
        return Route(method, path, handler, **options)

    return make


def get(path: str, **options: Any) -> Callable[[Callable[..., Any]], Route]:
    """A route that reads. Options are the fields of ``Route``."""
    return _route("GET", "read", path, options)


def post(path: str, **options: Any) -> Callable[[Callable[..., Any]], Route]:
    """A route that writes: what it does commits when it returns and rolls back when it raises."""
    return _route("POST", "write", path, options)


def patch(path: str, **options: Any) -> Callable[[Callable[..., Any]], Route]:
    """A route of the API that changes a record."""
    return _route("PATCH", "write", path, options)


def put(path: str, **options: Any) -> Callable[[Callable[..., Any]], Route]:
    """A route of the API that replaces something."""
    return _route("PUT", "write", path, options)


def delete(path: str, **options: Any) -> Callable[[Callable[..., Any]], Route]:
    """A route of the API that deletes."""
    return _route("DELETE", "write", path, options)
