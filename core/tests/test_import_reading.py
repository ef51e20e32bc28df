import csv
import io
import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patron.errors import Invalid
from patron.imports.reading import open_table

WORDS = [
    "Müller",
    "Łukasz",
    "plain",
    "a;b",
    "c,d",
    "e|f",
    "g\th",
    'say "hi"',
    "two\nlines",
    "",
    "Čapek",
    "ñandú",
]
ENCODINGS = {
    "utf-8": WORDS,
    "utf-8-sig": WORDS,
    "utf-16": WORDS,
    "utf-16-le": WORDS,
    "cp1252": ["Müller", "façade", "España", "Größe", "a;b", 'q"q', "two\r\nlines", "élève", "x"],
    "iso8859_2": ["Łukasz", "Žižka", "Kovács", "Škoda", "Wałęsa", "Dvořák", "a,b"],
}


def written(rows: list[list[str]], delimiter: str, encoding: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


@pytest.mark.parametrize(("delimiter", "encoding"), list(itertools.product(",;\t|", ENCODINGS)))
def test_what_was_written_is_read(delimiter: str, encoding: str) -> None:
    words = ENCODINGS[encoding]

    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.lists(st.sampled_from(words), min_size=2, max_size=2), min_size=4, max_size=12))
    def check(cells: list[list[str]]) -> None:
        rows = [[str(i), words[0], *row] for i, row in enumerate(cells)]
        table = open_table(written([["No", "Word", "Name", "City"], *rows], delimiter, encoding))
        assert table.headers == ["No", "Word", "Name", "City"]
        assert table.delimiter == delimiter
        assert [row.cells for row in table.rows] == rows

    check()


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    try:
        table = open_table(text.encode())
    except Invalid:
        return
    for row in table.rows:
        assert len(row.cells) == len(table.headers) or row.problem


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_empty_file_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid, match="empty"):
        open_table(content)


def test_lines_are_those_of_the_file() -> None:
    table = open_table(b'a,b\n1,"x\ny"\n\n2,z\n3\n4,5,6\n7,8,\n')
    assert [(r.line, bool(r.problem)) for r in table.rows] == [
        (2, False),
        (5, False),
        (6, True),
        (7, True),
        (8, False),
    ]


def test_a_quote_never_closed_costs_its_own_row_only() -> None:
    table = open_table(b'a,b\n1,x\n2,"open\n3,y\n4,z\n')
    rows = list(table.rows)
    assert [r.cells[0] for r in rows] == ["1", "2", "3", "4"]
    assert [bool(r.problem) for r in rows] == [False, True, False, False]


def test_a_quote_open_over_thousands_of_lines_is_given_up() -> None:
    lines = [f"{i},x\n" for i in range(2000)]
    lines[5] = '5,"x\n'
    lines[1900] = '1900,"x"\n'
    rows = list(open_table(("a,b\n" + "".join(lines)).encode()).rows)
    assert len(rows) == 2000
    assert [r.line for r in rows if r.problem] == [7]


def test_text_behind_a_closing_quote_is_kept() -> None:
    [row] = open_table(b'a,b\n"Kurt ""K"" X"y,1\n').rows
    assert row.cells == ['Kurt "K" Xy', "1"]


def test_headers_are_unique_and_named() -> None:
    table = open_table(b"E-mail,,E-mail,E-mail (2),Name \n,,,,x\n")
    assert len(set(table.headers)) == 5
    assert table.headers[:2] == ["E-mail", "Column 2"]
    assert table.headers[4] == "Name"


def test_a_first_row_of_data_is_not_taken_for_the_header() -> None:
    table = open_table(b"Anna,anna@example.com\nBen,ben@example.com\n")
    assert not table.has_header
    assert table.headers == ["Column 1", "Column 2"]
    assert len(list(table.rows)) == 2
    assert len(list(open_table(b"Anna,anna@example.com\nBen,b@c.de\n", has_header=True).rows)) == 1


def test_zero_bytes_go() -> None:
    [row] = open_table(b"a,b\nx\0y,z\n").rows
    assert row.cells == ["xy", "z"]


def test_a_late_letter_decides_the_encoding() -> None:
    content = ("Name;Ort\n" + "Anna;Rom\n" * 60_000 + "Jörg;Köln\n").encode("cp1252")
    assert list(open_table(content).rows)[-1].cells == ["Jörg", "Köln"]


def test_another_script() -> None:
    text = "Имя,Город\nИван Петров,Москва\nАнна Каренина,Санкт-Петербург\nСергей Волков,Нижний Новгород\n"
    assert open_table(text.encode("cp1251")).headers == ["Имя", "Город"]
    people = (("Анна", "anna.karenina"), ("Сергей", "sergey.volkov"), ("Ольга", "olga.ivanova"))
    rows = "".join(f"{name};{address}@example.ru;+7 495 1234567\n" for name, address in people)
    assert open_table(f"Имя;E-mail;Телефон\n{rows}".encode("cp1251")).headers == ["Имя", "E-mail", "Телефон"]
    kanji = "名前,Email\n山田太郎,taro.yamada@example.jp\n鈴木花子,hanako.suzuki@example.jp\n"
    assert open_table(kanji.encode("shift_jis")).headers == ["名前", "Email"]


def test_a_given_encoding_is_used() -> None:
    assert open_table("姓名,电话\n".encode("gb18030"), encoding="gb18030").headers == ["姓名", "电话"]


def test_a_declared_separator() -> None:
    table = open_table(b"sep=|\na|b\n1,5|2\n")
    assert (table.delimiter, table.headers) == ("|", ["a", "b"])


def test_position_grows_to_the_size(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    path.write_text("a,b\n" + "1,2\n" * 100_000)
    with open_table(path) as table:
        first = table.position
        assert sum(1 for _ in table.rows) == 100_000
        assert first < table.position == table.size
        assert len(table.sample()) == 50
