from hypothesis import example, given
from hypothesis import strategies as st
from patron.imports.vcard import BrokenCard, Card, escape, fold_line, parse_line, read_cards, unfold

V3 = """BEGIN:VCARD
VERSION:3.0
N:van der Berg;Jan;Piet;Dr.;Jr.
FN:Dr. Jan van der Berg
ORG:Acme\\, Inc.;Sales
item1.EMAIL;type=INTERNET;type=HOME:jan@home.example
EMAIL;TYPE=work,pref:jan@acme.example
NOTE:first\\nsecond\\; a long line that
  goes on
PHOTO;ENCODING=b:AAAA
END:VCARD
"""
V4 = """BEGIN:VCARD
VERSION:4.0
KIND:individual
FN:Zoë
TEL;VALUE=uri;PREF=2;TYPE="voice,cell":tel:+49-30-1234
TEL;VALUE=uri;PREF=1;TYPE=home:tel:+49-30-99
ADR;LABEL="Main St. 1^nBerlin":;;Main St. 1;Berlin;;10115;Germany
END:VCARD
"""
V21 = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=
=B6rg
TEL;CELL;PREF:0171 1234567
AGENT:
BEGIN:VCARD
FN:Nobody
END:VCARD
END:VCARD
"""


def cards(text: str) -> list[Card | BrokenCard]:
    return list(read_cards(text.encode()))


def test_version_3() -> None:
    [card] = cards(V3)
    assert isinstance(card, Card)
    assert card.all("N")[0].parts() == ["van der Berg", "Jan", "Piet", "Dr.", "Jr."]
    assert card.all("ORG")[0].parts() == ["Acme, Inc.", "Sales"]
    assert [p.value for p in card.all("EMAIL")] == ["jan@acme.example", "jan@home.example"]
    assert card.all("EMAIL")[1].group == "item1"
    assert card.text("NOTE") == "first\nsecond; a long line that goes on"
    assert not card.all("PHOTO")


def test_version_4() -> None:
    [card] = cards(V4.replace("\n", "\r\n"))
    assert isinstance(card, Card)
    assert [p.text for p in card.all("TEL")] == ["tel:+49-30-99", "tel:+49-30-1234"]
    assert card.all("TEL")[1].types == {"voice", "cell"}
    assert card.all("ADR")[0].parts()[2:] == ["Main St. 1", "Berlin", "", "10115", "Germany"]
    assert card.all("ADR")[0].params["LABEL"] == ("Main St. 1\nBerlin",)


def test_version_2_1() -> None:
    [card] = cards(V21)
    assert isinstance(card, Card)
    assert card.all("N")[0].parts() == ["Müller", "Jörg"]
    assert card.all("TEL")[0].types == {"cell", "pref"}
    assert not card.text("FN")


def test_a_broken_card_is_reported_at_its_line_and_the_others_stay() -> None:
    broken = "BEGIN:VCARD\nVERSION:3.0\nFN Broken\nEND:VCARD\n"
    cut = "BEGIN:VCARD\nFN:Cut off\n"
    found = cards("stray\n" + V3 + broken + cut + V4 + cut)
    assert [type(c).__name__ for c in found] == [
        "BrokenCard",
        "Card",
        "BrokenCard",
        "BrokenCard",
        "Card",
        "BrokenCard",
    ]
    assert [c.line for c in found] == [1, 2, 15, 17, 19, 27]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])), st.integers(10, 80))
def test_folding_is_undone_by_unfolding(text: str, octets: int) -> None:
    line = "NOTE:" + text
    folded = fold_line(line, octets)
    assert all(len(piece.encode()) <= octets for piece in folded)
    assert [found for _, found in unfold(enumerate(folded, 1))] == [line]


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])), min_size=1, max_size=5
    )
)
@example(["\\", "x;", "", "\\;"])
@example(["", ""])
def test_escaping_is_undone_by_parts(texts: list[str]) -> None:
    assert parse_line("N:" + ";".join(map(escape, texts))).parts() == texts


@given(st.binary())
def test_any_bytes_are_cards_or_broken_cards(content: bytes) -> None:
    for card in read_cards(b"BEGIN:VCARD\n" + content + b"\nEND:VCARD\n"):
        assert isinstance(card, Card | BrokenCard)
