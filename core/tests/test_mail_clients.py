"""Answers as the common clients write them, in four languages: what is quoted and signed is folded, answers between
quotes stay. The mails are built here, so that every client meets every language and every way of answering."""

from __future__ import annotations

import pytest
from patron.interactions.mail.composing import quote
from patron.interactions.mail.quoting import visible_text

WRITTEN = {
    "en": "Thank you, that suits us.\n\nPlease send it on Monday.",
    "de": "Vielen Dank, das passt uns.\n\nBitte schicken Sie es am Montag.",
    "fr": "Merci, cela nous convient.\n\nVeuillez l’envoyer lundi.",
    "es": "Gracias, nos conviene.\n\nPor favor, envíelo el lunes.",
}
ORIGINAL = "Dear Bob,\n\nhere is the offer: 20 chairs.\n\nKind regards\nAnn"
# Reply headers over a quote that is marked with ">".
MARKED = {
    "gmail": {
        "en": "On Mon, Jan 8, 2024 at 10:15 AM Ann Lee <ann@customer.test> wrote:",
        "de": "Am Mo., 8. Jan. 2024 um 10:15 Uhr schrieb Ann Lee <ann@customer.test>:",
        "fr": "Le lun. 8 janv. 2024 à 10:15, Ann Lee <ann@customer.test> a écrit :",
        "es": "El lun, 8 ene 2024 a las 10:15, Ann Lee (<ann@customer.test>) escribió:",
    },
    "gmail wrapped": {
        "en": "On Mon, Jan 8, 2024 at 10:15 AM Ann Lee-Featherstonehaugh <\nann.lee@customer.test> wrote:",
        "de": "Am Mo., 8. Jan. 2024 um 10:15 Uhr schrieb Ann Lee-Featherstonehaugh <\nann.lee@customer.test>:",
        "fr": "Le lun. 8 janv. 2024 à 10:15, Ann Lee-Featherstonehaugh <\nann.lee@customer.test> a écrit :",
        "es": "El lun, 8 ene 2024 a las 10:15, Ann Lee-Featherstonehaugh (<\nann.lee@customer.test>) escribió:",
    },
    "apple mail": {
        "en": "On 8 Jan 2024, at 10:15, Ann Lee <ann@customer.test> wrote:",
        "de": "Am 08.01.2024 um 10:15 schrieb Ann Lee <ann@customer.test>:",
        "fr": "Le 8 janv. 2024 à 10:15, Ann Lee <ann@customer.test> a écrit :",
        "es": "El 8 ene 2024, a las 10:15, Ann Lee <ann@customer.test> escribió:",
    },
    "thunderbird": {
        "en": "On 08/01/2024 10:15, Ann Lee wrote:",
        "de": "Am 08.01.24 um 10:15 schrieb Ann Lee:",
        "fr": "Le 08/01/2024 à 10:15, Ann Lee a écrit :",
        "es": "El 8/1/24 a las 10:15, Ann Lee escribió:",
    },
    "roundcube": {
        "en": "On 2024-01-08 10:15, Ann Lee wrote:",
        "de": "Am 2024-01-08 10:15, schrieb Ann Lee:",
        "fr": "Le 2024-01-08 10:15, Ann Lee a écrit :",
        "es": "El 2024-01-08 10:15, Ann Lee escribió:",
    },
    "yahoo": {
        "en": "On Monday, 8 January 2024 at 10:15:00 GMT, Ann Lee <ann@customer.test> wrote:",
        "de": "Am Montag, 8. Januar 2024 um 10:15:00 MEZ hat Ann Lee <ann@customer.test> Folgendes geschrieben:",
        "fr": "Le lundi 8 janvier 2024 à 10:15:00 UTC+1, Ann Lee <ann@customer.test> a écrit :",
        "es": "En lunes, 8 de enero de 2024, 10:15:00 CET, Ann Lee <ann@customer.test> escribió:",
    },
    "proton": {
        "en": "On Monday, January 8th, 2024 at 10:15 AM, Ann Lee <ann@customer.test> wrote:",
        "de": "Ann Lee <ann@customer.test> schrieb am Montag, 8. Januar 2024 um 10:15:",
        "fr": "Le lundi 8 janvier 2024 à 10:15, Ann Lee <ann@customer.test> a écrit :",
        "es": "El lunes, 8 de enero de 2024 a las 10:15, Ann Lee <ann@customer.test> escribió:",
    },
    "k9": {
        "en": "On 8 January 2024 10:15:00 CET, Ann Lee <ann@customer.test> wrote:",
        "de": "Am 8. Januar 2024 10:15:00 MEZ schrieb Ann Lee <ann@customer.test>:",
        "fr": "Le 8 janvier 2024 10:15:00 GMT+01:00, Ann Lee <ann@customer.test> a écrit :",
        "es": "El 8 de enero de 2024 10:15:00 CET, Ann Lee <ann@customer.test> escribió:",
    },
    "evolution": {
        "en": "On Mon, 2024-01-08 at 10:15 +0100, Ann Lee wrote:",
        "de": "Am Montag, dem 08.01.2024 um 10:15 +0100 schrieb Ann Lee:",
        "fr": "Le lundi 08 janvier 2024 à 10:15 +0100, Ann Lee a écrit :",
        "es": "El lun, 08-01-2024 a las 10:15 +0100, Ann Lee escribió:",
    },
}  # fmt: skip
_FIELDS = {
    "en": ("From", "Sent", "To", "Subject"),
    "de": ("Von", "Gesendet", "An", "Betreff"),
    "fr": ("De", "Envoyé", "À", "Objet"),
    "es": ("De", "Enviado el", "Para", "Asunto"),
}
_LINES = {
    "en": "-------- Original message --------",
    "de": "-------- Ursprüngliche Nachricht --------",
    "fr": "-------- Message d’origine --------",
    "es": "-------- Mensaje original --------",
}
DEVICES = {
    "en": "Sent from my iPhone",
    "de": "Von meinem iPhone gesendet",
    "fr": "Envoyé de mon iPhone",
    "es": "Enviado desde mi iPhone",
}
APPS = {
    "en": "Get Outlook for iOS<https://aka.ms/o0ukef>",
    "de": "Outlook für iOS beziehen<https://aka.ms/o0ukef>",
    "fr": "Obtenir Outlook pour iOS<https://aka.ms/o0ukef>",
    "es": "Obtener Outlook para iOS<https://aka.ms/o0ukef>",
}
LANGUAGES = sorted(WRITTEN)


