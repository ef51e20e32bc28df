"""Ten articles of a maker of office furniture for a demo, with views and answers of the last weeks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

from patron import Context, Customer, User, editing, table
from sqlalchemy import func, select

from patron_knowledge.models import Article, Category, Feedback, Gap, Views
from patron_knowledge.sample_texts import ARTICLES, CATEGORIES, COMMENTS, GAPS
from patron_knowledge.services import response, writing

DAYS = 40


def add_samples(ctx: Context, random: Random) -> None:
    """Make them once: nothing happens where there are articles."""
    if ctx.session.execute(select(func.count()).select_from(table(Article))).scalar_one():
        return
    owners = list(ctx.session.execute(select(table(User).c.id).order_by(table(User).c.id).limit(6)).scalars())
    resource = ctx.assembly.resource("knowledge.categories")
    for position, (name, description) in enumerate(CATEGORIES, start=1):
        editing.create(ctx, resource, {"name": name, "description": description, "position": position * 10})
    shelves = {row.name: row.id for row in ctx.session.execute(select(table(Category)))}
    for number, (title, category, audience, summary, body) in enumerate(ARTICLES):
        review = response.today(ctx) + timedelta(days=180 if number else -20)
        values = {
            "title": title, "summary": summary, "body": body, "category": shelves[category], "audience": audience,
            "review_by": review.isoformat(), "owner": random.choice(owners) if owners else None,
        }  # fmt: skip
        then = replace(ctx, now=ctx.now - timedelta(days=3 * number + 1))
        article_id = editing.create(then, ctx.assembly.resource(writing.KEY), values).key
        if number < len(ARTICLES) - 1:  # the last is still being written
            writing.publish_article(then, article_id)
            _read(ctx, random, article_id, 1 if audience == "staff" else 6)
    for query, hits in GAPS:
        last = ctx.now - timedelta(days=random.randrange(1, DAYS))
        ctx.session.add(Gap(query=query, hits=hits, last_at=last))
    ctx.session.flush()


def _read(ctx: Context, random: Random, article_id: int, most: int) -> None:
    """Views of each day, and a few answers."""
    day = response.today(ctx)
    for back in range(DAYS):
        if count := random.randrange(0, most + 1):
            ctx.session.add(Views(article_id=article_id, day=day - timedelta(days=back), count=count))
    customers = list(
        ctx.session.execute(select(table(Customer).c.id).order_by(table(Customer).c.id).limit(40)).scalars()
    )
    for voter in range(random.randrange(3, 12) if most > 1 else 0):
        helpful = random.random() < 0.8
        comment = random.choice(COMMENTS[helpful]) if random.random() < 0.3 else ""
        known = random.choice(customers) if customers and comment else None
        at = ctx.now - timedelta(days=random.randrange(0, DAYS), minutes=random.randrange(600))
        ctx.session.add(
            Feedback(article_id=article_id, helpful=helpful, comment=comment, customer_id=known,
                     voter=f"sample-{voter}", created_at=at, updated_at=at)
        )  # fmt: skip
