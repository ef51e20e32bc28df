"""What may be read by whom: published articles by audience, to browse and to search. Default deny."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from patron import Actor, Context, NotFound, Scope, row_scope, search, table
from sqlalchemy import Select, case, or_, select

from patron_knowledge.models import Category, Publication
from patron_knowledge.services import text

KEY = "knowledge.publications"
READ = f"{KEY}.read"
PUBLIC, CUSTOMER, PARTNER, STAFF = AUDIENCES = ("public", "customer", "partner", "staff")
STAFF_KINDS = ("user", "token", "job")
OUTSIDE = (CUSTOMER, PARTNER)
FOUND = 20
LISTED = 500
_CANDIDATES = 20


@dataclass(frozen=True)
class Article:
    """A published article as a list shows it."""

    id: int
    article_id: int
    slug: str
    title: str
    summary: str
    audience: str
    locale: str
    category_id: int | None
    published_at: datetime


@dataclass(frozen=True)
class Shelf:
    """A category with what of it may be read."""

    name: str
    slug: str
    description: str
    articles: Sequence[Article]


_COLUMNS = [table(Publication).c[name] for name in Article.__dataclass_fields__]


def audiences(actor: Actor) -> tuple[str, ...]:
    """Whose articles the actor may read at all; of staff, the permission decides besides."""
    if actor.kind in STAFF_KINDS:
        return AUDIENCES
    if actor.kind in OUTSIDE and actor.customer_id is not None:
        return (PUBLIC, actor.kind)
    return (PUBLIC,)


def as_reader(ctx: Context) -> Context:
    """The same work with the right to read what is published for whom the actor is outside. Staff see what all see."""
    actor = ctx.actor
    grants = {READ: Scope.ALL}
    if actor.kind in OUTSIDE:
        return ctx.acting_as(
            Actor(actor.kind, actor.id, actor.name, actor.email, grants, customer_id=actor.customer_id)
        )
    return ctx.acting_as(Actor("anonymous", grants=grants))


def _readable(ctx: Context) -> Select[tuple[int]]:
    """Published articles within the actor's rights and audience."""
    t = table(Publication)
    seen = row_scope(ctx, ctx.assembly.resource(KEY))
    return select(*_COLUMNS).where(seen, t.c.trashed_at.is_(None))


def shelves(ctx: Context, locale: str = "") -> list[Shelf]:
    """The categories that hold something readable, then what lies in none: two statements."""
    t, c = table(Publication), table(Category)
    wanted = _readable(ctx).order_by(t.c.title_key, t.c.id).limit(LISTED)
    if locale:
        wanted = wanted.where(t.c.locale == locale)
    by_category: dict[int | None, list[Article]] = {}
    for row in ctx.session.execute(wanted):
        by_category.setdefault(row.category_id, []).append(Article(*row))
    rows = ctx.session.execute(
        select(c.c.id, c.c.name, c.c.slug, c.c.description)
        .where(c.c.trashed_at.is_(None))
        .order_by(c.c.position, c.c.id)
    ).all()
    found = [
        Shelf(row.name, row.slug, row.description, by_category.pop(row.id))
        for row in rows
        if row.id in by_category
    ]
    rest = [article for articles in by_category.values() for article in articles]
    return [*found, Shelf("", "", "", rest)] if rest else found


def locales(ctx: Context) -> list[str]:
    """The languages in which there is something to read."""
    t = table(Publication)
    wanted = _readable(ctx).with_only_columns(t.c.locale).distinct().order_by(t.c.locale)
    return list(ctx.session.execute(wanted).scalars())


def shelf(ctx: Context, slug: str) -> Shelf:
    """One category; NotFound also where nothing in it may be read."""
    found = next((item for item in shelves(ctx) if item.slug == slug and slug), None)
    if found is None:
        raise NotFound("There is no such category.")
    return found


def shelf_of(ctx: Context, publication: Publication) -> tuple[str, str] | None:
    """Name and address of the category that an article stands in."""
    c = table(Category)
    wanted = select(c.c.name, c.c.slug).where(c.c.id == publication.category_id, c.c.trashed_at.is_(None))
    row = ctx.session.execute(wanted).first()
    return (row.name, row.slug) if row is not None else None


def public(ctx: Context) -> list[Article]:
    """All that everybody may read, newest first, whoever asks."""
    t = table(Publication)
    anyone = ctx.acting_as(Actor("anonymous", grants={READ: Scope.ALL}))
    newest = _readable(anyone).order_by(t.c.published_at.desc(), t.c.id.desc()).limit(50_000)
    return [Article(*row) for row in ctx.session.execute(newest)]


def load(ctx: Context, slug: str) -> Publication:
    """A published article by its address; NotFound for any that may not be read, whether it exists or not."""
    t = table(Publication)
    seen = row_scope(ctx, ctx.assembly.resource(KEY))
    wanted = select(Publication).where(t.c.slug == slug, seen, t.c.trashed_at.is_(None))
    found: Publication | None = ctx.session.execute(wanted).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such article.")
    return found


def find(ctx: Context, words: str, limit: int = FOUND) -> list[Article]:
    """Articles that hold each of the words, those whose title begins so first: two statements."""
    hits = search.find(ctx, words, limit=limit, resource=ctx.assembly.resource(KEY))
    order = {hit.id: place for place, hit in enumerate(hits)}
    if not order:
        return []
    wanted = _readable(ctx).where(table(Publication).c.id.in_(list(order)))
    return sorted(
        (Article(*row) for row in ctx.session.execute(wanted)), key=lambda article: order[article.id]
    )


def suggest(
    ctx: Context, words: str, *, limit: int = 4, only: Collection[str] = AUDIENCES, but: int = 0
) -> list[Article]:
    """Articles that have most in common with a text written freely, best first: one statement.

    ``only`` narrows the audiences, ``but`` leaves an article out. Of a text of three telling words or more, an article
    shares two, or one in its title.
    """
    stem_list = text.stems(words)
    if not stem_list:
        return []
    t, resource = table(Publication), ctx.assembly.resource(KEY)
    hits = [search.search_clause(ctx, resource, stem) for stem in stem_list]
    shared = sum((case((hit, 1), else_=0) for hit in hits[1:]), start=case((hits[0], 1), else_=0))
    wanted = (
        _readable(ctx)
        .add_columns(shared.label("shared"))
        .where(or_(*hits), t.c.audience.in_(list(only)), t.c.id != but)
        .order_by(shared.desc(), t.c.id)
        .limit(_CANDIDATES)
    )
    ranked = []
    for *columns, common in ctx.session.execute(wanted):
        article = Article(*columns)
        titled, said = text.weight(stem_list, article.title, article.summary)
        if titled or common >= min(2, len(stem_list)):
            ranked.append(((-titled, -common, -said, article.id), article))
    return [article for _, article in sorted(ranked, key=lambda pair: pair[0])][:limit]


def related(ctx: Context, publication: Publication, limit: int = 4) -> list[Article]:
    """Others that say something near it, filled up from its category: two statements."""
    near = suggest(ctx, publication.title, limit=limit, but=publication.key)
    if len(near) >= limit or publication.category_id is None:
        return near
    t = table(Publication)
    known = [publication.key, *(article.id for article in near)]
    more = (
        _readable(ctx)
        .where(t.c.category_id == publication.category_id, t.c.id.not_in(known))
        .order_by(t.c.title_key, t.c.id)
        .limit(limit - len(near))
    )
    return near + [Article(*row) for row in ctx.session.execute(more)]
