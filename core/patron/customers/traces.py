"""Erasure of what a person left beside their own rows: events, imports, undo lists, sign-ins, search, attachments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import String, Text, cast, delete, literal, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from patron.accounts.models import Account, Mandate, SignIn, SignInLink
from patron.bulk import among
from patron.context import Context
from patron.contributions import Resource
from patron.customers.models import Consent, Customer, MergeJournal, Relationship
from patron.customers.naming import ERASED, Words, take_out, write
from patron.files.services import detach
from patron.interactions.models import TimelineEntry
from patron.records import table
from patron.resources import search
from patron.resources.declaration import table_of
from patron.system.models import (
    BulkJob,
    Delivery,
    FileLink,
    IdempotencyKey,
    Import,
    ImportChange,
    ImportRow,
    OutboxEvent,
    SearchEntry,
)

_TOGETHER = 200  # records that one statement looks for


def forget_traces(ctx: Context, ids: Sequence[int], words: Words) -> None:
    """To be called when the rows themselves are blank: the search is written anew from them."""
    _forget_events(ctx, ids, words)
    _forget_sign_ins(ctx, ids)
    _forget_changes(ctx, ids)
    _forget_answers(ctx, words)
    _forget_mentions(ctx, ids, words)
    _search_anew(ctx, ids)


def forget_attachments(ctx: Context, ids: Sequence[int], retained: set[str]) -> None:
    """Files attached to them and to their records go, but for those of modules that must retain theirs."""
    link = table(FileLink)
    for resource, column in _linked(ctx):
        if resource.module in retained:
            continue
        t = table_of(resource)
        theirs = select(t.c.id).where(column.in_(ids))
        held = select(link.c.record_id).where(link.c.resource == resource.key, link.c.record_id.in_(theirs))
        detach(ctx, resource.key, *set(ctx.session.execute(held).scalars()))


def _linked(ctx: Context) -> Iterator[tuple[Resource, ColumnElement[Any]]]:
    """Every resource with the column that says whose a record is."""
    for resource in ctx.assembly.resources.values():
        t = table_of(resource)
        if resource.model is Customer:
            yield resource, t.c.id
        elif resource.links:
            yield resource, t.c[resource.links[0].field]


def _forget_events(ctx: Context, ids: Sequence[int], words: Words) -> None:
    """Of events that were delivered no text stays; of those still due only their words go, so that they can run."""
    event, delivery = table(OutboxEvent), table(Delivery)
    due = set(ctx.session.execute(_still_due(ids)).scalars())
    theirs = select(event.c.id, event.c.payload, event.c.actor).where(event.c.customer_id.in_(ids))
    cleaned = [
        {
            "id": row.id,
            "payload": words.without(row.payload) if row.id in due else _without_texts(row.payload),
            "actor": words.without(row.actor),
        }
        for row in ctx.session.execute(theirs)
    ]
    write(ctx, event, cleaned)
    ctx.session.execute(update(delivery).where(delivery.c.customer_id.in_(ids)).values(error=""))


def _still_due(ids: Sequence[int]) -> Any:
    t = table(Delivery)
    return select(t.c.event_id).where(t.c.customer_id.in_(ids), t.c.state != "done")


def _without_texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_texts(item) for key, item in value.items()}
    if isinstance(value, str):
        return ""
    return [_without_texts(item) for item in value] if isinstance(value, list) else value


def _forget_sign_ins(ctx: Context, ids: Sequence[int]) -> None:
    """Accounts that act for nobody else are closed without a name; their sessions and links end."""
    account, mandate = table(Account), table(Mandate)
    for_others = select(mandate.c.account_id).where(mandate.c.customer_id.not_in(ids))
    theirs = select(mandate.c.account_id).where(
        mandate.c.customer_id.in_(ids), mandate.c.account_id.not_in(for_others)
    )
    closed = set(ctx.session.execute(theirs).scalars())
    for model in (SignIn, SignInLink):
        t = table(model)
        ctx.session.execute(delete(t).where(among(t.c.account_id, closed)))
    nobody = literal("erased-") + cast(account.c.id, String)
    blank = {"email": nobody, "name": ERASED, "password_hash": "", "active": False}
    ctx.session.execute(update(account).where(among(account.c.id, closed)).values(blank))


def _forget_changes(ctx: Context, ids: Sequence[int]) -> None:
    """What imports read of them, what bulk edits and merges would undo."""
    row, merge, change = table(ImportRow), table(MergeJournal), table(ImportChange)
    imported = select(table(Import).c.id).where(table(Import).c.resource == "customers")
    ctx.session.execute(delete(change).where(change.c.record_id.in_(ids), change.c.import_id.in_(imported)))
    ctx.session.execute(update(row).where(row.c.record_id.in_(ids)).values(raw=[], values={}, reason=""))
    for resource, column in _linked(ctx):
        named = select(table_of(resource).c.id).where(column.in_(ids))
        theirs = list(ctx.session.execute(named).scalars())
        _forget_undo(ctx, resource, theirs)
        of_resource = select(table(Import).c.id).where(table(Import).c.resource == resource.key)
        gone = delete(change).where(change.c.import_id.in_(of_resource), among(change.c.record_id, theirs))
        ctx.session.execute(gone)
    both = or_(merge.c.survivor_id.in_(ids), merge.c.merged_id.in_(ids))
    kept: dict[str, Any] = {"before": {"survivor": {}, "modules": {}}}
    ctx.session.execute(update(merge).where(both).values(kept))


def _forget_undo(ctx: Context, resource: Resource, record_ids: Sequence[int]) -> None:
    """What bulk edits would give back to these records; only edits that name one of them are read."""
    t = table(BulkJob)
    for start in range(0, len(record_ids), _TOGETHER):
        keys = {str(record_id) for record_id in record_ids[start : start + _TOGETHER]}
        named = or_(*(cast(t.c.before, Text).contains(f'"{key}":') for key in sorted(keys)))
        jobs = select(t.c.id, t.c.before).where(t.c.resource == resource.key, named)
        left = [
            {
                "id": job.id,
                "before": {key: was for key, was in job.before.items() if key not in keys},
            }
            for job in ctx.session.execute(jobs)
        ]
        write(ctx, t, left)


def _forget_answers(ctx: Context, words: Words) -> None:
    """Answers that are kept for a request sent again."""
    t = table(IdempotencyKey)
    said = [t.c.body.contains(text, autoescape=True) for text in words.addresses | words.names]
    if said:
        ctx.session.execute(delete(t).where(or_(*said)))


def _forget_mentions(ctx: Context, ids: Sequence[int], words: Words) -> None:
    """Lines on the timelines of those they were related to, and the proofs of consent."""
    entry, rel, consent = table(TimelineEntry), table(Relationship), table(Consent)
    near = set(ctx.session.execute(select(rel.c.from_id).where(rel.c.to_id.in_(ids))).scalars())
    near |= set(ctx.session.execute(select(rel.c.to_id).where(rel.c.from_id.in_(ids))).scalars())
    for t, where in ((entry, among(entry.c.customer_id, near)), (consent, consent.c.customer_id.in_(ids))):
        texts = ("title", "body", "snapshot") if t is entry else ("wording", "source", "proof", "by")
        take_out(ctx, words, t, texts, where)


def _search_anew(ctx: Context, ids: Sequence[int]) -> None:
    """Their records are found by what is left of them; those of modules that are away by nothing."""
    t = table(SearchEntry)
    theirs = select(t.c.resource, t.c.record_id).where(t.c.customer_id.in_(ids))
    found = ctx.session.execute(theirs).all()
    ctx.session.execute(delete(t).where(t.c.customer_id.in_(ids)))
    for key, resource in ctx.assembly.resources.items():
        record_ids = [row.record_id for row in found if row.resource == key]
        rows = table_of(resource)
        wanted = select(resource.model).where(among(rows.c.id, record_ids), rows.c.trashed_at.is_(None))
        if record_ids and resource.model is not Customer:
            records = list(ctx.session.execute(wanted.execution_options(populate_existing=True)).scalars())
            search.index_many(ctx, resource, records)
