"""Sending without a thread per mail, for modules that keep a ledger of their own (campaigns)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from patron.assembly import Assembly
from patron.errors import Invalid
from patron.interactions.mail.parsed import Address
from patron.interactions.mail.transport import SendResult, SmtpConnection
from patron.interactions.mailflow.mailboxes import sender_of, smtp_settings
from patron.interactions.models import Mailbox


@dataclass(frozen=True)
class Sender:
    """An open way out of one mailbox. ``address`` is whom its mail comes from."""

    address: Address
    connection: SmtpConnection

    @property
    def domain(self) -> str:
        """Where its message ids are made."""
        return self.address.email.rpartition("@")[2]

    def send(self, recipients: Sequence[str], raw: bytes) -> SendResult:
        """Hand one mail over. Never raises for what a server or network does (see ``Outcome``)."""
        return self.connection.send(self.address.email, recipients, raw)


@contextmanager
def outgoing(assembly: Assembly, mailbox_id: int) -> Iterator[Sender]:
    """The way out of a mailbox, for many mails. Talks to the network: never inside a transaction.

    Invalid when the mailbox is gone, off, or only fetches.
    """
    with assembly.database.read() as session:
        mailbox = session.get(Mailbox, mailbox_id)
    settings = smtp_settings(assembly, mailbox) if mailbox else None
    if settings is None or mailbox is None or not mailbox.active or mailbox.trashed_at is not None:
        raise Invalid("The mailbox does not send now.")
    with SmtpConnection(settings) as connection:
        yield Sender(sender_of(assembly, mailbox), connection)
