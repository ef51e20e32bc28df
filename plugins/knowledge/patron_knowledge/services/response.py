"""What readers make of the articles: views, whether they helped, what was searched for in vain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from patron import Context, Measure, Metric, limits, normalise, row_scope, table
from sqlalchemy import case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from patron_knowledge.models import Article, Edition, Feedback, Gap, Views
from patron_knowledge.services import reading

HOUR = timedelta(hours=1)
VOTES, COUNTS = 30, 300
"""Of one network address in an hour."""
COMMENT = 2000
QUERY = 100
KEPT = timedelta(days=180)


def _insert(ctx: Context, model: type[Any]) -> Any:
    made = postgresql.insert if ctx.assembly.database.dialect == "postgresql" else sqlite.insert
    return made(table(model))


def today(ctx: Context) -> date:
    """The firm's day."""
    return ctx.now.astimezone(ZoneInfo(ctx.assembly.settings.time_zone)).date()


def count_view(ctx: Context, slug: str) -> None:
    """One more view of an article that the reader may read. TooManyRequests, NotFound."""
    limits.rate_limit(ctx.session, limits.address_bucket("knowledge-view", ctx.address), COUNTS, HOUR)
    article_id = reading.load(reading.as_reader(ctx), slug).article_id
    t = table(Views)
    one = _insert(ctx, Views).values(article_id=article_id, day=today(ctx), count=1)
    ctx.session.execute(
        one.on_conflict_do_update(index_elements=[t.c.article_id, t.c.day], set_={"count": t.c.count + 1})
    )


def give_feedback(ctx: Context, slug: str, voter: str, helpful: bool, comment: str) -> None:
    """Whether an article helped; the same voter's later answer replaces the earlier. TooManyRequests, NotFound."""
    limits.rate_limit(ctx.session, limits.address_bucket("knowledge-vote", ctx.address), VOTES, HOUR)
    article_id = reading.load(reading.as_reader(ctx), slug).article_id
    t = table(Feedback)
    said = {
        "helpful": helpful, "comment": comment.strip()[:COMMENT], "customer_id": ctx.actor.customer_id,
        "updated_at": ctx.now,
    }  # fmt: skip
    one = _insert(ctx, Feedback).values(
        article_id=article_id, voter=voter, version=1, created_at=ctx.now, **said
    )
    ctx.session.execute(
        one.on_conflict_do_update(
            index_elements=[t.c.article_id, t.c.voter], set_={**said, "version": t.c.version + 1}
        )
    )


def note_gap(ctx: Context, words: str) -> None:
    """Keep a search that finds nothing; one that does is not kept. TooManyRequests."""
    limits.rate_limit(ctx.session, limits.address_bucket("knowledge-gap", ctx.address), VOTES, HOUR)
    query = " ".join(normalise.fold(words[:QUERY]).split())
    if len(query) < 3 or reading.find(reading.as_reader(ctx), query, limit=1):
        return
    t = table(Gap)
    one = _insert(ctx, Gap).values(
        query=query, hits=1, last_at=ctx.now, version=1, created_at=ctx.now, updated_at=ctx.now
    )
    seen = {"hits": t.c.hits + 1, "last_at": ctx.now, "updated_at": ctx.now, "trashed_at": None}
    ctx.session.execute(one.on_conflict_do_update(index_elements=[t.c.query], set_=seen))


def forget_gaps(ctx: Context) -> None:
    """Drop what nobody has searched for in half a year."""
    t = table(Gap)
    ctx.session.execute(t.delete().where(t.c.last_at < ctx.now - KEPT))


