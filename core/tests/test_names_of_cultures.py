"""Thirty names from all over the world: how they are put together, sorted and addressed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from patron.assembly import Assembly
from patron.customers.greeting import greeting
from patron.customers.models import Customer
from patron.customers.names import renew_places_in_lists
from patron.customers.normalise import display_name, sort_key
from patron.customers.resource import derive_names
from patron.records import table
from patron.system.stored import store_setting
from patron.testing.faces import make_customer, working
from sqlalchemy import select, update


@dataclass(frozen=True)
class Named:
    """As written, in which language; then what is expected: given, family, put together, sorted, addressed."""

    written: str
    language: str
    given: str
    family: str
    shown: str
    listed: str
    addressed: str


NAMES = (
    Named("Ms Anna Berg", "en", "Anna", "Berg", "Anna Berg", "Berg Anna", "Dear Ms Berg"),
    Named("Dr. John Smith", "en", "John", "Smith", "John Smith", "Smith John", "Dear Dr Smith"),
    Named("Robin Taylor", "en", "Robin", "Taylor", "Robin Taylor", "Taylor Robin", "Dear Robin Taylor"),
    Named("Frau Dr. Eva von der Leyen", "de", "Eva", "von der Leyen", "Eva von der Leyen", "Leyen Eva von der",
          "Sehr geehrte Frau Dr. von der Leyen"),
    Named("Uli Müller", "de-AT", "Uli", "Müller", "Uli Müller", "Müller Uli", "Guten Tag Uli Müller"),
    Named("Mevrouw Jo van der Berg", "nl", "Jo", "van der Berg", "Jo van der Berg", "Berg Jo van der",
          "Geachte mevrouw Van der Berg"),
    Named("Jo Van den Berg", "nl-BE", "Jo", "Van den Berg", "Jo Van den Berg", "Van den Berg Jo",
          "Geachte Jo Van den Berg"),
    Named("Monsieur Honoré de Balzac", "fr", "Honoré", "de Balzac", "Honoré de Balzac", "Balzac Honoré de", "Monsieur"),
    Named("Jean-Luc d'Estaing", "fr", "Jean-Luc", "d'Estaing", "Jean-Luc d'Estaing", "Estaing Jean-Luc d'",
          "Bonjour Jean-Luc d'Estaing"),
    Named("Sra. María García López", "es", "María", "García López", "María García López", "García López María",
          "Estimada Sra. García López"),
    Named("João Pereira da Silva", "pt", "João", "da Silva", "João da Silva", "Silva João da",
          "Olá, João Pereira da Silva"),
    Named("Sig.ra Chiara De Luca", "it", "Chiara", "De Luca", "Chiara De Luca", "De Luca Chiara",
          "Gentile Sig.ra De Luca"),
    Named("Pani Ewa Łukasik", "pl", "Ewa", "Łukasik", "Ewa Łukasik", "Łukasik Ewa", "Szanowna Pani"),
    Named("Carl af Ugglas", "sv", "Carl", "af Ugglas", "Carl af Ugglas", "Ugglas Carl af", "Hej Carl af Ugglas"),
    Named("Björk Guðmundsdóttir", "is", "Björk", "Guðmundsdóttir", "Björk Guðmundsdóttir",
          "Björk Guðmundsdóttir", "Góðan dag, Björk"),
    Named("Nagy István", "hu", "István", "Nagy", "Nagy István", "Nagy István", "Tisztelt Nagy István"),
    Named("Иванов Пётр Ильич", "ru", "Пётр", "Иванов", "Пётр Иванов", "Иванов Пётр", "Здравствуйте, Пётр Ильич"),
    Named("Олена Шевченко", "uk", "Олена", "Шевченко", "Олена Шевченко", "Шевченко Олена", "Добрий день, Олена"),
    Named("Ayşe Yılmaz", "tr", "Ayşe", "Yılmaz", "Ayşe Yılmaz", "Yılmaz Ayşe", "Sayın Ayşe Yılmaz"),
    Named("Νίκος Παπαδόπουλος", "el", "Νίκος", "Παπαδόπουλος", "Νίκος Παπαδόπουλος", "Παπαδόπουλος Νίκος",
          "Αγαπητέ/ή Νίκος Παπαδόπουλος"),
    Named("Omar al-Sayed", "ar", "Omar", "al-Sayed", "Omar al-Sayed", "Sayed Omar al-", "تحية طيبة Omar al-Sayed"),
    Named("דוד לוי", "he", "דוד", "לוי", "דוד לוי", "לוי דוד", "שלום דוד לוי"),
    Named("प्रिया शर्मा", "hi", "प्रिया", "शर्मा", "प्रिया शर्मा", "शर्मा प्रिया", "आदरणीय प्रिया शर्मा जी"),
    Named("Suharto", "id", "", "Suharto", "Suharto", "Suharto", "Yth. Suharto"),
    Named("Ahmad bin Abdullah", "ms", "Ahmad", "bin Abdullah", "Ahmad bin Abdullah", "Ahmad bin Abdullah",
          "Kepada Ahmad bin Abdullah"),
    Named("Abebe Bikila", "am", "Abebe", "Bikila", "Abebe Bikila", "Abebe Bikila", "ሰላም Abebe"),
    Named("Somchai Jaidee", "th", "Somchai", "Jaidee", "Somchai Jaidee", "Somchai Jaidee", "เรียน คุณSomchai"),
    Named("Nguyễn Văn Anh", "vi", "Anh", "Nguyễn", "Nguyễn Anh", "Anh Nguyễn", "Kính gửi Nguyễn Văn Anh"),
    Named("欧阳娜娜", "zh", "娜娜", "欧阳", "欧阳娜娜", "欧阳 娜娜", "尊敬的欧阳娜娜"),
    Named("田中太郎", "ja", "太郎", "田中", "田中太郎", "田中 太郎", "田中太郎 様"),
    Named("김민수", "ko", "민수", "김", "김민수", "김 민수", "김민수 님께"),
    Named("ジョン・スミス", "ja", "ジョン", "スミス", "ジョン・スミス", "スミス ジョン", "ジョン・スミス 様"),
)  # fmt: skip


@pytest.mark.parametrize("one", NAMES, ids=lambda one: f"{one.language}-{one.written}")
def test_a_name_of_its_culture(one: Named) -> None:
    record = Customer(name=one.written, language=one.language, name_key="")
    derive_names(record, named=True, locale="en")
    assert (record.name, record.given_name, record.family_name) == (one.written, one.given, one.family)
    assert display_name(one.given, one.family, one.language) == one.shown
    assert record.name_key == sort_key(one.listed, "en")
    said = greeting(
        record.kind, record.name, record.given_name, record.family_name, record.prefix, one.language
    )
    assert said == one.addressed


def test_there_are_thirty_of_as_many_languages_as_the_firm_may_meet() -> None:
    assert len(NAMES) >= 30
    assert len({one.language[:2] for one in NAMES}) >= 24


def test_parts_alone_are_put_together_by_the_language_of_whom_they_name() -> None:
    for language, expected in (("hu", "Nagy István"), ("en", "István Nagy"), ("", "István Nagy")):
        record = Customer(name="", given_name="István", family_name="Nagy", language=language, name_key="")
        derive_names(record, named=False, locale="en")
        assert record.name == expected


def test_firms_and_households_are_greeted_as_such() -> None:
    assert greeting("organisation", "Mill GmbH", locale="de") == "Sehr geehrte Damen und Herren"
    assert greeting("organisation", "Mill Srl", locale="it") == "Spettabile Mill Srl"
    assert greeting("household", "Familie Berg", locale="de") == "Guten Tag Familie Berg"
    assert greeting("person", "Anna Berg", "Anna", "Berg", locale="xx") == "Dear Anna Berg"


def test_an_upgrade_sorts_those_who_are_there_once(assembly: Assembly) -> None:
    jo = make_customer(assembly, "Jo van der Berg", language="nl")
    t = table(Customer)
    with working(assembly) as ctx:
        store_setting(ctx.session, "customers.sorting", 1)
        ctx.session.execute(update(t).values(name_key="van der berg jo"))
        renew_places_in_lists(ctx)
        key = select(t.c.name_key).where(t.c.id == jo)
        assert ctx.session.execute(key).scalar_one() == sort_key("Berg Jo van der", "en")
        ctx.session.execute(update(t).values(name_key="as it is"))
        renew_places_in_lists(ctx)
        assert ctx.session.execute(key).scalar_one() == "as it is"
