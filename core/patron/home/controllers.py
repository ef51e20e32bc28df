"""Home, global search, the command palette, the living page of the design system, the API's document, health."""

from __future__ import annotations

from typing import Any

from patron import __version__
from patron.context import Context
from patron.permissions import Face
from patron.resources import openapi, search
from patron.responses import Cookie, Flash, Json, Page, Redirect
from patron.revisions import status as migration_status
from patron.routing import ANYONE, SIGNED_IN, Route, get, post
from patron.shell import quick_links
from patron.ui import asset_url


@get("/", permission=SIGNED_IN)
def home(ctx: Context) -> Page:
    """The start page: each module's part of it."""
    panels = ctx.assembly.hooks.display(ctx, "home_panels")
    return Page("home/home.html", {"panels": panels, "now": ctx.now})


@get("/search", permission=SIGNED_IN)
def search_page(ctx: Context) -> Page:
    """Everything whose text matches, within what the actor may read."""
    text = ctx.web.param("q").strip()
    found = search.find(ctx, text, limit=50) if text else []
    return Page("home/search.html", {"q": text, "found": found})


@get("/palette", permission=SIGNED_IN)
def palette(ctx: Context) -> Json:
    """What the palette offers for a text: places and commands by name, then records."""
    text = ctx.web.param("q").strip()
    places = [place for place in quick_links(ctx) if text.lower() in place["label"].lower()]
    groups: list[dict[str, Any]] = []
    if places:
        groups.append({"label": "Go to and create", "items": places[:8]})
    if text:
        records = [
            {
                "label": item.title,
                "hint": " · ".join(part for part in (item.subtitle, item.label) if part),
                "url": item.url,
                "icon": item.icon,
            }
            for item in search.find(ctx, text, limit=12)
        ]
        if records:
            groups.append({"label": "Records", "items": records})
    return Json({"groups": groups})


@get("/ui", permission=SIGNED_IN)
def living_page(ctx: Context) -> Page:
    """The design system, alive."""
    return Page("ui/living.html", {})


@get("/ui/lookup", permission=SIGNED_IN)
def living_lookup(ctx: Context) -> Json:
    """What the living page's lookup offers."""
    text = ctx.web.param("q").strip().lower()
    people = ({"value": "2", "label": "Jonas Weber", "hint": "Sales"},
              {"value": "3", "label": "Mei Tanaka", "hint": "Service"})  # fmt: skip
    return Json({"items": [person for person in people if text in person["label"].lower()]})


@post("/ui/board", permission=SIGNED_IN, transaction="read")
def living_board(ctx: Context) -> Redirect | Json:
    """The living page's board keeps nothing."""
    return Json({}) if ctx.web.htmx else Redirect("/ui", Flash("The living page keeps nothing.", kind="info"))


@post("/theme", permission=ANYONE, face=Face.PUBLIC, transaction="read")
def theme(ctx: Context) -> Redirect:
    """Choose light, dark or automatic (form: theme, back)."""
    wanted = ctx.web.value("theme")
    back = ctx.web.value("back") or ctx.web.value("next") or "/"
    if not back.startswith("/") or back.startswith(("//", "/\\")):
        back = "/"
    cookie = Cookie(
        "theme", wanted if wanted in ("light", "dark") else "", max_age=31_536_000, http_only=False
    )
    return Redirect(back, cookies=(cookie,))


@get("/api/v1/openapi.json", permission=SIGNED_IN)
def openapi_document(ctx: Context) -> Json:
    """The OpenAPI 3.1 document of this assembly."""
    return Json(openapi.document(ctx.assembly))


@get("/favicon.ico", permission=ANYONE, face=Face.PUBLIC, transaction="none")
def favicon(ctx: Context) -> Redirect:
    """Where browsers look for the icon of what is no page: a download, a JSON answer."""
    return Redirect(asset_url("favicon.svg"))


@get("/health/live", permission=ANYONE, face=Face.PUBLIC, transaction="none")
def live(ctx: Context) -> Json:
    """The process answers."""
    return Json({"status": "ok", "version": __version__})


@get("/health/ready", permission=ANYONE, face=Face.PUBLIC)
def ready(ctx: Context) -> Json:
    """The database answers and is migrated."""
    pending = [
        state.name
        for state in migration_status(ctx.assembly.database, ctx.assembly.distributions)
        if state.pending
    ]
    return Json({"status": "behind" if pending else "ok", "pending": pending}, 503 if pending else 200)


ROUTES: tuple[Route, ...] = (
    home,
    search_page,
    palette,
    living_page,
    living_lookup,
    living_board,
    theme,
    openapi_document,
    favicon,
    live,
    ready,
)
