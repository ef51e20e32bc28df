"""``patron mail``: what Patron makes of a message."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from patron.cli.common import as_json, print_json
from patron.interactions.mail.parsed import Address, ParsedMail
from patron.interactions.mail.parsing import as_json as described
from patron.interactions.mail.parsing import outline
from patron.interactions.mail.parsing import parse as parse_mail


@click.group()
def mail() -> None:
    """Mail."""


@mail.command("parse")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def parse(file: Path, json_output: bool) -> None:
    """Say how a message is read: its parts, threading, the text without quotes, robots, bounces, attachments."""
    raw = file.read_bytes()
    found = parse_mail(raw)
    if json_output:
        print_json({**described(found), "parts": outline(raw)})
        return
    for line in _told(found, raw):
        click.echo(line)


def _told(found: ParsedMail, raw: bytes) -> Iterator[str]:
    """The same for people, the text last."""
    for label, addresses in (("From", found.from_), ("To", found.to), ("Copy", found.cc)):
        if addresses:
            yield f"{label}: {', '.join(_written(address) for address in addresses)}"
    yield f"Subject: {found.subject}"
    yield f"Date: {found.date.isoformat()}"
    yield f"Message: {found.message_id}"
    if found.in_reply_to or found.references:
        yield f"Refers to: {' '.join(dict.fromkeys((*found.in_reply_to, *found.references)))}"
    yield f"Written by a program: {'yes, ' + found.auto_reply.rule if found.auto_reply.automatic else 'no'}"
    for bounce in found.bounces:
        dead = "the address is dead" if bounce.permanent else "the address is not dead"
        said = " ".join((bounce.status, bounce.reason.replace("_", " "))).strip()
        yield f"Not delivered to {bounce.recipient}: {said}, {dead} ({bounce.confidence:.0%}; {bounce.rule})"
    if found.returned_message_id:
        yield f"Reports on: {found.returned_message_id}"
    for part in outline(raw):
        words = (part["type"], part["charset"], part["encoding"], part["name"])
        yield f"Part: {' '.join(word for word in words if word)}"
    for file in found.attachments:
        place = ", shown in place" if file.inline else ""
        yield f"Attachment: {file.name} ({file.content_type}, {file.size} bytes{place})"
    for defect in found.defects:
        yield f"Defect: {defect}"
    yield ""
    yield found.visible_text


def _written(address: Address) -> str:
    return f"{address.name} <{address.email}>" if address.name else address.email
