"""Keys for matching and for sorting, made in Python so that every database agrees on them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAX_KEY_SOURCE = 200
"""Characters of a text that take part in its sort key: PostgreSQL's index rows are bounded."""

_QUOTES = {ord(c): "'" for c in "‘’ʼ`´′ʹ"} | {ord(c): "-" for c in "‐‑‒–—−"}
_LETTERS = {
    ord(k): v
    for k, v in {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ħ": "h",
        "ı": "i",
        "ŧ": "t",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ð": "d",
        "ŋ": "n",
        "ĸ": "k",
        "ə": "e",
    }.items()
}
_SPELLED_OUT = {
    "de": {"ä": "ae", "ö": "oe", "ü": "ue"},
    "da": {"å": "aa", "ø": "oe", "æ": "ae"},
    "nb": {"å": "aa", "ø": "oe", "æ": "ae"},
}
_MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff"
    "\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
_NOT_WORDS = re.compile(r"[^\w]+|_")
_APOSTROPHES = re.compile(r"(?<=\w)'(?=\w)")

# Yi letters survive folding; they stand in for the signs of `_OWN_LETTERS` while the rest is folded.
_TO_STAND_IN = str.maketrans("{|}~", "\ua000\ua001\ua002\ua003")
_FROM_STAND_IN = str.maketrans("\ua000\ua001\ua002\ua003", "{|}~")

# A letter of its own is placed behind another one by a sign that ASCII has after "z".
_OWN_LETTERS: dict[str, dict[str, str]] = {
    "sv": {"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}"},
    "da": {"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}", "aa": "}"},
    "is": {
        "á": "a{",
        "ð": "d{",
        "é": "e{",
        "í": "i{",
        "ó": "o{",
        "ú": "u{",
        "ý": "y{",
        "þ": "{",
        "æ": "|",
        "ö": "}",
    },
    "et": {"š": "s{", "ž": "s}", "õ": "w{", "ä": "w|", "ö": "w}", "ü": "w~"},
    "es": {"ñ": "n{"},
    "pl": {"ą": "a{", "ć": "c{", "ę": "e{", "ł": "l{", "ń": "n{", "ó": "o{", "ś": "s{", "ź": "z{", "ż": "z|"},
    "cs": {"č": "c{", "ch": "h{", "ř": "r{", "š": "s{", "ž": "z{"},
    "hr": {"č": "c{", "ć": "c|", "đ": "d{", "š": "s{", "ž": "z{"},
    "hu": {"ö": "o{", "ő": "o{", "ü": "u{", "ű": "u{"},
    "ro": {"ă": "a{", "â": "a|", "î": "i{", "ș": "s{", "ş": "s{", "ț": "t{", "ţ": "t{"},
    "tr": {"ç": "c{", "ğ": "g{", "ı": "h{", "ö": "o{", "ş": "s{", "ü": "u{"},
    "lt": {"č": "c{", "š": "s{", "ž": "z{"},
}
_SAME_ORDER = {
    "fi": "sv",
    "nb": "da",
    "nn": "da",
    "no": "da",
    "sk": "cs",
    "az": "tr",
    "bs": "hr",
    "sl": "hr",
    "lv": "lt",
}


def clean(text: str) -> str:
    """``text`` in NFC on one line: white space collapsed, control and zero-width characters gone."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = " ".join(text.split())
    if text.isprintable():
        return text
    kept = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    return " ".join(kept.split())


def fold(text: str, locale: str = "") -> str:
    """The key under which ``text`` is matched: NFKC, case folded, accents stripped, white space collapsed.

    Typographic quotes and dashes become plain ones, letters without a decomposition their base (ł → l, ß →
    ss, dotless ı → i). ``locale`` de, da and nb spell their letters out (Müller → mueller), as their speakers
    do on a foreign keyboard; keys are comparable only within one locale. Idempotent. Hebrew and Arabic vowel
    points are optional and go; marks that make a letter (Devanagari, kana) stay.
    """
    if text.isascii():
        folded = " ".join(text.lower().replace("`", "'").split())
        return folded if folded.isprintable() else clean(folded)
    language = _language(locale)
    while (folded := _fold_once(text, language)) != text:
        text = folded
    return folded


def _fold_once(text: str, language: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_QUOTES))
    text = unicodedata.normalize("NFKC", text.replace("İ", "i").casefold())
    for letter, spelled in _SPELLED_OUT.get(language, {}).items():
        text = text.replace(letter, spelled)
    text = _MARKS.sub("", unicodedata.normalize("NFD", text)).translate(_LETTERS)
    return clean(text)


def sort_key(text: str, locale: str = "") -> str:
    """The key by which ``text`` is ordered, compared as bytes (``COLLATE "C"``, ``BINARY``) or as a Python
    ``str``.

    Letters come first, then accents, then case (lower before upper), so that "Ä" stands beside "A" and
    equal-looking names have one stable order. Punctuation does not count. Languages that have letters of
    their own (sv å ä ö, da æ ø å, es ñ, pl ł, tr ı …) put them where their alphabet does; other scripts
    follow Latin by code point.
    """
    text = clean(text)[:MAX_KEY_SOURCE]
    language = _language(locale)
    lower = _lower(text, language)
    first = _primary(lower, language)
    accents = unicodedata.normalize("NFD", lower)
    second = "" if accents == first else accents
    third = "" if text == lower else text.swapcase()
    return "\x01".join((first, second, third)).rstrip("\x01")


def _lower(text: str, language: str) -> str:
    if language in ("tr", "az"):
        text = text.replace("I", "ı").replace("İ", "i")
    return text.replace("İ", "i").casefold()


def _primary(lower: str, language: str) -> str:
    language = _SAME_ORDER.get(language, language)
    own = _OWN_LETTERS.get(language)
    if own is None:
        return _words(fold(lower))
    placed = _own_pattern(language).sub(lambda m: own[m[0]].translate(_TO_STAND_IN), lower)
    return _words(fold(placed)).translate(_FROM_STAND_IN)


def _words(folded: str) -> str:
    return _NOT_WORDS.sub(" ", _APOSTROPHES.sub("", folded)).strip()


@lru_cache(maxsize=32)
def _own_pattern(language: str) -> re.Pattern[str]:
    letters = sorted(_OWN_LETTERS[language], key=len, reverse=True)
    return re.compile("(" + "|".join(map(re.escape, letters)) + ")")


@lru_cache(maxsize=256)
def _language(locale: str) -> str:
    return re.split(r"[-_]", locale.strip().lower(), maxsplit=1)[0]
