"""What came back about messages: events recorded once, states moved up, credits given back."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.messages.receipts import MARKETING_OPTED_OUT, TOLD, Receipt
from store.audience import marketing, people
from store.callbacks import callbacks
from store.gateways import gateway_health
from store.pool import Pool


@dataclass(frozen=True, slots=True)
class Match:
    """A receipt, and the message it speaks of."""

    place: int
    """Which receipt, counted from 0."""
    uid: UUID
    gateway_id: UUID
    channel: str
    recipient: str
    """The message's, and so is the channel."""

    def stranger(self, receipt: Receipt) -> str | None:
        """The mailbox that the receipt is about, if it is not the message's: a copy went there, too."""
        about = receipt.recipient
        # Many providers write all addresses in lower case.
        return about if about and about.casefold() != self.recipient.casefold() else None


@dataclass(frozen=True, slots=True)
class News:
    """A receipt that was not known before."""

    place: int
    uid: UUID
    account_id: int
    channel: str
    moved: bool
    """Whether it moved its message's state."""
    awaited: bool
    """Whether a workflow waits for the message's receipts."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of receipts."""

    news: list[News]
    unmatched: list[int]
    """Places of those whose message is not known: it may become known."""
    endpoints: set[UUID]
    """Customers' endpoints that are to be told, and woken for that."""


async def apply(pool: Pool, gateways: Sequence[UUID], receipts: Sequence[Receipt]) -> Outcome:
    """Apply receipts of messages that these gateways were given, all in one transaction; once however often posted.

    One about a mailbox that only got a copy is recorded, and concerns that mailbox alone: the message stays as it is.
    """
    async with pool.connection() as conn, conn.transaction():
        matches = await _find(conn, gateways, receipts)
        news = await _apply(conn, matches, receipts) if matches else []
        for gateway_id in sorted({match.gateway_id for match in matches}):  # in one order, against deadlocks
            await gateway_health.note_receipts(conn, gateway_id, datetime.now(UTC))
        await _note_people(conn, matches, receipts)
        endpoints = await _tell(conn, news, receipts) if news else set()
    found = {match.place for match in matches}
    return Outcome(news, [place for place in range(len(receipts)) if place not in found], endpoints)


async def _find(conn: AsyncConnection[TupleRow], gateways: Sequence[UUID], receipts: Sequence[Receipt]) -> list[Match]:
    cursor = await conn.execute(
        """select f.place, f.uid, f.gateway_id, m.channel, m.recipient
           from find_receipts(%s::uuid[], %s::uuid[], %s::text[]) as f join messages m using (uid)""",
        (list(gateways), [_uid(receipt.uid) for receipt in receipts], [receipt.provider_id for receipt in receipts]),
    )
    return [Match(*row) for row in await cursor.fetchall()]


async def _apply(conn: AsyncConnection[TupleRow], matches: Sequence[Match], receipts: Sequence[Receipt]) -> list[News]:
    of_ours = [receipts[match.place] for match in matches]
    strangers = [match.stranger(receipt) for match, receipt in zip(matches, of_ours, strict=True)]
    cursor = await conn.execute(
        """select place, account_id, channel, moved, awaited
           from apply_receipts(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[],
                               %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])""",
        (
            [match.uid for match in matches],
            [match.gateway_id for match in matches],
            [_key(receipt.key) for receipt in of_ours],
            [receipt.kind for receipt in of_ours],
            [None if stranger else receipt.kind.state for receipt, stranger in zip(of_ours, strangers, strict=True)],
            [datetime.fromtimestamp(receipt.at, UTC) for receipt in of_ours],
            [receipt.code for receipt in of_ours],
            [receipt.reason for receipt in of_ours],
            [receipt.url for receipt in of_ours],
            [receipt.provider_id for receipt in of_ours],
            strangers,
            [receipt.suppression for receipt in of_ours],
        ),
    )
    return [News(matches[place].place, matches[place].uid, *rest) for place, *rest in await cursor.fetchall()]


async def _note_people(conn: AsyncConnection[TupleRow], matches: Sequence[Match], receipts: Sequence[Receipt]) -> None:
    """Note what receipts say about people, besides what became of messages."""
    known: dict[str, list[people.Known]] = {}
    for match in matches:
        if id_ := receipts[match.place].recipient_id:
            known.setdefault(match.channel, []).append((match.gateway_id, id_, match.recipient))
    for channel, ids in known.items():
        await people.note(conn, channel, ids)
    if refused := [match.uid for match in matches if receipts[match.place].code == MARKETING_OPTED_OUT]:
        await marketing.note_refused(conn, refused)


async def _tell(conn: AsyncConnection[TupleRow], news: Sequence[News], receipts: Sequence[Receipt]) -> set[UUID]:
    """Queue what there is to tell customers: that states moved, and what people did."""
    listening = await callbacks.listening(conn, {one.account_id for one in news})
    if not listening:
        return set()
    wanted = [one for one in news if one.account_id in listening]
    messages = await callbacks.snapshots(conn, [one.uid for one in wanted])
    notices = []
    for one in wanted:
        receipt, message = receipts[one.place], messages[one.uid]
        if one.moved:
            notices.append(callbacks.state_notice(message))
        elif receipt.kind in TOLD:
            at = datetime.fromtimestamp(receipt.at, UTC)
            told = callbacks.event_notice(message, receipt.kind, at, receipt.key, receipt.url, receipt.recipient)
            notices.append(told)
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
        reason = 'nobody reported a delivery in time'
    from late where m.uid = late.uid and m.state in ('sent', 'deferred')
    returning m.uid
)
select late.uid, expired.uid is not null from late left join expired using (uid)
"""


async def expire_older_than(pool: Pool, days: float) -> AsyncIterator[set[UUID]]:
    """End the wait for receipts of messages that were taken so long ago. Their credits stay spent: they did leave.

    Yields customers' endpoints that are to be woken, as often as there are any.
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
    """Our own id as a stranger gives it back; anything else stands in that place, too."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _key(text: str) -> UUID:
    return UUID(bytes=hashlib.sha256(text.encode()).digest()[:16])
