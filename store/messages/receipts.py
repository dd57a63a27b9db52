"""Receipts: events recorded once, states advanced, credits refunded."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.messages.receipts import CALLBACK_KINDS, MARKETING_OPTED_OUT, Receipt
from domain.whatsapp.templates import OUTSIDE_WINDOW
from store.audience import marketing, people
from store.callbacks import callbacks
from store.gateways import gateway_health
from store.pool import Pool
from store.whatsapp import late_templates


@dataclass(frozen=True, slots=True)
class GatewaysReceipts:
    """Receipts of messages that these gateways were given."""

    gateways: Sequence[UUID]
    receipts: Sequence[Receipt]


@dataclass(frozen=True, slots=True)
class Match:
    """A receipt, and its message."""

    place: int
    """Which receipt, counted from 0."""
    uid: UUID
    gateway_id: UUID
    channel: str
    recipient: str
    """The message's, and so is the channel."""

    def other_mailbox(self, receipt: Receipt) -> str | None:
        """The mailbox that the receipt is about, if it is that of a copy."""
        about = receipt.recipient
        # Many providers write all addresses in lower case.
        return about if about and about.casefold() != self.recipient.casefold() else None


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """A receipt that was recorded for the first time."""

    place: int
    uid: UUID
    account_id: int
    channel: str
    moved: bool
    """Whether it changed its message's state."""
    awaited: bool
    """Whether a workflow waits for the message's receipts."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of applying receipts."""

    new: list[NewReceipt]
    unmatched: list[int]
    """Indexes of those whose message is not known: it may become known."""
    endpoints: set[UUID]
    """Customers' endpoints to wake."""
    late: list[UUID] = field(default_factory=list)
    """Messages that a template is to follow now."""


async def apply(pool: Pool, groups: Sequence[GatewaysReceipts]) -> Outcome:
    """Apply receipts, all in one transaction; ``place`` and ``unmatched`` count through all groups. Idempotent.

    One about a mailbox that only got a copy is recorded, but does not change the message.
    """
    receipts = [receipt for group in groups for receipt in group.receipts]
    new: list[NewReceipt] = []
    endpoints: set[UUID] = set()
    late: list[UUID] = []
    async with pool.connection() as conn:
        if matches := await _find(conn, groups):
            # Before the transaction: after it nothing may fail, as only this call learns what was new.
            await gateway_health.note_receipts(conn, {match.gateway_id for match in matches}, datetime.now(UTC))
            async with conn.transaction():
                new = await _apply(conn, matches, receipts)
                await _note_people(conn, matches, receipts)
                if outside := [match.uid for match in matches if receipts[match.place].code == OUTSIDE_WINDOW]:
                    late = await late_templates.mark(conn, outside)
                endpoints = await _tell(conn, new, receipts) if new else set()
    found = {match.place for match in matches}
    return Outcome(new, [place for place in range(len(receipts)) if place not in found], endpoints, late)


async def _find(conn: AsyncConnection[TupleRow], groups: Sequence[GatewaysReceipts]) -> list[Match]:
    wanted, first = [], 0
    for group in groups:
        uids = [_uid(receipt.uid) for receipt in group.receipts]
        ids = [receipt.provider_id for receipt in group.receipts]
        wanted.append({"first": first, "gateways": group.gateways, "uids": uids, "provider_ids": ids})
        first += len(group.receipts)
    cursor = await conn.execute(
        """select g.first + f.place, f.uid, f.gateway_id, m.channel, m.recipient
           from json_to_recordset(%s::json) as g (first integer, gateways uuid[], uids uuid[], provider_ids text[])
           cross join lateral find_receipts(g.gateways, g.uids, g.provider_ids) as f join messages m using (uid)""",
        (orjson.dumps(wanted).decode(),),
    )
    return [Match(*row) for row in await cursor.fetchall()]


