"""The events that sales publishes, beside those that every resource does."""

from __future__ import annotations

from patron import EventType

_VALUE = {"id": "the opportunity", "value": "minor units", "currency": "of the value"}
_QUOTE = {"id": "the quote", "number": "its number", "gross": "minor units", "currency": "of the quote"}

EVENTS = (
    EventType("sales.opportunity.won", "An opportunity was won.", _VALUE),
    EventType("sales.opportunity.lost", "An opportunity was lost.", _VALUE),
    EventType("sales.opportunity.reopened", "A closed opportunity was opened again.", _VALUE),
    EventType("sales.enquiry.qualified", "An enquiry was qualified.", {"id": "the enquiry"}),
    EventType("sales.enquiry.disqualified", "An enquiry leads nowhere.", {"id": "the enquiry"}),
    EventType("sales.quote.sent", "A quote went out.", _QUOTE),
    EventType("sales.quote.draft", "A quote is a draft again, as its next revision.", _QUOTE),
    EventType("sales.quote.accepted", "A quote was accepted: order and invoice exist.", _QUOTE),
    EventType("sales.quote.declined", "A quote was declined.", _QUOTE),
    EventType("sales.quote.expired", "A quote's last day has passed.", _QUOTE),
)
