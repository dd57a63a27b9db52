"""Applies what phones report of the messages that they have."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from domain.channels import Channel
from domain.devices.messages import Report, Reported, Session
from domain.devices.reporting import RETRY_SECONDS, Consequence, Held, consequence
from domain.messages.receipts import Receipt, ReceiptKind
from services.receipts import PostPart, parts_of
from store.connection import Connection
from store.devices import handing, reporting
from store.devices.reporting import End
from store.pool import Pool

StartReceipts = Callable[[PostPart], Awaitable[None]]
"""Returns once the workflow that applies receipts is durable."""


@dataclass(slots=True)
class _Found:
    """What reports of one request lead to."""

    pairs: list[tuple[Held, Consequence]] = field(default_factory=list)
    ignored: list[UUID] = field(default_factory=list)


async def report(pool: Pool, start: StartReceipts, session: Session, reports: Sequence[Report]) -> Reported | None:
    """Record what a phone says of its messages. Repeats, late reports and those out of order change nothing.

    What is reported of messages that were sent before is durable, too, once this returns. ``None``: the session is
    over, and nothing was recorded: a request may take its time, and its session end meanwhile.

    Raises:
        Exception: what ``start`` raises if Temporal does not answer; the phone is to repeat its reports.
    """
    uids = sorted({one.uid for one in reports})
    async with pool.connection() as conn, conn.transaction():
        if not await handing.hold_sessions(conn, [session]):
            return None
        found = _found(await reporting.held(conn, session.device_id, uids), reports)
        was_unknown = await _write(conn, session, found)
        cancel = await reporting.to_cancel(conn, session.device_id)
    if was_unknown:
        await reporting.settle_late(pool, [held.uid for held, _ in found.pairs if held.outcome == "unknown"])
    await _pass_on(start, session, found)
    ignored = set(found.ignored)
    return Reported(sum(one.uid not in ignored for one in reports), found.ignored, cancel)


def _found(held: Sequence[Held], reports: Sequence[Report]) -> _Found:
    by_uid: dict[UUID, list[Held]] = {}
    for one in held:
        by_uid.setdefault(one.uid, []).append(one)
    meant: dict[tuple[UUID, int], tuple[Held, list[Report]]] = {}
    found = _Found()
    for each in reports:
        own = _meant(by_uid.get(each.uid, []), each.attempt)
        if own is not None:
            meant.setdefault((own.uid, own.attempt), (own, []))[1].append(each)
        elif each.uid not in found.ignored:
            found.ignored.append(each.uid)
    found.pairs = [(one, consequence(one, own)) for one, own in meant.values()]
    return found


def _meant(attempts: Sequence[Held], attempt: int | None) -> Held | None:
    if attempt is None:
        return attempts[-1] if attempts else None
    return next((one for one in attempts if one.attempt == attempt), None)


async def _write(conn: Connection, session: Session, found: _Found) -> bool:
    """Returns whether a message was ``unknown`` until now."""
    if changed := [held for held, what in found.pairs if what.is_changed or what.ending]:
        await reporting.write_progress(conn, changed)
    ends = [_end(held, what) for held, what in found.pairs if what.ending]
    was_unknown = await reporting.write_ends(conn, ends) if ends else False
    sent = [held for held, what in found.pairs if what.ending == "accepted"]
    unsent = [held for held, what in found.pairs if what.is_unsent]
    if sent or unsent:
        await reporting.note_uses(conn, sent, unsent)
    for held, what in found.pairs:
        if what.cooling is not None:
            await reporting.cool(conn, session.device_id, held.sim, what.cooling.code, what.cooling.cool_seconds)
    if sent:
        await reporting.works(conn, session.device_id, sorted({held.sim for held in sent}))
    return was_unknown


def _end(held: Held, what: Consequence) -> End:
    assert what.ending is not None
    after = RETRY_SECONDS if what.ending == "retry_later" else None
    return End(held.uid, held.attempt, what.ending, what.code, what.reason, after)


async def _pass_on(start: StartReceipts, session: Session, found: _Found) -> None:
    """Have receipts applied as those of any provider are."""
    now = datetime.now(UTC).timestamp()
    receipts = [
        _receipt(held, kind, code, reason, now) for held, what in found.pairs for kind, code, reason in what.receipts
    ]
    if not receipts:
        return
    # The same receipts start one workflow, however often the phone repeats them.
    raw = "\n".join(sorted(one.key for one in receipts)).encode()
    for part in parts_of(Channel.SMS, [str(session.gateway_id)], receipts, raw):
        await start(part)


def _receipt(held: Held, kind: ReceiptKind, code: str | None, reason: str | None, at: float) -> Receipt:
    key = hashlib.sha256(f"{held.uid} {held.attempt} {kind} {code}".encode()).hexdigest()[:32]
    return Receipt(kind, key, at, uid=str(held.uid), code=code, reason=reason)
