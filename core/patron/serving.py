"""One request, one transaction, one thread: the wrapper in which every route runs.

The body is read first, on the event loop. Then everything else, from who asks to commit and the rendered page,
happens in one call of one executor thread: waiting writers can never hold the thread that the lock's holder needs.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from litestar import Request
from litestar import Response as HttpResponse
from litestar.datastructures import UploadFile
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from sqlalchemy import update
from sqlalchemy.exc import DataError, IntegrityError

from patron.accounts.authentication import ABSOLUTE, Identity, csrf_token, identify, unmasked
from patron.accounts.models import SignIn, Token
from patron.assembly import Assembly
from patron.context import Context
from patron.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PatronError,
    SignInRequired,
    TooLarge,
)
from patron.packing import pack
from patron.permissions import ANONYMOUS, Face
from patron.plugins import PluginFailed
from patron.records import table, utc_now
from patron.rendering import Rendering
from patron.resources import lookups
from patron.responses import Response
from patron.routing import ANYONE, SIGNED_IN, Route
from patron.statements import statement_count
from patron.web import Upload, Web, whole_number
from patron.worker.watch import end_hung

log = logging.getLogger("patron.requests")
security = logging.getLogger("patron.security")
_UNSAFE = ("POST", "PATCH", "PUT", "DELETE")
MAX_FIELDS = 5000
MAX_ID = 2**63 - 1


class Server:
    """Serves routes of one assembly: two bounded executors, rendering, and what is common to every answer."""

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        threads = assembly.settings.threads
        self.main = ThreadPoolExecutor(threads, "unit")
        self.slow = ThreadPoolExecutor(2, "slow")
        self.rendering = Rendering(assembly)
        self.watchdog = Watchdog(assembly.settings.hang_seconds)

    async def serve(self, route: Route, request: Request[Any, Any, Any]) -> HttpResponse[Any]:
        """Answer one request on a route."""
        try:
            web = await read_web(request, route)
        except PatronError as error:
            return self._refused(error, _bare_web(request), _peer(request), uuid4().hex[:12])
        executor = self.slow if route.slow else self.main
        work = self._work
        return await asyncio.get_running_loop().run_in_executor(
            executor, work, route, web, dict(request.path_params), _peer(request)
        )

    def _work(self, route: Route, web: Web, params: Mapping[str, Any], peer: str) -> HttpResponse[Any]:
        request_id = uuid4().hex[:12]
        address = client_address(peer, web.headers, self.assembly.settings.trusted_proxies)
        with self.watchdog.watching(), statement_count() as count:
            response = pack(self._answer(route, web, params, address, request_id), web)
        if self.assembly.settings.debug_statements:
            response.headers["X-Patron-Statements"] = str(count.total)
        return response

    def _answer(
        self, route: Route, web: Web, params: Mapping[str, Any], address: str, request_id: str
    ) -> HttpResponse[Any]:
        """The answer, made again without a plugin's part as often as one fails."""
        left_out: dict[str, str] = {}
        asked: list[Context] = []
        while True:
            try:
                return self._unit(route, web, params, address, request_id, left_out, asked)
            except PluginFailed as failed:
                if failed.plugin in left_out:
                    return self.rendering.error(failed, web, request_id)
                left_out[failed.plugin] = failed.incident
            except PatronError as error:
                return self._refused(error, web, address, request_id, route, asked)
            except IntegrityError:
                log.info("%s %r: refused by a constraint", web.method, web.path, exc_info=True)
                clash = Conflict("This clashes with something that exists already.")
                return self._refused(clash, web, address, request_id, route, asked)
            except (DataError, OverflowError):
                log.info("%s %r: refused by a column's type", web.method, web.path, exc_info=True)
                unfit = Invalid("A value is too large, or holds characters that cannot be stored.")
                return self._refused(unfit, web, address, request_id, route, asked)
            except Exception:
                log.exception("incident %s: %s %s failed", request_id, web.method, web.path)
                return self.rendering.error(PatronError(f"Incident {request_id}."), web, request_id)

    def _refused(
        self,
        error: PatronError,
        web: Web,
        address: str,
        request_id: str,
        route: Route | None = None,
        asked: Sequence[Context] = (),
    ) -> HttpResponse[Any]:
        """The answer to a request that was refused, and one line for who watches over security.

        ``asked`` holds the contexts in which it was tried: the last one says who asked, if it came so far.
        """
        level = logging.ERROR if error.status >= 500 else logging.WARNING
        kind = type(error).__name__
        security.log(
            level, "%s %r refused: %s %s, from %s, request %s", web.method, web.path, error.status, kind, address,
            request_id,
        )  # fmt: skip
        asker = (asked[-1], route) if asked and route is not None else None
        return self.rendering.error(error, web, request_id, asker)

    def _unit(
        self,
        route: Route,
        web: Web,
        params: Mapping[str, Any],
        address: str,
        request_id: str,
        left_out: dict[str, str],
        asked: list[Context],
    ) -> HttpResponse[Any]:
        face, cookie = self.rendering.recognised(web, route)
        bearer = _bearer(web)
        database = self.assembly.database
        transaction = database.write if route.transaction == "write" else database.read
        with transaction() as session:
            identity = identify(session, self.assembly, utc_now(), face, cookie, bearer)
            web = replace(
                web,
                csrf=csrf_token(self.assembly.settings.secret_key, cookie or self.rendering.pre_cookie(web)),
            )
            ctx = self._context(session, identity, web, address, request_id)
            ctx.cache["left_out"] = left_out
            asked.append(ctx)
            self._admit(route, ctx, bool(bearer))
            if any(isinstance(value, int) and abs(value) > MAX_ID for value in params.values()):
                raise NotFound()
            in_doubt = route.face == Face.STAFF and bool(lookups.settle(ctx)) and not route.asks_back
            if in_doubt:
                result: Response = lookups.ask_back(ctx)
            elif route.transaction != "none":
                result = route.handler(ctx, **params)
        if route.transaction == "none" and not in_doubt:
            result = route.handler(ctx, **params)
        if identity.stale:
            self._seen(identity)
        return self.rendering.respond(ctx, route, result)

    def _context(self, session: Any, identity: Identity, web: Web, address: str, request_id: str) -> Context:
        settings = self.assembly.settings
        ctx = Context(
            session,
            self.assembly,
            identity.actor,
            request_id=request_id,
            address=address,
            incoming=web,
            locale=identity.locale or settings.locale,
            time_zone=identity.time_zone or settings.time_zone,
        )
        ctx.cache["identity"] = identity
        return ctx

    def _admit(self, route: Route, ctx: Context, by_token: bool) -> None:
        """Whether this actor may ask this of this route: module, sign-in, forgery, permission. Default deny."""
        if route.module in self.assembly.live.disabled:
            raise NotFound()
        actor = ctx.actor
        if route.face != Face.PUBLIC and actor == ANONYMOUS:
            raise SignInRequired()
        if by_token and not (route.path.startswith("/api/") or route.face == Face.PUBLIC):
            raise Forbidden("An API token is good for the API only.")
        if route.method in _UNSAFE and route.csrf and not by_token:
            _check_forgery(ctx.web)
        identity: Identity = ctx.cache["identity"]
        if identity.viewer_id and route.method in _UNSAFE and not route.path.endswith("/sign-out"):
            raise Forbidden(f"You are looking as {actor.name}: nothing can be changed. Sign out to stop.")
        if route.permission in (ANYONE, SIGNED_IN):
            return
        if route.face == Face.STAFF:
            actor.require(route.permission)
        elif actor.customer_id is None or route.permission not in actor.rights:
            raise NotFound()

    def _seen(self, identity: Identity) -> None:
        """Note that the session or token is used: at most every five minutes, apart from the request's own work."""
        sessions, tokens, now = table(SignIn), table(Token), utc_now()
        with self.assembly.database.write() as session:
            if identity.token_id:
                session.execute(update(tokens).where(tokens.c.id == identity.token_id).values(used_at=now))
            else:
                session.execute(
                    update(sessions).where(sessions.c.id == identity.sign_in_id).values(seen_at=now)
                )

    def start(self) -> None:
        """Begin to watch over what runs, in the process that serves: threads are not forked with it."""
        self.watchdog.start()

    def close(self) -> None:
        """Finish what runs, and let the database go."""
        self.main.shutdown(wait=True)
        self.slow.shutdown(wait=True)
        self.watchdog.stop()
        self.assembly.database.dispose()


