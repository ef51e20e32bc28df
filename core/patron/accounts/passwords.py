"""Passwords: hashed with Argon2, and refused when they are among the first that anyone would try.

Hashing takes about a tenth of a second: never call it inside ``Database.write()``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Set
from functools import cache

from pwdlib import PasswordHash

from patron.errors import Invalid

MINIMUM, MAXIMUM = 10, 200  # characters

_hasher = PasswordHash.recommended()
_LOOKALIKES = str.maketrans("0134578@$!|", "oieastbasil")
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl",
    "qsdfghjklm", "zxcvbnm", "yxcvbnm", "wxcvbn",
)  # fmt: skip
_COMMON = frozenset((
    "password", "passwort", "passwords", "motdepasse", "contrasena", "senha", "parola", "wachtwoord",
    "secret", "geheim", "letmein", "welcome", "willkommen", "bienvenue", "bienvenido", "iloveyou",
    "ichliebedich", "teamo", "jetaime", "admin", "administrator", "root", "user", "guest", "test",
    "tester", "changeme", "login", "master", "superman", "batman", "football", "fussball", "baseball",
    "basketball", "dragon", "monkey", "princess", "sunshine", "starwars", "shadow", "summer", "sommer",
    "winter", "spring", "autumn", "herbst", "hallo", "schatz", "michael", "jennifer", "qwerty",
    "qwertz", "azerty", "trustno", "whatever", "company", "firma", "office", "default", "temporary",
    "internet", "computer", "samsung", "google", "facebook",
))  # fmt: skip


def hash_password(password: str) -> str:
    """The hash to store. Slow on purpose."""
    return _hasher.hash(_normal(password))


def verify_password(password: str, stored: str) -> bool:
    """Whether the password fits. With ``stored`` empty (no such account) it takes as long, and is False."""
    stand_in = _stand_in()
    return _hasher.verify(_normal(password)[:MAXIMUM], stored or stand_in) and bool(stored)


def check_password(password: str, *, near: Iterable[str] = (), field: str = "password") -> None:
    """Invalid for what is short, endless or easily guessed. ``near``: site name, e-mail address, own name."""
    text = _normal(password)
    if len(text) < MINIMUM:
        raise Invalid.field(field, f"Use at least {MINIMUM} characters; a few words are easiest to remember.")
    if len(text) > MAXIMUM:
        raise Invalid.field(field, f"Use at most {MAXIMUM} characters.")
    if reason := _guessable(text.casefold(), near):
        raise Invalid.field(field, reason)


@cache
def _stand_in() -> str:
    """The hash of nothing anyone knows, for sign-ins with an unknown address."""
    import secrets

    return _hasher.hash(secrets.token_urlsafe(32))


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _guessable(text: str, near: Iterable[str]) -> str:
    if _is_repeated(text):
        return "This repeats the same few characters. Add something else."
    if _is_sequence(text):
        return "This follows the keyboard or the alphabet. Use something less regular."
    cores = {_letters(text), _letters(text.strip("0123456789!?.,-_#*+").translate(_LOOKALIKES))}
    if "" in cores or cores & _twice({part for item in near for part in _parts(item)}):
        return "This is too close to your name, address or this site's name, or it is digits only."
    if cores & _twice(_COMMON):
        return "This is one of the first passwords that anyone would try."
    return ""


def _twice(words: Set[str]) -> set[str]:
    return {*words, *(word * 2 for word in words)}


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalpha())


def _parts(item: str) -> Iterable[str]:
    words = [_letters(part) for part in re.split(r"[^\w]+|_", item.casefold())]
    yield from (word for word in words if len(word) > 2)
    yield "".join(words)


def _is_repeated(text: str) -> bool:
    """A unit of up to four characters over and over, or hardly any different ones."""
    period = (text + text).find(text, 1)
    return len(set(text)) < 4 or period <= min(4, len(text) // 2)


def _is_sequence(text: str) -> bool:
    """At most three runs along a row of the keyboard, the alphabet or the digits make up the whole."""
    runs, position = 0, 0
    while position < len(text):
        length = _run_at(text, position)
        if length < 3:
            return False
        runs, position = runs + 1, position + length
    return runs <= 3


def _run_at(text: str, start: int) -> int:
    best = 1
    for row in (*_ROWS, *(line[::-1] for line in _ROWS)):
        length = 1
        while start + length < len(text) and text[start : start + length + 1] in row:
            length += 1
        best = max(best, length)
    return best
