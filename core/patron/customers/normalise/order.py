"""In which order the parts of a person's name are shown and sorted, by the language of whom it names.

A name that was written whole is shown as it was written; these rules speak where only the parts are known, and
always for the place in a list.
"""

from __future__ import annotations

import re

from patron.customers.normalise.text import fold

_FAMILY_FIRST = frozenset({"hu", "vi", "zh", "ja", "ko"})
_BY_GIVEN_NAME = frozenset({"is", "th", "am", "ti", "my", "id", "ms", "vi", "lo", "km"})
"""Where the second part is a father's name or seldom used, lists follow the first."""
_ARTICLES = re.compile(r"(?:d'|d’|l'|'t |al-|el-|ad-|an-|ar-|as-|at-|az-)", re.IGNORECASE)
_BEHIND = {
    "nl": frozenset(("van", "von", "de", "den", "der", "het", "'t", "ter", "ten", "te", "op", "aan", "uit")),
    "de": frozenset(("von", "vom", "zu", "zum", "zur", "van", "der", "den", "dem", "de")),
    "fr": frozenset(("de",)),
    "es": frozenset(("de", "del", "la", "las", "los", "el")),
    "pt": frozenset(("de", "da", "do", "das", "dos", "e")),
    "sv": frozenset(("af", "av", "von", "de")),
    "ar": frozenset(("al", "el", "bin", "ibn", "bint", "abu")),
}
"""Words before a family name that do not count for its place in a list; elsewhere they are part of it."""
_SAME = {
    "da": "sv",
    "nb": "sv",
    "no": "sv",
    "nn": "sv",
    "fi": "sv",
    "fa": "ar",
    "ur": "ar",
    "gl": "es",
    "ca": "es",
}
_UNSPACED = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff]+")
_KATAKANA = re.compile(r"[\u30a0-\u30ff]+")


def language_of(locale: str) -> str:
    """``de`` of ``de-AT``; empty for none."""
    return re.split(r"[-_]", locale.strip().lower(), maxsplit=1)[0]


def display_name(given: str, family: str, locale: str = "") -> str:
    """The parts of a person's name put together as its language does."""
    if not given or not family:
        return given or family
    if _KATAKANA.fullmatch(given + family):
        return f"{given}・{family}"
    if _UNSPACED.fullmatch(given + family):
        return family + given
    first, second = (family, given) if language_of(locale) in _FAMILY_FIRST else (given, family)
    return f"{first} {second}"


def sort_name(given: str, family: str, locale: str = "") -> str:
    """The text by which a person stands in a list, to be made a key: “Berg Jan van der”, “Björk Guðmundsdóttir”.

    Belgium (``nl-BE``) counts the words before the name, the Netherlands do not.
    """
    language = language_of(locale)
    if not given or not family:
        return given or family
    if language in _BY_GIVEN_NAME:
        return f"{given} {family}"
    if locale.lower().replace("_", "-") == "nl-be":
        return f"{family} {given}"
    counted, before = _without_words_before(family, _BEHIND.get(_SAME.get(language, language)))
    return " ".join(part for part in (counted, given, before) if part)


def _without_words_before(family: str, words: frozenset[str] | None) -> tuple[str, str]:
    if not words:
        return family, ""
    tokens, before = family.split(), []
    while len(tokens) > 1 and fold(tokens[0]) in words:
        before.append(tokens.pop(0))
    counted = " ".join(tokens)
    if (found := _ARTICLES.match(counted)) and len(counted) > found.end():
        before.append(found[0].strip())
        counted = counted[found.end() :]
    return counted, " ".join(before)
