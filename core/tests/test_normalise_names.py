import pytest
from hypothesis import given
from hypothesis import strategies as st
from patron.customers.normalise import organisation_key, person_name


@pytest.mark.parametrize(
    ("full", "locale", "given", "middle", "family"),
    [
        ("Anna Berg", "", "Anna", "", "Berg"),
        ("Dr. Jan van der Berg", "", "Jan", "", "van der Berg"),
        ("Berg, Anna Maria", "", "Anna", "Maria", "Berg"),
        ("María José García López", "es", "María", "José", "García López"),
        ("Juan García López", "es", "Juan", "", "García López"),
        ("María José García", "es", "María", "José", "García"),
        ("José Ortega y Gasset", "es", "José", "", "Ortega y Gasset"),
        ("Juan de la Cruz García", "es", "Juan", "", "de la Cruz García"),
        ("Björk", "", "", "", "Björk"),
        ("von Goethe", "", "", "", "von Goethe"),
        ("Van Morrison", "", "Van", "", "Morrison"),
        ("毛泽东", "", "泽东", "", "毛"),
        ("欧阳娜娜", "", "娜娜", "", "欧阳"),
        ("田中 太郎", "", "太郎", "", "田中"),
        ("田中太郎", "ja", "太郎", "", "田中"),
        ("김민수", "", "민수", "", "김"),
        ("남궁민수", "", "민수", "", "남궁"),
        ("ジョン・スミス", "", "ジョン", "", "スミス"),
        ("DUPONT Jean-Pierre", "", "Jean-Pierre", "", "DUPONT"),
        ("Nagy István", "hu", "István", "", "Nagy"),
        ("Nguyễn Văn Anh", "vi", "Anh", "Văn", "Nguyễn"),
        ("M. Jean Dupont", "fr", "Jean", "", "Dupont"),
        ("M. Night Shyamalan", "en", "M.", "Night", "Shyamalan"),
    ],
)
def test_parts_of_names(full: str, locale: str, given: str, middle: str, family: str) -> None:
    name = person_name(full, locale=locale)
    assert (name.given, name.middle, name.family) == (given, middle, family)


def test_titles_and_suffixes() -> None:
    name = person_name("Herr Prof. Dr. Hans-Peter von Müller", locale="de")
    assert (name.prefix, name.given, name.family) == ("Herr Prof. Dr.", "Hans-Peter", "von Müller")
    assert person_name("John Smith, PhD").suffix == "PhD"
    assert person_name("Sammy Davis Jr.").suffix == "Jr."
    assert person_name("Sr. Juan Pérez", locale="es").prefix == "Sr."
    assert person_name("Anna Berg", "family_first").family == "Anna"


@given(st.text(max_size=40), st.sampled_from(["", "de", "es", "fr", "ja", "hu"]))
def test_no_word_of_a_name_is_lost(text: str, locale: str) -> None:
    name = person_name(text, locale=locale)
    parts = " ".join((name.prefix, name.given, name.middle, name.family, name.suffix))

    def letters(t: str) -> list[str]:
        return sorted(c for c in t if c not in ", ・")

    assert letters(parts) == letters(name.full)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Müller GmbH & Co. KG", "muller"),
        ("ACME, Inc.", "acme"),
        ("Société Générale S.A.", "societe generale"),
        ("Pérez e Hijos, S.L.", "perez e hijos"),
        ("Philips B.V.", "philips"),
        ("SARL Dupont et Fils", "dupont and fils"),
        ("The Body Shop plc", "body shop"),
        ("Foo Sp. z o.o.", "foo"),
        ("Novo Nordisk A/S", "novo nordisk"),
        ("AG", "ag"),
        ("H & M", "h and m"),
    ],
)
def test_organisations_are_matched_without_their_legal_form(name: str, key: str) -> None:
    assert organisation_key(name) == key
