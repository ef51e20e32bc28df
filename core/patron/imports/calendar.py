"""Calendars (iCalendar, RFC 5545) as tables of meetings: one row an event, the first of a series."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from patron.errors import Invalid
from patron.imports.encodings import detect_encoding
from patron.imports.vcard import Property, parse_line, unfold

HEADERS = ["UID", "Date", "Kind", "Subject", "Text", "Author", "E-mail"]
_LONGEST = 100_000  # characters of an event


def is_calendar(head: bytes) -> bool:
    """Whether a file begins like a calendar, in whatever encoding."""
    return b"BEGIN:VCALENDAR" in head.replace(b"\x00", b"").upper()


def read_events(source: Path | bytes) -> Iterator[tuple[int, list[str], str]]:
    """Line, cells under ``HEADERS`` and what is wrong of each event, in order."""
    with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as file:
        encoding = detect_encoding(file)
        text = file.read().decode(encoding, errors="replace")
    lines = enumerate(re.split("\r\n|\n|\r", text), 1)
    event: list[Property] | None = None
    begun, nested = 0, 0
    for line, content in unfold(lines):
        name = content.strip().upper()
        if name == "BEGIN:VEVENT":
            event, begun, nested = [], line, 0
        elif event is None:
            continue
        elif name.startswith("BEGIN:"):
            nested += 1  # an alarm, whose words are not the event's
        elif name.startswith("END:") and nested:
            nested -= 1
        elif name == "END:VEVENT":
            yield begun, *_event(event)
            event = None
        elif not nested:
            try:
                event.append(parse_line(content))
            except Exception:  # noqa: S112 - a line that cannot be read says nothing
                continue
    if event is not None:
        yield begun, [""] * len(HEADERS), "The event is cut off: its end is missing."


def _event(properties: list[Property]) -> tuple[list[str], str]:
    first = {one.name: one for one in reversed(properties)}
    people = [one for one in properties if one.name in ("ATTENDEE", "ORGANIZER")]
    organizer = first.get("ORGANIZER")
    texts = [first[name].text for name in ("DESCRIPTION", "LOCATION") if name in first and first[name].text]
    try:
        at = _when(first["DTSTART"]) if "DTSTART" in first else ""
    except (ValueError, KeyError, OSError, Invalid):
        at = first["DTSTART"].text
    cells = [
        first["UID"].text if "UID" in first else "", at, "meeting",
        first["SUMMARY"].text if "SUMMARY" in first else "", "\n".join(texts)[:_LONGEST],
        _address(organizer) if organizer else "", "; ".join(dict.fromkeys(filter(None, map(_address, people)))),
    ]  # fmt: skip
    return cells, ""


def _address(person: Property) -> str:
    text = person.text.strip()
    return text[7:] if text.lower().startswith("mailto:") else ""


def _when(start: Property) -> str:
    text = start.text.strip()
    if len(text) == 8:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date().isoformat()
    found = datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - its zone follows
    zone = start.params.get("TZID", ("UTC",))[0]
    try:
        known = ZoneInfo("UTC" if text.endswith("Z") else zone)
    except (ValueError, KeyError, OSError):
        known = ZoneInfo("UTC")  # a zone of the other program's own
    return found.replace(tzinfo=known).isoformat()
