import csv
import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patron.errors import Invalid
from patron.imports.dates import date_column
from patron.imports.mapping import guess_mapping
from patron.imports.reading import open_table
from patron.imports.records import Candidate, Rejected, to_candidates
from patron.imports.values import names_organisation
from patron.imports.vcard import read_cards


def candidates(text: str, region: str = "DE", locale: str = "de") -> list[Candidate | Rejected]:
    table = open_table(text.encode())
    return list(to_candidates(table, guess_mapping(table.headers, table.sample()), region, locale))


def test_a_whole_row() -> None:
    [found] = candidates(
        "Kundennr;Anrede;Vorname;Name;Firma;E-Mail;Telefon privat;Handy;Straße;PLZ;Ort;Land;"
        "Geburtstag;Tags;Notiz;Angelegt\n"
        "K1;Frau;Anna;von Berg;Acme GmbH;a@x.de, A@X.de b@x.de;030/1234567;0171 1234567;Weg 1;10115;Berlin;"
        "Deutschland;31.12.1980;vip, neu;ruft an;2024-01-05T10:00:00Z\n"
    )
    assert isinstance(found, Candidate)
    assert (found.kind, found.name, found.external_id, found.line) == ("person", "Anna von Berg", "K1", 2)
    assert found.person is not None
    assert (found.person.prefix, found.person.family) == ("Frau", "von Berg")
    assert [e.normalised for e in found.emails] == ["a@x.de", "b@x.de"]
    assert [(p.number, p.use) for p in found.phones] == [
        ("+49301234567", "home"),
        ("+491711234567", "mobile"),
    ]
    assert found.addresses[0].country == "DE"
    assert (found.organisation, found.birthday, found.tags) == (
        "Acme GmbH",
        date(1980, 12, 31),
        ("vip", "neu"),
    )
    assert (found.notes, found.created_on) == ("ruft an", date(2024, 1, 5))


def test_several_numbers_in_a_cell() -> None:
    [found] = candidates("name,phone\nAnna,0171 1234567 oder 030 / 123456\n")
    assert isinstance(found, Candidate)
    assert [p.number for p in found.phones] == ["+491711234567", "+4930123456"]


def test_kinds() -> None:
    rows = candidates(
        "kind,name,organisation,email\n,Acme GmbH,,\n,Anna Berg,Acme,\n,,Acme,\ncompany,Berg,,\n,,,a@x.de\n"
        ",Acme,ACME,\nhousehold,Familie Berg,,\n"
    )
    assert all(isinstance(row, Candidate) for row in rows)
    assert [(row.kind, row.name) for row in rows if isinstance(row, Candidate)] == [
        ("organisation", "Acme GmbH"),
        ("person", "Anna Berg"),
        ("organisation", "Acme"),
        ("organisation", "Berg"),
        ("person", "a@x.de"),
        ("organisation", "ACME"),
        ("household", "Familie Berg"),
    ]


@pytest.mark.parametrize(
    "name", ["Acme GmbH", "Banco S.A.", "Siemens AG", "Foo Sp. z o.o.", "Dupont SARL", "Pérez e Hijos, S.L."]
)
def test_a_legal_form_makes_an_organisation(name: str) -> None:
    assert names_organisation(name)


@pytest.mark.parametrize(
    "name",
    ["João Sá", "Kim Ag", "Anna Berg", "Ana de Sa", "Li Co", "Inci Limón", "S. L. Jackson", "Miller, S. A."],
)
def test_a_short_surname_is_no_legal_form(name: str) -> None:
    assert not names_organisation(name)