def numbers_of(ctx: Context, article_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Per article ``views``, ``helpful`` and ``unhelpful``: two statements for all of them."""
    v, f = table(Views), table(Feedback)
    numbers = {key: {"views": 0, "helpful": 0, "unhelpful": 0} for key in article_ids}
    views = (
        select(v.c.article_id, func.sum(v.c.count))
        .where(v.c.article_id.in_(article_ids))
        .group_by(v.c.article_id)
    )
    for article_id, count in ctx.session.execute(views):
        numbers[article_id]["views"] = int(count)
    votes = (
        select(f.c.article_id, f.c.helpful, func.count())
        .where(f.c.article_id.in_(article_ids), f.c.trashed_at.is_(None))
        .group_by(f.c.article_id, f.c.helpful)
    )
    for article_id, helpful, count in ctx.session.execute(votes):
        numbers[article_id]["helpful" if helpful else "unhelpful"] = count
    return numbers


def share(numbers: Mapping[str, int]) -> str:
    """``83 % of 12``; empty while nobody has answered."""
    total = numbers["helpful"] + numbers["unhelpful"]
    return f"{round(100 * numbers['helpful'] / total)} % of {total}" if total else ""


def said_of(ctx: Context, ids: Sequence[int]) -> dict[int, str]:
    """Answers in words, by their ids: one statement."""
    f = table(Feedback)
    rows = ctx.session.execute(select(f.c.id, f.c.helpful, f.c.comment).where(f.c.id.in_(ids)))
    return {
        row.id: ("Helped" if row.helpful else "Did not help") + (f": {row.comment}" if row.comment else "")
        for row in rows
    }


def comments_of(ctx: Context, article_id: int, limit: int = 10) -> list[dict[str, Any]]:
    """The latest comments on an article, of those that the actor may read: helpful, comment, updated_at."""
    resource = ctx.assembly.resource("knowledge.feedback")
    if not ctx.actor.may(resource.permission("read")):
        return []
    f = table(Feedback)
    rows = ctx.session.execute(
        select(f.c.helpful, f.c.comment, f.c.updated_at)
        .where(
            f.c.article_id == article_id,
            f.c.comment != "",
            f.c.trashed_at.is_(None),
            row_scope(ctx, resource),
        )
        .order_by(f.c.updated_at.desc(), f.c.id.desc())
        .limit(limit)
    ).mappings()
    return [dict(row) for row in rows]


def editions_of(ctx: Context, article_id: int, limit: int = 20) -> list[dict[str, Any]]:
    """The latest editions of an article: number, title, published_at."""
    e = table(Edition)
    rows = ctx.session.execute(
        select(e.c.number, e.c.title, e.c.published_at)
        .where(e.c.article_id == article_id)
        .order_by(e.c.number.desc())
        .limit(limit)
    ).mappings()
    return [dict(row) for row in rows]


def overdue(ctx: Context) -> int:
    """How many published articles are past their review date."""
    t = table(Article)
    late = (t.c.state == "published", t.c.review_by < today(ctx), t.c.trashed_at.is_(None))
    return int(ctx.session.execute(select(func.count()).select_from(t).where(*late)).scalar_one())


def check_reviews(ctx: Context) -> str | None:
    """For ``patron doctor``."""
    count = overdue(ctx)
    if not count:
        return None
    return f"{count} published articles are past their review date. Review them at /knowledge/articles?state=published."


def _helpful(ctx: Context) -> Mapping[str, int]:
    f = table(Feedback)
    good = func.sum(case((f.c.helpful, 1), else_=0))
    row = ctx.session.execute(select(func.count(), good).where(f.c.trashed_at.is_(None))).one()
    return {"": round(10_000 * int(row[1]) / row[0])} if row[0] else {}


METRICS = (
    Metric("published", "Published articles", Measure("knowledge.publications", by="category")),
    Metric(
        "helpful", "Answers that say an article helped", _helpful, unit="percent", url="/knowledge/feedback"
    ),
    Metric("gaps", "Different searches without a result", Measure("knowledge.gaps"), falling=True),
    Metric(
        "overdue",
        "Published articles past their review date",
        Measure(
            "knowledge.articles", {"state": "published", "review_by": {"lt": {"days": 0}}}, by="review_by"
        ),
        falling=True,
    ),
)
