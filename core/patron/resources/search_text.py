"""What is stored to be searched, and what is asked: words in a known shape, and tokens for who may find them.

Every word of the stored text stands after two blanks, and the text begins with the title after a sign that
no folded text holds. So "within a word", "at the beginning of a word" and "at the beginning of the title" are
each a plain substring, which a trigram index answers down to one letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from patron.customers.normalise import fold

MAX_TEXT = 8000
"""Characters of one field that can be found."""
MAX_NEEDLE = 200
"""Characters of what is searched for that count."""

_WORD = "  "
_TITLE = "\x02\x02"
_SHORT = 3
_PHONE = re.compile(r"\s*(?:[+(0][0-9 ()/.\-\u00a0]*|[0-9]{2,4}(?:[ /.\-\u00a0][0-9]{2,4})+\s*)")
"""With a country's code or the zero that is dialled first, or in groups as numbers are spoken."""
_DIGITS = 6  # fewer are more likely a number of something else
_PIECES = re.compile(r"\w+")
_IDEOGRAPHS = re.compile("[\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]+")
_TOKEN_ALPHABET, _TOKEN_LETTERS = 0x4E00, 20000


def text_of(title: str, texts: Iterable[str]) -> str:
    """The text under which a record is found, from its title and its other words."""
    titled = fold(title[:MAX_TEXT]).split()
    words = dict.fromkeys(titled)
    for text in texts:
        words.update(dict.fromkeys(fold(text[:MAX_TEXT]).split()))
    forms = dict.fromkeys(form for word in words for form in _forms(word))
    return _TITLE + _WORD.join(titled) + "".join(_WORD + form for form in forms)


def phone_forms(number: str) -> str:
    """A telephone number as written and as digits alone, since both are typed."""
    return f"{number} {re.sub('[^0-9]', '', number)}"


def is_phone(text: str) -> bool:
    """Whether a search is for a telephone number, written with a country's code, as dialled at home, or in groups."""
    return len(text) <= MAX_NEEDLE and bool(_PHONE.fullmatch(text)) and len(_phone_digits(text)) >= _DIGITS


def _phone_digits(text: str) -> str:
    """The digits that a number has in every form: without the zeros that are dialled first, and "(0)"."""
    return re.sub("[^0-9]", "", text.replace("(0)", "")).lstrip("0")


def _forms(word: str) -> Iterator[str]:
    """A word, its parts, and each place where a script without blanks may begin a word."""
    yield word
    if word.isascii() and word.isalnum():
        return
    yield from _PIECES.findall(word)
    if "'" in word:
        yield word.replace("'", "")
    for run in _IDEOGRAPHS.findall(word):
        yield from (run[start:] for start in range(1, min(len(run), 20)))


@lru_cache(maxsize=65536)
def token(resource: str, who: str) -> str:
    """Three letters that stand for rows of a resource that ``who`` may find: ``u5``, ``t7`` or ``*`` for all.

    A token is one trigram, so that an index of trigrams finds it in one step. Two may be the same by chance:
    what is found by token is checked again.
    """
    number = int.from_bytes(blake2b(f"{resource} {who}".encode(), digest_size=8).digest())
    letters = []
    for _ in range(3):
        number, rest = divmod(number, _TOKEN_LETTERS)
        letters.append(chr(_TOKEN_ALPHABET + rest))
    return "".join(letters)


@dataclass(frozen=True)
class Needle:
    """What is searched for: each pattern must be within the text. The best have ``title``, which implies them."""

    patterns: tuple[str, ...]
    title: str

    @staticmethod
    def parse(text: str) -> Needle | None:
        """None where nothing is left to search for."""
        words = [_phone_digits(text[:MAX_NEEDLE])] if is_phone(text) else fold(text[:MAX_NEEDLE]).split()
        if not words:
            return None
        patterns = dict.fromkeys(word if len(word) >= _SHORT else _WORD + word for word in words)
        return Needle(tuple(patterns), _TITLE + _WORD.join(words))


def trigrams(pattern: str) -> list[str]:
    """Trigrams that cover a pattern of three or more letters."""
    starts = [*range(0, len(pattern) - 3, 3), len(pattern) - 3]
    return [pattern[start : start + 3] for start in starts]


def full_text_query(patterns: Iterable[str], tokens: Iterable[str]) -> str:
    """The query in SQLite's full-text language for rows that may hold all patterns and one of the tokens.

    Tokens come first, since they are rarer: the first part is stepped through, the others only looked up.
    """
    wanted = dict.fromkeys(gram for pattern in patterns for gram in trigrams(pattern))
    anyone = " OR ".join(map(_quoted, tokens))
    return " AND ".join([*([f"({anyone})"] if anyone else []), *map(_quoted, wanted)])


def _quoted(gram: str) -> str:
    return '"' + gram.replace('"', '""') + '"'
