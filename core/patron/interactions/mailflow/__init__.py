"""Mail through the database: mailboxes, taking mail in, sending it with a ledger, showing it safely.

Plugins call ``queue_mail`` to send, or ``compose`` and ``outgoing`` where they keep a ledger of their own,
``post_letter`` for a secret, ``mail_document`` to show, ``release`` and ``start_thread`` for what was held back, and
handle the events ``mail.received``, ``mail.released`` and ``mail.bounced``.
"""

from patron.interactions.mail.composing import compose, make_message_id, reply_subject
from patron.interactions.mail.parsed import Address
from patron.interactions.mail.transport import Outcome, RecipientResult
from patron.interactions.mailflow.bouncing import note_refusal
from patron.interactions.mailflow.choosing import mailbox_options, sending_mailbox
from patron.interactions.mailflow.direct import Sender, outgoing
from patron.interactions.mailflow.letters import letter_mailbox, post_letter
from patron.interactions.mailflow.moving import put_into, take_out
from patron.interactions.mailflow.quarantine import release, start_thread
from patron.interactions.mailflow.receiving import Received, prepare, receive
from patron.interactions.mailflow.resolving import resolve_addresses
from patron.interactions.mailflow.sending import deliver, queue_mail, recall
from patron.interactions.mailflow.showing import Touch, conversation, mail_document
from patron.interactions.mailflow.writing import fill, read_addresses

__all__ = [
    "Address",
    "Outcome",
    "Received",
    "RecipientResult",
    "Sender",
    "Touch",
    "compose",
    "conversation",
    "deliver",
    "fill",
    "letter_mailbox",
    "mail_document",
    "mailbox_options",
    "make_message_id",
    "note_refusal",
    "outgoing",
    "post_letter",
    "prepare",
    "put_into",
    "queue_mail",
    "read_addresses",
    "recall",
    "receive",
    "release",
    "reply_subject",
    "resolve_addresses",
    "sending_mailbox",
    "start_thread",
    "take_out",
]