def _check_forgery(web: Web) -> None:
    """A request that changes something must come from our own pages, and carry the token of its session."""
    site = web.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        raise Forbidden("This request came from another site.")
    import hmac

    from patron.ui import CSRF_FIELD, CSRF_HEADER

    given = web.headers.get(CSRF_HEADER) or web.value(CSRF_FIELD)
    if not hmac.compare_digest(unmasked(given).encode(), web.csrf.encode()):
        raise Forbidden("This form has expired. Please load the page again and repeat what you did.")


def _bearer(web: Web) -> str:
    scheme, _, secret = web.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _peer(request: Request[Any, Any, Any]) -> str:
    client = request.scope.get("client")
    return client[0] if client else ""


def client_address(peer: str, headers: Mapping[str, str], trusted: tuple[str, ...]) -> str:
    """Who asks: the peer, or, only if the peer is a trusted proxy, the last untrusted hop that it names."""
    if peer not in trusted:
        return peer
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    for hop in reversed(hops):
        if hop not in trusted:
            return hop
    return peer


def _bare_web(request: Request[Any, Any, Any]) -> Web:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Web(
        request.method,
        request.url.path,
        parse_qs(request.url.query, keep_blank_values=True),
        headers=headers,
        cookies=dict(request.cookies),
        query_string=request.url.query,
    )


