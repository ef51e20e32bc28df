"""The stored text and the needle: a needle is within the text of whatever it was taken from."""

from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st
from patron.customers.normalise import fold
from patron.resources.search_text import MAX_NEEDLE, Needle, full_text_query, text_of, token, trigrams

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXTS, TEXTS, st.data())
def test_every_part_of_a_word_is_within_the_text(title: str, other: str, data: st.DataObject) -> None:
    text = text_of(title, [other])
    for word in fold(f"{title} {other}").split():
        start = data.draw(st.integers(0, len(word) - 1))
        part = word[start:] if len(word) - start >= 3 else word[:2]
        needle = Needle.parse(part)
        assert needle is None or all(pattern in text for pattern in needle.patterns)


@given(TEXTS, st.integers(1, 60))
def test_the_beginning_of_a_title_implies_every_pattern(title: str, length: int) -> None:
    needle, text = Needle.parse(title[:length]), text_of(title, [])
    if needle is not None and needle.title in text:
        assert all(pattern in text for pattern in needle.patterns)


@given(st.text(min_size=3, max_size=40))
def test_trigrams_are_parts_and_cover_the_pattern(pattern: str) -> None:
    grams = trigrams(pattern)
    assert all(gram in pattern and len(gram) == 3 for gram in grams)
    assert sum(map(len, grams)) >= len(pattern)


@given(st.text(min_size=1, max_size=MAX_NEEDLE))
def test_no_input_is_syntax_of_the_full_text_language(text: str) -> None:
    needle = Needle.parse(text)
    if needle is None:
        return
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE VIRTUAL TABLE t USING fts5(text, detail='none', tokenize='trigram')")
        query = full_text_query((needle.title, *needle.patterns), [token("customers", "u1")])
        assert connection.execute("SELECT * FROM t WHERE t MATCH ?", (query,)).fetchall() == []
    connection.close()


def test_the_sign_of_a_title_cannot_be_typed() -> None:
    assert Needle.parse("\x02\x02\x00") is None
    needle = Needle.parse("\x02\x02anna")
    assert needle is not None
    assert needle.patterns == ("anna",)


def test_tokens_differ_by_resource_and_by_person() -> None:
    tokens = {token(resource, f"{kind}{i}") for resource in ("a", "b") for kind in "ut" for i in range(2000)}
    assert len(tokens) == 8000
    assert all(len(item) == 3 and not item.isspace() for item in tokens)
