"""Mails that are built, always the same: every charset by every transfer encoding in every structure, each with what
must be read of it."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Callable, Iterator
from dataclasses import dataclass

PDF, PNG = b"%PDF-1.4 invoice", b"\x89PNG\r\n\x1a\n logo"
FORWARDED = (
    b"From: Old <old@b.test>\r\nSubject: Earlier\r\nContent-Type: text/plain\r\n\r\nThe earlier letter\r\n"
)


@dataclass(frozen=True)
class Built:
    """A mail and what it says: text with outer white space gone, attachments as (name, type, size)."""

    name: str
    raw: bytes
    subject: str
    sender: tuple[str, str]
    text: str
    attachments: tuple[tuple[str, str, int], ...] = ()


TEXTS = {
    "us-ascii": "Please send twenty chairs.",
    "iso-8859-1": "Grüße aus Köln: zwölf Stühle, bitte.",
    "iso-8859-15": "Für 20 € das Stück, merci à vous.",
    "windows-1252": "„Zitat“ – 5 € … l’été",
    "utf-8": "Größe ✓ 世界 Ελλάδα 🚚",
    "windows-1251": "Добрый день, нужны двадцать стульев.",
    "koi8-r": "Привет из далёкого города.",
    "iso-8859-2": "Příliš žluťoučký kůň.",
    "windows-1254": "İyi günler, yirmi sandalye.",
    "iso-8859-7": "Καλημέρα σας, είκοσι καρέκλες.",
    "windows-1255": "שלום, עשרים כיסאות.",
    "windows-1256": "مرحبا، عشرون كرسيا.",
    "shift_jis": "椅子を二十脚お願いします。",
    "iso-2022-jp": "こんにちは、椅子をください。",
    "gb2312": "请发二十把椅子。",
    "big5": "請送二十張椅子。",
    "euc-kr": "의자 스무 개를 보내 주세요.",
    "utf-16": "Twenty “chairs”, please.",
}


def _encoded(text: str, charset: str, encoding: str) -> bytes:
    data = text.encode(charset)
    if encoding == "base64":
        return base64.encodebytes(data).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return quopri.encodestring(data).replace(b"\n", b"\r\n")
    return data


def _part(kind: str, content: bytes, charset: str = "", encoding: str = "", more: str = "") -> bytes:
    head = f"Content-Type: {kind}" + (f"; charset={charset}" if charset else "") + "\r\n"
    head += f"Content-Transfer-Encoding: {encoding}\r\n" if encoding else ""
    return head.encode() + more.encode() + b"\r\n" + content + b"\r\n"


def _multi(kind: str, *parts: bytes, boundary: str) -> bytes:
    edge = f"--{boundary}\r\n".encode()
    return (
        f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
        + b"".join(edge + part for part in parts)
        + f"--{boundary}--\r\n".encode()
    )


def _file(name: str, kind: str, data: bytes, more: str = "") -> bytes:
    head = f'Content-Disposition: attachment; filename="{name}"\r\n{more}'
    return _part(kind, base64.encodebytes(data), "", "base64", head)


Maker = Callable[[bytes, bytes], tuple[bytes, tuple[tuple[str, str, int], ...]]]
INVOICE, LOGO = ("invoice.pdf", "application/pdf", len(PDF)), ("logo.png", "image/png", len(PNG))
_INLINE = f'Content-ID: <logo@x>\r\nContent-Disposition: inline; filename="{LOGO[0]}"\r\n'
_IMAGE = _part("image/png", base64.encodebytes(PNG), "", "base64", _INLINE)
_OTHER = _part("message/rfc822", FORWARDED)
# From the body as a text part and as an HTML part to the whole, with its attachments.
STRUCTURES: dict[str, Maker] = {
    "plain": lambda text, html: (text, ()),
    "html": lambda text, html: (html, ()),
    "alternative": lambda text, html: (_multi("alternative", text, html, boundary="a"), ()),
    "attached": lambda text, html: (_multi("mixed", text, _file(*INVOICE[:2], PDF), boundary="m"), (INVOICE,)),
    "inline": lambda text, html: (_multi("related", html, _IMAGE, boundary="r"), (LOGO,)),
    "outlook": lambda text, html: (
        _multi("mixed", _multi("related", _multi("alternative", text, html, boundary="a"), _IMAGE, boundary="r"),
               _file(*INVOICE[:2], PDF), boundary="m"), (LOGO, INVOICE)),
    "apple": lambda text, html: (
        _multi("alternative", text, _multi("related", html, _IMAGE, boundary="r"), boundary="a"), (LOGO,)),
    "forwarded": lambda text, html: (
        _multi("mixed", text, _OTHER, boundary="m"), (("Earlier.eml", "message/rfc822", len(FORWARDED)),)),
    "signed": lambda text, html: (
        _multi("signed", _multi("mixed", text, boundary="m"), _file("smime.p7s", "application/pkcs7-signature", b"MII"),
               boundary="s"), (("smime.p7s", "application/pkcs7-signature", 3),)),
}  # fmt: skip


def combined() -> Iterator[Built]:
    """Every charset by every transfer encoding in every structure: subject and sender are words in that charset too."""
    for charset, text in TEXTS.items():
        for encoding in ("base64", "quoted-printable", "8bit"):
            if encoding == "8bit" and charset == "utf-16":
                continue  # its zero bytes may not stand in a mail
            for structure, make in STRUCTURES.items():
                plain = _part("text/plain", _encoded(text, charset, encoding), charset, encoding)
                page = f"<html><body><p>{text}</p></body></html>"
                body, attachments = make(
                    plain, _part("text/html", _encoded(page, charset, encoding), charset, encoding)
                )
                name = f"{structure}-{charset}-{encoding}"
                yield Built(
                    name, _head(name, text, charset) + body, text, (text, "a@b.test"), text, attachments
                )


def _head(name: str, words: str, charset: str) -> bytes:
    word = f"=?{charset}?B?{base64.b64encode(words.encode(charset)).decode()}?="
    return (
        f"From: {word} <a@b.test>\r\nTo: c@d.test\r\nSubject: {word}\r\nMessage-ID: <{name}@b.test>\r\n"
        "Date: Mon, 8 Jan 2024 10:15:00 +0100\r\nMIME-Version: 1.0\r\n"
    ).encode()
