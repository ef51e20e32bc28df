"""On what a touch goes, and what it is about."""

from __future__ import annotations

from patron.contributions import Intent

CHANNELS = {
    "email": "E-mail",
    "phone": "Call",
    "fax": "Fax",
    "chat": "Chat",
    "sms": "SMS",
    "web": "Web",
    "meeting": "Meeting",
    "post": "Letter",
    "note": "Note",
}
CHANNEL_ICONS = {
    "email": "mail",
    "phone": "phone",
    "fax": "file-text",
    "chat": "message-square",
    "sms": "message-square",
    "web": "globe",
    "meeting": "calendar",
    "post": "inbox",
    "note": "pen-line",
}
INTENTS = (
    Intent("enquiry", "Enquiry"),
    Intent("order", "Order"),
    Intent("complaint", "Complaint"),
    Intent("praise", "Praise"),
    Intent("change", "Change"),
    Intent("cancel", "Cancellation"),
    Intent("payment", "Payment"),
    Intent("suggestion", "Suggestion"),
)
