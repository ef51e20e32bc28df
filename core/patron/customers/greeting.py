"""How a letter to a customer begins, in the customer's language and as its culture addresses people.

Whether somebody is addressed as a woman or as a man is read from the title alone, never guessed from a name: without
one the greeting names the whole name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from patron.customers.normalise import fold, language_of, person_name

_FEMALE_TEXT = """
    frau fraulein mrs ms miss lady mme madame mademoiselle mlle sra srta senora senorita dna dona signora sig.ra mevr
    mevrouw mw pani doctora profa fru dame
    """
_MALE_TEXT = "herr hr mr sir lord m monsieur sr senor don signor sig dhr meneer heer pan herre"
_ACADEMIC_TEXT = "dr drs prof professor professorin dr-ing docteur dott dottore ing mag rev"
FEMALE, MALE, ACADEMIC = (frozenset(text.split()) for text in (_FEMALE_TEXT, _MALE_TEXT, _ACADEMIC_TEXT))


@dataclass(frozen=True)
class Wording:
    """Greetings of one language: neutral by the whole name, female and male by the family name, to a whole firm.

    ``academic`` says whether a doctor's title follows (“Frau Dr. Berg”), stands instead (“Dear Dr Berg”) or goes.
    """

    neutral: str
    female: str = ""
    male: str = ""
    firm: str = ""
    academic: str = "left out"  # left out | follows | instead


_SAID: Mapping[str, Wording] = MappingProxyType({
    "en": Wording("Dear {full}", "Dear {title} {family}", "Dear {title} {family}", "Dear Sir or Madam", "instead"),
    "de": Wording(
        "Guten Tag {full}", "Sehr geehrte Frau {academic}{family}", "Sehr geehrter Herr {academic}{family}",
        "Sehr geehrte Damen und Herren", "follows",
    ),
    "fr": Wording("Bonjour {full}", "Madame", "Monsieur", "Madame, Monsieur"),
    "es": Wording(
        "Buenos días, {full}", "Estimada Sra. {family}", "Estimado Sr. {family}", "Estimados señores"
    ),
    "it": Wording("Gentile {full}", "Gentile Sig.ra {family}", "Gentile Sig. {family}", "Spettabile {full}"),
    "pt": Wording("Olá, {full}", "Prezada Sra. {family}", "Prezado Sr. {family}", "Exmos. Senhores"),
    "nl": Wording(
        "Geachte {full}", "Geachte mevrouw {Family}", "Geachte heer {Family}", "Geachte heer, mevrouw"
    ),
    "pl": Wording("Dzień dobry, {full}", "Szanowna Pani", "Szanowny Panie", "Szanowni Państwo"),
    "cs": Wording("Dobrý den, {full}", firm="Vážení"),
    "ro": Wording("Bună ziua, {full}", "Stimată doamnă {family}", "Stimate domnule {family}"),
    "sv": Wording("Hej {full}"),
    "da": Wording("Kære {full}"),
    "nb": Wording("Hei {full}"),
    "fi": Wording("Hyvä {full}"),
    "is": Wording("Góðan dag, {given}"),
    "hu": Wording("Tisztelt {full}", firm="Tisztelt Hölgyem/Uram"),
    "tr": Wording("Sayın {full}", firm="Sayın Yetkili"),
    "el": Wording("Αγαπητέ/ή {full}"),
    "ru": Wording("Здравствуйте, {given}", firm="Уважаемые дамы и господа"),
    "uk": Wording("Добрий день, {given}"),
    "ar": Wording("تحية طيبة {full}"),
    "he": Wording("שלום {full}"),
    "hi": Wording("आदरणीय {full} जी"),
    "ja": Wording("{full} 様", firm="{full} 御中"),
    "zh": Wording("尊敬的{full}"),
    "ko": Wording("{full} 님께", firm="{full} 귀중"),
    "vi": Wording("Kính gửi {full}"),
    "th": Wording("เรียน คุณ{given}"),
    "id": Wording("Yth. {full}"),
    "ms": Wording("Kepada {full}"),
    "am": Wording("ሰላም {given}"),
})  # fmt: skip
_SAME = {"no": "nb", "nn": "nb", "sk": "cs", "ca": "es", "gl": "es"}
_WITH_FATHERS_NAME = frozenset({"ru", "uk"})


def greeting(
    kind: str, name: str, given: str = "", family: str = "", prefix: str = "", locale: str = ""
) -> str:
    """The first line of a letter without its last sign. ``locale`` is the customer's language, else the firm's."""
    language = language_of(locale)
    said = _SAID.get(_SAME.get(language, language), _SAID["en"])
    if kind == "organisation":
        return (said.firm or said.neutral).format(full=name, given=name)
    if kind == "household":
        return said.neutral.format(full=name, given=name)
    titles = [title for title in prefix.split() if title]
    academic = [title for title in titles if _plain(title) in ACADEMIC]
    named = said.neutral
    family_said = family or name
    if family and any(_plain(title) in FEMALE for title in titles):
        named = said.female or said.neutral
    elif family and any(_plain(title) in MALE for title in titles):
        named = said.male or said.neutral
    elif family and academic and said.academic == "instead":
        named = said.male
    if language in _WITH_FATHERS_NAME and given:
        middle = person_name(name, locale=language).middle
        given = f"{given} {middle}".strip()
    shown = academic[:1] if said.academic == "instead" and academic else titles[:1]
    return named.format(
        full=name, given=given or name, family=family_said, Family=family_said[:1].upper() + family_said[1:],
        title=" ".join(title.rstrip(".") if said.academic == "instead" else title for title in shown),
        academic="".join(f"{title} " for title in academic) if said.academic == "follows" else "",
    )  # fmt: skip


def _plain(title: str) -> str:
    return fold(title).rstrip(".")