def block(language: str, *, space: str = "", star: str = "", only: int = 4) -> str:
    """The head of the original as Outlook and its kin write it."""
    values = ("Ann Lee <ann@customer.test>", "08.01.2024 10:15", "Bob <bob@firm.test>", "Offer")
    lines = zip(_FIELDS[language], values, strict=True)
    return "\n".join(f"{star}{name}{space}:{star} {value}" for name, value in list(lines)[:only])


def heads(language: str) -> dict[str, str]:
    """What stands between an answer and an original without marks, by client."""
    space = " " if language == "fr" else ""
    return {
        "outlook": block(language, space=space),
        "outlook bold": block(language, star="*"),
        "outlook web": f"{'_' * 32}\n{block(language, space=space)}",
        "outlook mobile": f"{APPS[language]}\n{'_' * 32}\n{block(language, space=space)}",
        "outlook express": f"{_LINES[language].replace('--------', '-----')}\n{block(language)}",
        "samsung": f"{_LINES[language]}\n{block(language, only=3)}",
        "zimbra": f"{_LINES[language].replace('--------', '-----')}\n{block(language)}",
        "webmail": f"{_LINES[language]}\n{MARKED['roundcube'][language]}",
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", sorted(MARKED))
def test_a_marked_original_is_folded_and_answers_between_its_lines_are_kept(
    client: str, language: str
) -> None:
    written, head = WRITTEN[language], MARKED[client][language]
    above = quote(written, ORIGINAL, head)
    assert visible_text(above) == written
    assert visible_text(f"{quote('', ORIGINAL, head).strip()}\n\n{written}\n") == written
    first, second = written.split("\n\n")
    between = f"{head}\n> Dear Bob,\n>\n> 20 chairs.\n\n{first}\n\n> Kind regards\n> Ann\n\n{second}\n"
    assert visible_text(between).split("\n\n") == [first, second]
    signed = quote(f"{written}\n\n-- \nBob Roy\nFirm Ltd, +44 20 7946 0000", ORIGINAL, head)
    assert visible_text(signed) == written
    assert visible_text(quote(f"{written}\n\n{DEVICES[language]}", ORIGINAL, head)) == written


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", sorted(heads("en")))
def test_an_unmarked_original_is_folded(client: str, language: str) -> None:
    written = WRITTEN[language]
    mail = f"{written}\n\n{heads(language)[client]}\n\n{ORIGINAL}\n"
    assert visible_text(mail) == written
    assert visible_text(mail.replace("\n", "\r\n").replace("\r\n", "\n")) == written


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_rounds_fold_to_the_newest(language: str) -> None:
    once = f"{ORIGINAL}\n\n{heads(language)['outlook']}\n\nThe first letter"
    assert visible_text(quote(WRITTEN[language], once, MARKED["gmail"][language])) == WRITTEN[language]


@pytest.mark.parametrize(
    "text",
    [
        "On Monday we said: yes.\n\nFrom: the station take the bus.",
        "Am Montag schrieb ich Ihnen: Wir kommen.\nDie Antwort steht aus.",
        "Le directeur a écrit : oui.\nMerci de confirmer.",
        "Two points:\n- one\n- two\n\nSubject: to be agreed",
        "Sent the goods from our store today, they are with you by Friday. Regards, Ann",
        "> your question was whether we deliver\n\nYes.".replace("> your", "Your"),
    ],
)
def test_prose_that_looks_like_a_head_is_kept(text: str) -> None:
    assert visible_text(text) == text