async def _apply(
    conn: AsyncConnection[TupleRow], matches: Sequence[Match], receipts: Sequence[Receipt]
) -> list[NewReceipt]:
    of_ours = [receipts[match.place] for match in matches]
    others = [match.other_mailbox(receipt) for match, receipt in zip(matches, of_ours, strict=True)]
    cursor = await conn.execute(
        """select place, account_id, channel, moved, awaited
           from apply_receipts(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[],
                               %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])""",
        (
            [match.uid for match in matches],
            [match.gateway_id for match in matches],
            [_key(receipt.key) for receipt in of_ours],
            [receipt.kind for receipt in of_ours],
            [
                None if other_mailbox else receipt.kind.state
                for receipt, other_mailbox in zip(of_ours, others, strict=True)
            ],
            [datetime.fromtimestamp(receipt.at, UTC) for receipt in of_ours],
            [receipt.code for receipt in of_ours],
            [receipt.reason for receipt in of_ours],
            [receipt.url for receipt in of_ours],
            [receipt.provider_id for receipt in of_ours],
            others,
            [receipt.suppression for receipt in of_ours],
        ),
    )
    return [NewReceipt(matches[place].place, matches[place].uid, *rest) for place, *rest in await cursor.fetchall()]


async def _note_people(conn: AsyncConnection[TupleRow], matches: Sequence[Match], receipts: Sequence[Receipt]) -> None:
    """Note what receipts report about people, besides the states of messages."""
    known: dict[str, list[people.Known]] = {}
    for match in matches:
        if id_ := receipts[match.place].recipient_id:
            known.setdefault(match.channel, []).append((match.gateway_id, id_, match.recipient))
    for channel, ids in known.items():
        await people.note(conn, channel, ids)
    if refused := [match.uid for match in matches if receipts[match.place].code == MARKETING_OPTED_OUT]:
        await marketing.note_refused(conn, refused)


async def _tell(conn: AsyncConnection[TupleRow], new: Sequence[NewReceipt], receipts: Sequence[Receipt]) -> set[UUID]:
    """Queue callbacks: for changed states, and for actions of recipients."""
    listening = await callbacks.listening(conn, {one.account_id for one in new})
    if not listening:
        return set()
    wanted = [one for one in new if one.account_id in listening]
    messages = await callbacks.snapshots(conn, [one.uid for one in wanted])
    notices = []
    for one in wanted:
        receipt, message = receipts[one.place], messages[one.uid]
        if one.moved:
            notices.append(callbacks.state_notice(message))
        elif receipt.kind in CALLBACK_KINDS:
            at = datetime.fromtimestamp(receipt.at, UTC)
            notice = callbacks.event_notice(message, receipt.kind, at, receipt.key, receipt.url, receipt.recipient)
            notices.append(notice)
    return await callbacks.queue(conn, notices)


_AT_A_TIME = 1000
_EXPIRE = """
with late as (
    delete from receipt_ids where (gateway_id, provider_id) in (
        select gateway_id, provider_id from receipt_ids
        where sent_at < clock_timestamp() - %(days)s * interval '1 day' limit %(limit)s)
    returning uid
), expired as (
    update messages m set state = 'expired', code = 'no_receipt', updated_at = clock_timestamp(),
        reason = 'no delivery was reported in time'
    from late where m.uid = late.uid and m.state in ('sent', 'deferred')
    returning m.uid
)
select late.uid, expired.uid is not null from late left join expired using (uid)
"""


async def expire_older_than(pool: Pool, days: float) -> AsyncIterator[set[UUID]]:
    """End the wait for receipts of messages that were accepted this long ago. Their credits stay spent: they were sent.

    Yields customers' endpoints to wake, batch by batch.
    """
    looked_at = _AT_A_TIME
    while looked_at == _AT_A_TIME:
        async with pool.connection() as conn, conn.transaction():
            rows = await (await conn.execute(_EXPIRE, {"days": days, "limit": _AT_A_TIME})).fetchall()
            endpoints = await callbacks.queue_states(conn, [uid for uid, has_expired in rows if has_expired])
        if endpoints:
            yield endpoints
        looked_at = len(rows)


def _uid(text: str | None) -> UUID | None:
    """Our own id as a provider returns it; it may also be anything else."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _key(text: str) -> UUID:
    return UUID(bytes=hashlib.sha256(text.encode()).digest()[:16])
