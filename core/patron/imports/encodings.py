"""Which encoding the bytes of a table or an address book are in."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

from charset_normalizer import from_bytes

from patron.errors import Invalid

_CHUNK = 1 << 18
_SAMPLE = 1 << 15
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What each single-byte encoding is used for. A letter of another language costs, a sign inside a word more.
_LETTERS = {
    "cp1252": "äöüßéèêëàâáåæçíìîïñóòôõøœúùûÿÄÖÜÉÈÊÀÂÁÅÆÇÍÎÑÓÔÕØŒÚÙ€–—‘’“”„«»…°§ª¡¿",
    "cp1250": "äöüßáćčçďéęěëíîľĺłńňóôőřŕśšťúůűýźžżąăâđşţÄÖÜÁĆČĎÉĘĚÍĽŁŃŇÓÔŐŘŚŠŤÚŮŰÝŹŽŻĄĂÂĐŞŢ€–—‘’“”„«»…°§",
    "iso8859_2": "äöüßáćčçďéęěëíîľĺłńňóôőřŕśšťúůűýźžżąăâđşţÄÖÜÁĆČĎÉĘĚÍĽŁŃŇÓÔŐŘŚŠŤÚŮŰÝŹŽŻĄĂÂĐŞŢ°§",
    "mac_roman": "äöüßéèêëàâáåçíîïñóôõøúùÄÖÜÉÅÇÑØ€–—‘’“”„«»…°§",
}
_OTHER_SCRIPT = 1.0
"""More bytes above ASCII than letters below it: this is no Latin text."""
_IN_ROWS = 0.6
"""So many of the bytes above ASCII beside two others: no Latin text either, though it has addresses and numbers."""

_COMMON = frozenset("äöüßéáíóúèçñàłęąčšžřěőć")


OFFERED = ("utf-8", "utf-16", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "iso8859-1", "iso8859-2", "iso8859-15",
           "mac-roman", "cp850", "shift-jis", "gb18030", "big5", "euc-kr")  # fmt: skip


def checked_encoding(name: str) -> str:
    """Python's name of an encoding that was asked for, empty where none was; Invalid for one that there is not.

    UTF-8 is read with or without a byte order mark, which is then no part of the text.
    """
    if not name.strip():
        return ""
    try:
        b"a".decode(name.strip(), errors="replace")  # of texts, not hex or zip
        found = codecs.lookup(name.strip()).name
    except (LookupError, ValueError) as error:
        raise Invalid.field(
            "encoding", f"There is no encoding “{name}”. Common ones: {', '.join(OFFERED)}."
        ) from error
    return "utf-8-sig" if found == "utf-8" else found


def detect_encoding(stream: BinaryIO) -> str:
    """The Python name of the encoding of ``stream``, read once in constant memory and left at its start.

    A byte order mark decides; then whether all of it is UTF-16 (every second byte zero) or valid UTF-8; then
    the letters that each single-byte encoding would give; ``charset-normalizer`` where none of these fits.
    """
    head = stream.read(_SAMPLE)
    stream.seek(0)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if wide := _without_mark(head):
        return wide
    sample = _sample_unless_utf8(stream)
    stream.seek(0)
    return "utf-8" if sample is None else _single_byte(sample)


def _without_mark(head: bytes) -> str:
    half = len(head) // 2
    if half >= 4 and head[1::2].count(0) > half * 0.6:
        return "utf-16-le"
    return "utf-16-be" if half >= 4 and head[::2].count(0) > half * 0.6 else ""


def _sample_unless_utf8(stream: BinaryIO) -> bytes | None:
    """``None`` for valid UTF-8, else lines with bytes above ASCII."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid, sample, left = True, bytearray(), b""
    while chunk := stream.read(_CHUNK):
        if valid:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                valid = False
        if not chunk.isascii() and len(sample) < _SAMPLE:
            lines = re.split(rb"[\r\n]+", left + chunk)
            sample += b"\n".join(line for line in lines if not line.isascii())[:_SAMPLE]
        left = chunk[-200:] if not chunk[-200:].isascii() else b""
        if not valid and len(sample) >= _SAMPLE:
            return bytes(sample)
    if valid:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            valid = False
    return None if valid else bytes(sample)


def _single_byte(sample: bytes) -> str:
    high = sum(byte > 127 for byte in sample)
    in_rows = sum(map(len, re.findall(rb"[\x80-\xff]{3,}", sample)))
    few_letters = high > _OTHER_SCRIPT * sum(bytes([byte]).isalpha() for byte in sample)
    if (few_letters or in_rows > _IN_ROWS * high) and (found := _found(sample)):
        return found
    scores = {name: _score(sample, name) for name in _LETTERS}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] >= 0.6 * high:
        return best
    return _found(sample) or best


def _found(sample: bytes) -> str:
    """What the library takes it for; the wide encodings begin with a mark, and that is looked for before."""
    found = from_bytes(sample).best()
    return (
        ""
        if found is None or found.encoding == "ascii" or found.encoding.startswith("utf")
        else found.encoding
    )


def _score(sample: bytes, encoding: str) -> float:
    text = sample.decode(encoding, errors="replace")
    letters = _LETTERS[encoding]
    score = 0.0
    for before, char, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if char < "\x80":
            continue
        if char in letters:
            inside = before.islower() and char.isupper() and after.islower()
            score += -1.0 if inside else 1.1 if char in _COMMON else 1.0
        elif char.isalpha():
            score -= 0.5
        else:
            score -= 2.0 if before.isalpha() or after.isalpha() else 0.5
    return score