async def read_web(request: Request[Any, Any, Any], route: Route) -> Web:
    """The whole request, within the route's size. BadRequest, TooLarge."""
    web = replace(_bare_web(request), face=str(route.face), module=route.module)
    if request.method not in _UNSAFE:
        return web
    length = whole_number(web.headers.get("content-length", "0"))
    if length is None or length > route.upload:
        raise TooLarge(f"This takes at most {route.upload // 1000} kB.")
    kind = web.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _with_multipart(request, web, route.upload)
    body = await _body(request, route.upload)
    if kind == "application/x-www-form-urlencoded":
        try:
            form = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
        except (UnicodeDecodeError, ValueError) as error:
            raise BadRequest(f"The form could not be read: {error}") from error
        return replace(web, form=form, body=body)
    return replace(web, body=body)


async def _body(request: Request[Any, Any, Any], limit: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(f"This takes at most {limit // 1000} kB.")
        parts.append(part)
    return b"".join(parts)


async def _with_multipart(request: Request[Any, Any, Any], web: Web, limit: int) -> Web:
    form: dict[str, list[str]] = {}
    files: list[Upload] = []
    try:
        data = await request.form()
    except RequestEntityTooLarge as error:
        raise TooLarge(f"This takes at most {limit // 1000} kB.") from error
    except Exception as error:
        raise BadRequest("The form could not be read.") from error
    size = 0
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            size += len(content)
            files.append(Upload(name, value.filename or "", value.content_type or "", content))
        else:
            size += len(str(value))
            form.setdefault(name, []).append(str(value))
        if size > limit:
            raise TooLarge(f"This takes at most {limit // 1000} kB.")
    return replace(web, form=form, files=tuple(files))


class Watchdog:
    """Ends the process when a unit of work hangs: nothing else stops an endless loop; the supervisor starts anew."""

    def __init__(self, seconds: float, end: Callable[[], None] = end_hung) -> None:
        self.seconds, self.end = seconds, end
        self._began: dict[int, float] = {}
        self._stopped = threading.Event()

    def start(self) -> None:
        """Watch until ``stop``. Nothing is watched where the time is 0."""
        if self.seconds > 0:
            threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def watching(self) -> _Watched:
        """For the time of one unit of work."""
        return _Watched(self._began)

    def stop(self) -> None:
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(min(1.0, self.seconds / 4)):
            begun = min(self._began.copy().values(), default=None)
            if begun is not None and time.monotonic() - begun > self.seconds:
                log.critical("a unit of work has run for more than %s s: ending this process", self.seconds)
                self.end()


class _Watched:
    def __init__(self, began: dict[int, float]) -> None:
        self._began = began

    def __enter__(self) -> None:
        self._began[threading.get_ident()] = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._began.pop(threading.get_ident(), None)


SESSION_SECONDS = int(ABSOLUTE / timedelta(seconds=1))
