"""The events that partner management publishes, beside those that every resource does."""

from __future__ import annotations

from patron import EventType

_DEAL = {"id": "the registration", "number": "its number", "partner": "customer id of the partner"}
_LEAD = {"id": "the lead", "offer": "the offer", "partner": "customer id of the partner"}

EVENTS = (
    EventType(
        "prm.registration.submitted", "A partner registered a deal, or changed what it is about.", _DEAL
    ),
    EventType("prm.registration.approved", "A registration was approved: the deal is protected.", _DEAL),
    EventType("prm.registration.rejected", "A registration was rejected.", _DEAL),
    EventType("prm.registration.withdrawn", "A partner took a registration back.", _DEAL),
    EventType("prm.registration.expired", "The protection of a deal is over.", _DEAL),
    EventType("prm.lead.offered", "A lead was offered to a partner.", _LEAD),
    EventType("prm.lead.accepted", "A partner accepted a lead.", _LEAD),
    EventType("prm.lead.declined", "A partner declined a lead.", _LEAD),
    EventType("prm.lead.recalled", "A partner did not answer in time.", _LEAD),
    EventType("prm.lead.unplaced", "No partner is left to offer a lead to.", {"id": "the lead"}),
)
