"""Publishing, withdrawing, and going back to an earlier edition."""

from __future__ import annotations

from patron import Context, Invalid, NotFound, audit, editing, normalise, publish, search, table
from sqlalchemy import exists, select

from patron_knowledge.models import Article, Category, Edition, Publication
from patron_knowledge.services import reading, text

KEY = "knowledge.articles"
PUBLISH = f"{KEY}.publish"
_SHOWN = ("title", "title_key", "slug", "summary", "body", "category_id", "audience", "locale")


def free_slug(ctx: Context, model: type[Article] | type[Category], wanted: str, own: int | None) -> str:
    """The address itself, or with the next free number behind it."""
    base, t = text.slug_of(wanted) or "article", table(model)
    taken = set(
        ctx.session.execute(
            select(t.c.slug).where(t.c.slug.startswith(base, autoescape=True), t.c.id != (own or 0))
        ).scalars()
    )
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, 10_000))) if slug not in taken)


def publish_article(ctx: Context, article_id: int) -> Article:
    """Show the working text to its readers; what they saw stays as an edition. Invalid where nothing has changed."""
    article = _load(ctx, article_id)
    if not article.body.strip():
        raise Invalid("Write something first: there is no text to publish.")
    shown = publication_of(ctx, article_id)
    if shown is not None and is_shown(shown, article):
        raise Invalid("Readers see this text already.")
    was = article.state
    article.edition += 1
    article.state, article.published_at = "published", ctx.now
    article.version += 1
    ctx.session.add(
        Edition(
            article_id=article.key, number=article.edition, title=article.title, summary=article.summary,
            body=article.body, audience=article.audience, published_at=ctx.now, published_by=ctx.actor.user_id,
        )
    )  # fmt: skip
    copied = {name: getattr(article, name) for name in _SHOWN}
    publication = shown or Publication(article_id=article.key, created_at=ctx.now, **copied)
    for name, value in (*copied.items(), ("edition", article.edition)):
        setattr(publication, name, value)
    publication.published_at = publication.updated_at = ctx.now
    ctx.session.add(publication)
    ctx.session.flush()
    search.index(ctx, ctx.assembly.resource(reading.KEY), publication)
    audit.record(
        ctx, "publish", KEY, article.key,
        {"edition": (article.edition - 1, article.edition), "state": (was, "published")},
    )  # fmt: skip
    publish(ctx, "knowledge.article.published", {"id": article.key, "edition": article.edition})
    return article


def archive_article(ctx: Context, article_id: int) -> Article:
    """Nobody finds it any more; its text and editions stay."""
    article = _load(ctx, article_id)
    was, article.state = article.state, "archived"
    article.version += 1
    withdraw(ctx, article_id)
    ctx.session.flush()
    audit.record(ctx, "archive", KEY, article.key, {"state": (was, "archived")})
    publish(ctx, "knowledge.article.archived", {"id": article.key})
    return article


def withdraw(ctx: Context, article_id: int) -> None:
    """Take an article from its readers."""
    shown = publication_of(ctx, article_id)
    if shown is not None:
        search.remove(ctx, ctx.assembly.resource(reading.KEY), shown.key)
        ctx.session.delete(shown)
        ctx.session.flush()


def narrow(ctx: Context, article: Article, was: str) -> None:
    """A published article whose audience changes is kept from who may no longer read it at once; who may read it
    from now on sees it with the next edition."""
    shown = publication_of(ctx, article.key)
    if shown is None:
        return
    shown.audience = common_audience(shown.audience, article.audience)
    ctx.session.flush()
    audit.record(ctx, "narrow", KEY, article.key, {"audience": (was, shown.audience)})


def common_audience(one: str, other: str) -> str:
    """Who may read under both: the narrower of two, staff where neither holds the other."""
    if reading.PUBLIC in (one, other):
        return other if one == reading.PUBLIC else one
    return one if one == other else reading.STAFF


def restore_edition(ctx: Context, article_id: int, number: int) -> Article:
    """Make an earlier edition the working text; readers see it once it is published."""
    edition = edition_of(ctx, article_id, number)
    values = {"title": edition.title, "summary": edition.summary, "body": edition.body}
    restored: Article = editing.change(ctx, ctx.assembly.resource(KEY), article_id, values)
    return restored


def edition_of(ctx: Context, article_id: int, number: int) -> Edition:
    """One edition of an article; NotFound."""
    t = table(Edition)
    wanted = select(Edition).where(t.c.article_id == article_id, t.c.number == number)
    found: Edition | None = ctx.session.execute(wanted).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such edition.")
    return found


def publication_of(ctx: Context, article_id: int) -> Publication | None:
    """What readers see of an article; None while it is not published."""
    t = table(Publication)
    found: Publication | None = ctx.session.execute(
        select(Publication).where(t.c.article_id == article_id)
    ).scalar_one_or_none()
    return found


def is_shown(shown: Publication, article: Article) -> bool:
    """Whether readers see the working text as it is."""
    return all(getattr(shown, name) == getattr(article, name) for name in _SHOWN)


def is_used(ctx: Context, category_ids: list[int]) -> bool:
    """Whether an article stands in one of the categories."""
    t = table(Article)
    used = exists().where(t.c.category_id.in_(category_ids), t.c.trashed_at.is_(None))
    return bool(ctx.session.execute(select(used)).scalar_one())


def title_key(ctx: Context, title: str) -> str:
    """The key by which titles are sorted."""
    return normalise.sort_key(title, ctx.assembly.settings.locale)


def _load(ctx: Context, article_id: int) -> Article:
    article: Article = editing.load(ctx, ctx.assembly.resource(KEY), article_id, "edit")
    if article.trashed_at is not None:
        raise Invalid("It lies in the trash: restore it first.")
    article.updated_at = ctx.now
    return article
