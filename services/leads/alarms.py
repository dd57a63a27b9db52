"""Alarms of sources: tokens that end soon, and leads that stay away."""

from datetime import datetime, timedelta

from domain.callbacks import EventType
from services.leads.telling import tell_owner
from store import clock
from store.leads import alarms, sources
from store.leads.alarms import Silence
from store.leads.sources import Source
from store.pool import Connections, InTransaction, Pool

_AT_A_TIME = 50


async def raise_alarms(pool: Pool) -> None:
    """Tell owners what they have not been told. What is told is noted in the same transaction."""
    await _tell_expiring(pool)
    await _tell_silent(pool)


async def _tell_expiring(pool: Pool) -> None:
    found = _AT_A_TIME
    while found == _AT_A_TIME:
        async with pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            due = await alarms.expiring(store, _AT_A_TIME)
            now = await clock.now(store)
            for source_id, _ in due:
                if (source := await sources.of_id(store, source_id)) is not None:
                    await _tell_ends(store, source, now)
        found = len(due)


async def _tell_silent(pool: Pool) -> None:
    looked = _AT_A_TIME
    while looked == _AT_A_TIME:
        async with pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            looked, silent = await alarms.silent(store, await clock.now(store), _AT_A_TIME)
            for one in silent:
                if (source := await sources.of_id(store, one.source_id)) is not None:
                    await _tell_silence(store, source, one)


async def _tell_ends(store: Connections, source: Source, now: datetime) -> None:
    assert source.token_until is not None, "only those with an end are found"
    rest = source.token_until - now
    ends = f"ends in {_words(rest)}" if rest > timedelta() else "has ended"
    parts = (
        f"The token of the source {source.name!r} {ends} ({source.token_until:%Y-%m-%d %H:%M} UTC).",
        "Without one its leads wait. None is lost: they go on once there is a new token.",
        f"Make a new token at the provider, and set it: PATCH /api/lead-sources/{source.key}.",
    )
    subject = f"The token {ends}: {source.name}"
    data = {"token_until": source.token_until}
    await tell_owner(store, source, EventType.LEAD_SOURCE_EXPIRING, subject, parts, now, data)


async def _tell_silence(store: Connections, source: Source, silence: Silence) -> None:
    gone, usual = _words(silence.now - silence.last_at), _words(silence.usual)
    parts = (
        f"No lead came from the source {source.name!r} for {gone}; usually there is one every {usual}.",
        "Perhaps an advertisement was paused, or its budget is used up; or the form, the page or the subscription to "
        "its leads was changed.",
        f"POST /api/lead-sources/{source.key}/check looks at what can be looked at from here.",
    )
    data = {"last_lead_at": silence.last_at}
    subject = f"No lead for {gone}: {source.name}"
    await tell_owner(store, source, EventType.LEAD_SOURCE_SILENT, subject, parts, silence.now, data)


def _words(span: timedelta) -> str:
    """A time span as people say it: in its largest fitting unit."""
    seconds = span.total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 1.5 * size or unit == "minute":
            count = max(1, round(seconds / size))
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    raise AssertionError("minutes fit always")
