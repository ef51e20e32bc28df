"""Help as its readers see it: at ``/help`` for everybody, where customers are recognised, and at ``/partner/help``.

One implementation for both places. Reading writes nothing: what is counted is counted by a request of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from patron import (
    ANYONE,
    SIGNED_IN,
    Context,
    Download,
    Face,
    Json,
    Page,
    Redirect,
    Route,
    TooManyRequests,
    get,
    post,
)

from patron_knowledge.resource import LOCALES
from patron_knowledge.services import reading, response, text

Answer = Page | Redirect | Json
_LANGUAGES = {choice.value: choice.label for choice in LOCALES}


@dataclass(frozen=True)
class Place:
    """Where help stands for one face: the beginning of its addresses, and who may come in."""

    path: str
    options: Mapping[str, Any]


HELP = Place("/help", {"face": Face.PUBLIC, "permission": ANYONE, "visitors": Face.CUSTOMER})
PARTNERS = Place("/partner/help", {"face": Face.PARTNER, "permission": SIGNED_IN})


def routes_of(place: Place) -> list[Route]:
    """Every page of help in one place."""
    article, options = place.path + "/articles/{slug:str}", place.options

    def at(handler: Callable[..., Answer]) -> Callable[..., Answer]:
        def handle(ctx: Context, **params: Any) -> Answer:
            return handler(place, ctx, **params)

        handle.__doc__ = handler.__doc__
        return handle

    return [
        get(place.path, **options)(at(home)),
        get(place.path + "/search", **options)(at(search)),
        post(place.path + "/search/missed", **options)(at(missed)),
        get(place.path + "/categories/{slug:str}", **options)(at(category)),
        get(article, **options)(at(show)),
        post(article + "/seen", **options)(at(seen)),
        post(article + "/feedback", **options)(at(feedback)),
    ]


def home(place: Place, ctx: Context) -> Page:
    """Search, and the categories with their articles (query: lang)."""
    reader = reading.as_reader(ctx)
    locales = reading.locales(reader)
    own = ctx.assembly.settings.locale.split("_")[0].split("-")[0]
    wanted = ctx.web.param("lang") or own
    chosen = wanted if wanted in locales else ""
    data = {
        "here": place.path, "shelves": reading.shelves(reader, chosen), "locale": chosen,
        "languages": [(locale, _LANGUAGES.get(locale, locale)) for locale in locales] if len(locales) > 1 else [],
    }  # fmt: skip
    return Page("knowledge/help_home.html", data)


def search(place: Place, ctx: Context) -> Page:
    """Articles that hold the words; where there are none, what comes near (query: q)."""
    words = ctx.web.param("q").strip()[:200]
    reader = reading.as_reader(ctx)
    found = reading.find(reader, words) if words else []
    near = reading.suggest(reader, words) if words and not found else []
    data = {"here": place.path, "q": words, "found": found, "near": near, "languages": _LANGUAGES}
    return Page("knowledge/help_search.html", data, partial="knowledge/_found.html")


def missed(place: Place, ctx: Context) -> Json:
    """Note a search without a result (form: q)."""
    return _counted(lambda: response.note_gap(ctx, ctx.web.value("q")))


def category(place: Place, ctx: Context, slug: str) -> Page:
    """The articles of one category."""
    data = {"here": place.path, "shelf": reading.shelf(reading.as_reader(ctx), slug)}
    return Page("knowledge/help_category.html", data)


def show(place: Place, ctx: Context, slug: str) -> Page:
    """One article, with others that say something near it."""
    reader = reading.as_reader(ctx)
    article = reading.load(reader, slug)
    data = {
        "here": place.path, "article": article, "body": text.to_html(article.body),
        "related": reading.related(reader, article), "shelf": reading.shelf_of(ctx, article),
        "thanked": ctx.web.param("thanks") == "1",
    }  # fmt: skip
    return Page("knowledge/help_article.html", data)


def seen(place: Place, ctx: Context, slug: str) -> Json:
    """Count a view."""
    return _counted(lambda: response.count_view(ctx, slug))


def feedback(place: Place, ctx: Context, slug: str) -> Page | Redirect:
    """Whether the article helped (form: helpful yes or no, comment)."""
    voter = hashlib.sha256(f"{slug} {ctx.web.csrf}".encode()).hexdigest()[:32]
    helpful = ctx.web.value("helpful") == "yes"
    response.give_feedback(ctx, slug, voter, helpful, ctx.web.value("comment"))
    if ctx.web.htmx:
        return Page("knowledge/_thanks.html", {"helpful": helpful})
    return Redirect(f"{place.path}/articles/{slug}?thanks=1")


def _counted(count: Callable[[], None]) -> Json:
    """The answer to what only counts: who counts too much is not told so."""
    with contextlib.suppress(TooManyRequests):
        count()
    return Json(None, 204)


# For machines: only what everybody may read, whoever asks


@get("/help/sitemap.xml", **HELP.options)
def sitemap(ctx: Context) -> Download:
    """The addresses of all public articles."""
    base = ctx.assembly.settings.base_url
    urls = "".join(
        f"<url><loc>{escape(base)}/help/articles/{item.slug}</loc><lastmod>{item.published_at:%Y-%m-%d}</lastmod></url>"
        for item in reading.public(ctx)
    )
    return _xml(f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>', "sitemap.xml")


@get("/help/feed.xml", **HELP.options)
def feed(ctx: Context) -> Download:
    """The newest public articles, for readers of feeds."""
    settings = ctx.assembly.settings
    base, items = escape(settings.base_url), reading.public(ctx)[:30]
    entries = "".join(
        f"<entry><title>{escape(item.title)}</title><id>{base}/help/articles/{item.slug}</id>"
        f'<link href="{base}/help/articles/{item.slug}"/><updated>{item.published_at.isoformat()}</updated>'
        f"<summary>{escape(item.summary)}</summary></entry>"
        for item in items
    )
    newest = max((item.published_at for item in items), default=ctx.now).isoformat()
    head = f"<title>{escape(settings.site_name)}</title><id>{base}/help</id><updated>{newest}</updated>"
    return _xml(f'<feed xmlns="http://www.w3.org/2005/Atom">{head}{entries}</feed>', "feed.xml")


def _xml(body: str, name: str) -> Download:
    content = f'<?xml version="1.0" encoding="utf-8"?>\n{body}'.encode()
    return Download(content, name, "application/xml", inline=True)


ROUTES: tuple[Route, ...] = (*routes_of(HELP), *routes_of(PARTNERS), sitemap, feed)
