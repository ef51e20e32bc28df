"""Writing, publishing, editions; what readers answer and do not find. On both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest
from knowledge_world import write
from patron import Actor, Context, Invalid, TooManyRequests, editing, table
from patron.assembly import Assembly
from patron.testing.faces import working
from patron_knowledge.models import Feedback, Gap
from patron_knowledge.services import reading, response, text, writing
from sqlalchemy import select


def public(ctx: Context) -> Context:
    return reading.as_reader(ctx.acting_as(Actor("anonymous")))


def test_readers_see_a_change_when_it_is_published(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        article = write(ctx, "Castors", body="Old text.", publish=False)
        assert reading.find(public(ctx), "castors") == []
        writing.publish_article(ctx, article)
        editing.change(ctx, assembly.resource(writing.KEY), article, {"body": "Newer secretword text."})
        assert reading.load(public(ctx), "castors").body == "Old text."
        assert reading.find(public(ctx), "secretword") == []
        assert writing.publish_article(ctx, article).edition == 2
        assert [item.slug for item in reading.find(public(ctx), "secretword")] == ["castors"]
        with pytest.raises(Invalid):
            writing.publish_article(ctx, article)
        writing.restore_edition(ctx, article, 1)
        assert reading.load(public(ctx), "castors").body == "Newer secretword text."
        assert writing.publish_article(ctx, article).edition == 3
        assert reading.load(public(ctx), "castors").body == "Old text."
        writing.archive_article(ctx, article)
        assert reading.find(public(ctx), "castors") == []
        assert len(response.editions_of(ctx, article)) == 3


def test_the_trash_takes_an_article_from_its_readers(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        article = write(ctx, "Castors")
        editing.trash(ctx, assembly.resource(writing.KEY), [article])
        assert reading.find(public(ctx), "castors") == []
        editing.restore(ctx, assembly.resource(writing.KEY), [article])
        assert reading.find(public(ctx), "castors") == []
        writing.publish_article(ctx, article)
        assert len(reading.find(public(ctx), "castors")) == 1


def test_addresses_are_made_once_and_never_twice(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        for _ in range(2):
            write(ctx, "Größe & Maße!")
        assert [item.slug for item in reading.public(ctx)] == ["grosse-masse-2", "grosse-masse"]


def test_what_is_written_freely_finds_what_is_near(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        for title in ("Return an order", "Clean fabric and wood", "When will my furniture be delivered?"):
            write(ctx, title)
        near = reading.suggest(
            public(ctx), "Hello, I would like to know about returning my orders please, thanks"
        )
        assert [item.title for item in near][:1] == ["Return an order"]
        assert reading.suggest(public(ctx), "When is the delivery of this?")[0].title.startswith("When will")
        assert reading.suggest(public(ctx), "what if there were some") == []
        assert reading.suggest(public(ctx), "") == []


def test_a_markdown_text_does_nothing_on_the_page() -> None:
    hostile = "<script>alert(1)</script> [x](javascript:alert(1)) ![p](https://evil.example/p.png) [y](//evil.example)"
    html = text.to_html(f"# Title\n\n{hostile}\n\n[ok](/help) **bold**\n\n| a |\n| - |\n| b |")
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert "<img" not in html
    assert 'href="//' not in html
    for kept in ("<h2>Title</h2>", '<a href="/help"', "<strong>bold</strong>", "<td>b</td>"):
        assert kept in html


def test_views_and_answers_are_counted(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        article = write(ctx, "Castors")
        reader = ctx.acting_as(Actor("anonymous"))
        for _ in range(3):
            response.count_view(reader, "castors")
        response.give_feedback(reader, "castors", "one", True, "")
        response.give_feedback(reader, "castors", "one", False, "No picture")
        response.give_feedback(reader, "castors", "two", True, "")
        assert response.numbers_of(ctx, [article]) == {article: {"views": 3, "helpful": 1, "unhelpful": 1}}
        assert [item["comment"] for item in response.comments_of(ctx, article)] == ["No picture"]
        assert len(ctx.session.execute(select(table(Feedback).c.id)).all()) == 2


def test_answers_of_one_address_are_limited(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        write(ctx, "Castors")
        reader = ctx.acting_as(Actor("anonymous"))
        for number in range(response.VOTES):
            response.give_feedback(reader, "castors", str(number), True, "")
        with pytest.raises(TooManyRequests):
            response.give_feedback(reader, "castors", "more", True, "")


def test_searches_in_vain_are_kept_and_forgotten(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        write(ctx, "Castors")
        reader, t = ctx.acting_as(Actor("anonymous")), table(Gap)
        for words in ("Desk  MOTOR", "desk motor", "castors", "x"):
            response.note_gap(reader, words)
        assert [tuple(row) for row in ctx.session.execute(select(t.c.query, t.c.hits))] == [("desk motor", 2)]
        ctx.now += response.KEPT + timedelta(days=1)
        response.forget_gaps(ctx)
        assert ctx.session.execute(select(t.c.id)).all() == []


def test_articles_past_their_review_date_are_told_of(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        late = write(ctx, "Castors", review_by="2020-01-01")
        assert "1 published" in str(response.check_reviews(ctx))
        future = (response.today(ctx) + timedelta(days=30)).isoformat()
        editing.change(ctx, assembly.resource(writing.KEY), late, {"review_by": future})
        assert response.check_reviews(ctx) is None


def test_a_category_with_articles_stays(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        shelves = assembly.resource("knowledge.categories")
        shelf = editing.create(ctx, shelves, {"name": "Chairs"}).key
        write(ctx, "Castors", category=shelf)
        with pytest.raises(Invalid):
            editing.trash(ctx, shelves, [shelf])