@pytest.mark.parametrize(
    ("header", "cells", "field"),
    [
        ("name,email", "Anna,anna(at)x.de", "email"),
        ("name,phone", "Anna,12", "phone"),
        ("name,fax", "Anna,call me", "fax"),
        ("name,country", "Anna,Atlantis", "country"),
        ("name,birthday", "Anna,31.02.1990", "birthday"),
        ("name,website", "Anna,javascript:alert(1)", "website"),
        ("name,city", ",Berlin", "name"),
    ],
)
def test_refused_rows_say_field_and_reason(header: str, cells: str, field: str) -> None:
    good = ",".join("x" if h == "city" else "Ben" if h == "name" else "" for h in header.split(","))
    rows = candidates(f"{header}\n{cells}\n{good}\n")
    refused = rows[0]
    assert isinstance(refused, Rejected)
    assert (refused.field, refused.raw) == (field, tuple(cells.split(",")))
    assert refused.reason
    assert isinstance(rows[1], Candidate)


HEADERS = ["id", "name", "email", "phone", "street", "postcode", "country", "birthday"]


@settings(deadline=None)
@given(
    st.lists(
        st.lists(
            st.text(max_size=12) | st.sampled_from(["a@b.de", "030 123456", "DE", "1.1.2000"]), max_size=10
        ),
        max_size=15,
    )
)
def test_every_row_comes_out_once(rows: list[list[str]]) -> None:
    text = io.StringIO()
    rows = [row for row in rows if any(cell.replace("\0", "").strip() for cell in row)]
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([HEADERS, *rows])
    table = open_table(text.getvalue().encode("utf-8", errors="replace"), has_header=True)
    found = list(to_candidates(table, guess_mapping(table.headers, []), "DE"))
    assert len(found) == len(rows)
    lines = [one.line for one in found]
    assert lines == sorted(set(lines))


def test_day_or_month_first_is_decided_by_the_column() -> None:
    assert date_column(["01/02/2000", "25/12/1999"], "US").parse("03/04/2001") == date(2001, 4, 3)
    assert date_column(["12/25/1999"], "DE").parse("03/04/2001") == date(2001, 3, 4)
    assert date_column(["01/02/2000"], "US").parse("03/04/2001") == date(2001, 3, 4)
    assert date_column([], "GB").parse("03/04/01") == date(2001, 4, 3)
    assert date_column([]).parse("2001-04-03 10:00") == date(2001, 4, 3)
    assert date_column([]).parse("3.4.2001") == date(2001, 4, 3)
    for unclear in (date_column(["25/12/1999", "12/25/1999"], "DE"), date_column([])):
        with pytest.raises(Invalid, match="day or month"):
            unclear.parse("03/04/2001")
        assert unclear.parse("25/04/2001") == date(2001, 4, 25)


def test_cards() -> None:
    content = b"""BEGIN:VCARD
VERSION:4.0
UID:urn:uuid:1
FN:Dr. Anna Berg
N:Berg;Anna;;Dr.;
ORG:Acme GmbH;Sales
TITLE:Buyer
EMAIL;TYPE=work:anna@acme.example
TEL;VALUE=uri;TYPE="cell,voice":tel:+49-171-1234567
ADR:;;Weg 1;Berlin;;10115;Germany
BDAY:19801231
CATEGORIES:vip,neu
END:VCARD
BEGIN:VCARD
VERSION:4.0
KIND:org
FN:Acme GmbH
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Bad
EMAIL:nonsense
END:VCARD
BEGIN:VCARD
FN Broken
END:VCARD
"""
    anna, acme, bad, broken = to_candidates(read_cards(content), region="DE")
    assert isinstance(anna, Candidate)
    assert (anna.name, anna.external_id, anna.organisation) == ("Dr. Anna Berg", "urn:uuid:1", "Acme GmbH")
    assert (anna.phones[0].number, anna.phones[0].use) == ("+491711234567", "mobile")
    assert (anna.addresses[0].postcode, anna.birthday, anna.tags) == (
        "10115",
        date(1980, 12, 31),
        ("vip", "neu"),
    )
    assert isinstance(acme, Candidate)
    assert (acme.kind, acme.name, acme.person) == ("organisation", "Acme GmbH", None)
    assert isinstance(bad, Rejected)
    assert bad.field == "email"
    assert isinstance(broken, Rejected)
    assert broken.line == 25
