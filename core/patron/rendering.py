"""From what a handler returns to bytes: pages in their shell, redirects with a message, JSON, files, errors."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

import msgspec
from litestar import Response as HttpResponse
from litestar.datastructures import Cookie as HttpCookie
from litestar.response import Stream

from patron.accounts.authentication import csrf_token, masked
from patron.accounts.faces import door_at, door_of
from patron.assembly import Assembly
from patron.context import Context
from patron.contributions import Panel
from patron.errors import Conflict, PatronError, SignInRequired
from patron.permissions import Face
from patron.plugins import Failure
from patron.responses import Cookie, Download, Flash, Json, Page, Redirect, Response
from patron.routing import Route
from patron.shell import make_shell, stranger_shell
from patron.ui import CONTENT_SECURITY_POLICY, make_environment
from patron.web import Web

log = logging.getLogger("patron.rendering")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_PROBLEM = "application/problem+json"
# Around the pages of an actor of each kind.
_FRAMES = {"user": "base.html", Face.CUSTOMER: "portal.html", Face.PARTNER: "portal.html"}
_JSON = msgspec.json.Encoder()


class Rendering:
    """Turns responses and errors into HTTP, for one assembly."""

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        folders = {"core": Path(str(files("patron"))) / "templates"}
        for plugin in assembly.plugins:
            folder = (
                Path(str(files(plugin.package))) / "templates" if plugin.module and plugin.package else None
            )
            if folder is not None and folder.is_dir():
                folders[plugin.name] = folder
        self.environment = make_environment(folders)
        self.headers = {**_HEADERS, "Content-Security-Policy": CONTENT_SECURITY_POLICY}
        if assembly.settings.base_url.startswith("https://"):
            self.headers["Strict-Transport-Security"] = "max-age=31536000"

    # Cookies

    def cookie_name(self, name: str) -> str:
        """The name with the prefix that ties it to this host, wherever browsers allow it."""
        return f"__Host-{name}" if self.assembly.settings.secure else name

    def session_cookie(self, web: Web, face: Face) -> str:
        """The secret of the session on that face, empty without one."""
        return web.cookies.get(self.cookie_name(door_of(face, web.path).cookie), "")

    def recognised(self, web: Web, route: Route) -> tuple[Face, str]:
        """On which face to look for who asks, and the secret of their session there, empty without one."""
        if route.visitors is not None and (cookie := self.session_cookie(web, route.visitors)):
            return route.visitors, cookie
        return route.face, self.session_cookie(web, route.face)

    def pre_cookie(self, web: Web) -> str:
        """What ties the forms of someone who is not signed in to their browser."""
        return web.cookies.get(self.cookie_name("patron-pre"), "")

    def _http_cookie(self, cookie: Cookie) -> HttpCookie:
        return HttpCookie(
            key=self.cookie_name(cookie.name) if cookie.http_only else cookie.name,
            value=cookie.value,
            path="/",
            httponly=cookie.http_only,
            samesite="lax",
            secure=self.assembly.settings.secure,
            max_age=cookie.max_age if cookie.value else 0,
        )

    # Responses

    def respond(self, ctx: Context, route: Route, result: Response) -> HttpResponse[Any]:
        """The HTTP response for what a handler returned. Runs after the transaction has ended."""
        if isinstance(result, Page):
            return self._page(ctx, route, result)
        if isinstance(result, Json):
            return self._json(result.data, result.status, result.headers)
        if isinstance(result, Redirect):
            return self._redirect(ctx.web, result)
        if isinstance(result, Download):
            return self._download(result)
        return self._bytes(result.html.encode(), "text/html", headers={"Content-Security-Policy": result.csp})

    def _bytes(
        self,
        body: bytes,
        media_type: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        cookies: list[HttpCookie] | None = None,
    ) -> HttpResponse[Any]:
        return HttpResponse(
            body,
            media_type=media_type,
            status_code=status,
            headers={**self.headers, **(headers or {})},
            cookies=cookies,
        )

    def _json(
        self, data: Any, status: int, headers: Mapping[str, str], media_type: str = "application/json"
    ) -> HttpResponse[Any]:
        body = b"" if status == 204 else _JSON.encode(data)
        return self._bytes(body, media_type, status, headers)

    def _page(self, ctx: Context, route: Route, page: Page) -> HttpResponse[Any]:
        web, cookies = ctx.web, []
        csrf_cookie = self.recognised(web, route)[1] or self.pre_cookie(web)
        if not csrf_cookie:
            fresh = secrets.token_urlsafe(24)
            cookies.append(self._http_cookie(Cookie("patron-pre", fresh)))
            csrf = csrf_token(self.assembly.settings.secret_key, fresh)
        else:
            csrf = web.csrf
        flashes, spent = self._flashes(web)
        shell = make_shell(ctx, route.face, masked(csrf), flashes, route.visitors)
        template = page.partial if page.partial and web.htmx else page.template
        html = self.environment.get_template(template).render(
            shell=shell, **self._with_panels(shell, page.data)
        )
        if spent and not (page.partial and web.htmx):
            cookies.append(self._http_cookie(Cookie("patron-flash", "")))
        headers = {"Vary": "HX-Request", **page.headers}
        return self._bytes(html.encode(), "text/html", page.status, headers, cookies)

    def _with_panels(self, shell: Any, data: Mapping[str, Any]) -> dict[str, Any]:
        """The data with each panel rendered on its own: one that fails leaves its place marked, and the page stands."""
        shown = dict(data)
        if "panels" in shown:
            shown["panels"] = [self._panel(shell, module, item) for module, item in shown["panels"]]
        return shown

    def _panel(self, shell: Any, module: str, item: Panel | Failure) -> dict[str, Any]:
        if isinstance(item, Failure):
            return {
                "name": item.plugin,
                "title": item.plugin,
                "placement": "main",
                "failed": item.incident,
                "html": "",
                "icon": "",
                "order": 90,
            }
        panel = {
            "name": f"{module}.{item.name}",
            "title": item.title,
            "placement": item.placement,
            "failed": "",
            "icon": item.icon,
            "order": item.order,
            "html": "",
        }
        try:
            from markupsafe import Markup

            html = self.environment.get_template(item.template).render(shell=shell, **item.data)
            panel["html"] = Markup(html)  # noqa: S704 - a template of ours, autoescaped
        except Exception:
            if self.assembly.hooks.strict:
                raise
            panel["failed"] = uuid4().hex[:8]
            log.exception(
                "incident %s: the panel %s.%s could not be rendered", panel["failed"], module, item.name
            )
        return panel

    def _redirect(self, web: Web, result: Redirect) -> HttpResponse[Any]:
        cookies = [self._http_cookie(cookie) for cookie in result.cookies]
        if result.flash is not None:
            cookies.append(self._http_cookie(Cookie("patron-flash", self._sealed(result.flash), max_age=60)))
        if web.htmx:
            return self._bytes(b"", "text/plain", 200, {"HX-Redirect": result.url}, cookies)
        return self._bytes(b"", "text/plain", result.status, {"Location": result.url}, cookies)

    def _download(self, result: Download) -> HttpResponse[Any]:
        ascii_name = result.name.encode("ascii", "replace").decode()
        ascii_name = ascii_name.translate({ord('"'): "'", ord("\\"): "_", ord("%"): "_"})
        how = "inline" if result.inline else "attachment"
        headers = {
            **self.headers,
            "Content-Disposition": f"{how}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(result.name, safe='')}",
            "Content-Security-Policy": result.csp,
        }
        kind = result.content_type
        if kind.startswith("text/"):
            kind = kind.removesuffix("; charset=utf-8")  # the framework adds it to every text
        if isinstance(result.content, bytes):
            return HttpResponse(result.content, media_type=kind, headers=headers)
        return Stream(iter(result.content), media_type=kind, headers=headers)

    # Messages on the next page

    def _sealed(self, flash: Flash) -> str:
        body = urlsafe_b64encode(msgspec.json.encode(flash)).decode()
        return f"{body}.{self._seal(body)}"

    def _seal(self, body: str) -> str:
        key = self.assembly.settings.secret_key.encode()
        return hmac.new(key, b"flash:" + body.encode(), hashlib.sha256).hexdigest()[:32]

    def _flashes(self, web: Web) -> tuple[list[Flash], bool]:
        body, _, seal = web.cookies.get(self.cookie_name("patron-flash"), "").partition(".")
        if not body or not hmac.compare_digest(self._seal(body).encode(), seal.encode()):
            return [], False
        return [msgspec.json.decode(urlsafe_b64decode(body), type=Flash)], True

    # Errors

    def error(
        self,
        error: PatronError,
        web: Web,
        request_id: str,
        asker: tuple[Context, Route] | None = None,
    ) -> HttpResponse[Any]:
        """The answer to an error: a problem document for programs, a page for people.

        To an ``asker`` who is signed in a refusal stands in the pages that they know, with the way on beside it.
        """
        headers: dict[str, str] = {}
        if retry_after := getattr(error, "retry_after", None):
            headers["Retry-After"] = str(retry_after)
        if web.path.startswith("/api/") or "text/html" not in web.headers.get("accept", "text/html"):
            if isinstance(error, SignInRequired):
                headers["WWW-Authenticate"] = "Bearer"
            return self._json(problem(error, request_id), error.status, headers, _PROBLEM)
        if isinstance(error, SignInRequired):
            return self._to_sign_in(web)
        if web.htmx:
            html = self.environment.get_template("errors/toast.html").render(
                error=error, request_id=request_id
            )
            return self._bytes(html.encode(), "text/html", error.status, headers)
        shell, frame = stranger_shell(self.assembly, web), "bare.html"
        if asker is not None and asker[0].actor.kind in _FRAMES and error.status < 500:
            ctx, route = asker
            shell = make_shell(ctx, route.face, masked(ctx.web.csrf), (), route.visitors)
            frame = _FRAMES[ctx.actor.kind]
        html = self.environment.get_template("errors/error.html").render(
            shell=shell,
            frame=frame,
            error=error,
            request_id=request_id,
            back_url=self._came_from(web),
            home_url=door_at(web.path).home,
            retry=web.method == "GET" and error.status in (409, 429, 500, 503),
        )
        return self._bytes(html.encode(), "text/html", error.status, headers)

    def _came_from(self, web: Web) -> str:
        """The page of ours that led here, as a path; empty when there is none but this one."""
        page, ours = urlsplit(web.headers.get("referer", "")), urlsplit(self.assembly.settings.base_url)
        if page.netloc != ours.netloc or not page.path.startswith("/") or page.path.startswith("//"):
            return ""
        back = f"{page.path}?{page.query}" if page.query else page.path
        here = f"{web.path}?{web.query_string}" if web.query_string else web.path
        return "" if web.method == "GET" and back == here else back

    def _to_sign_in(self, web: Web) -> HttpResponse[Any]:
        back = web.path + (f"?{web.query_string}" if web.query_string else "")
        door = door_at(web.path)
        goal = urlencode({"next": back if web.method == "GET" else door.home})
        return self._redirect(web, Redirect(f"{door.url('/sign-in')}?{goal}"))


def problem(error: PatronError, request_id: str) -> dict[str, Any]:
    """RFC 9457."""
    data: dict[str, Any] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": f"urn:request:{request_id}",
    }
    if error.errors:
        data["errors"] = [{"field": item.field, "message": item.message} for item in error.errors]
    if isinstance(error, Conflict) and error.current:
        data.update(current=error.current, yours=error.yours, original=error.original)
    return data
