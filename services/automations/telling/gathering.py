"""Tells what steps say: the first at once, and what comes within five minutes after it together."""

from uuid import uuid5

import structlog

from domain.callbacks import EventType
from services.automations.results.notices import Told, owner_email, tell
from store.automations import automations, told
from store.automations.told import Gathered, Listener
from store.pool import DB_UNAVAILABLE, Connections, InTransaction, Pool

log = structlog.get_logger()

_MOST_SUBJECT = 80


async def tell_gathered(pool: Pool) -> None:
    """Tell what is due. What one is told is told once, however many processes do this."""
    for listener in await told.due(pool):
        try:
            async with pool.connection() as conn, conn.transaction():
                await _tell(InTransaction(conn), listener)
        except DB_UNAVAILABLE:
            raise
        except Exception:  # others must not wait for it
            log.exception("what a step tells could not be told", automation=str(listener.automation_id))


async def _tell(store: Connections, listener: Listener) -> None:
    gathered = await told.gather(store, listener)
    automation = await automations.of_id(store, listener.automation_id)
    if gathered is None or automation is None:
        return
    by_callback = listener.kind == "callback"
    emails = [listener.address] if listener.kind == "email" else []
    if listener.kind == "owner":
        emails = await owner_email(store, gathered.account_id)
    notice = Told(
        uuid5(automation.id, f"{listener.kind} {listener.address} {gathered.now.isoformat()}"),
        gathered.account_id,
        automation.key,
        EventType.AUTOMATION_NOTICE,
        _subject(automation.name, gathered),
        _message(gathered),
        gathered.now,
        {"step": gathered.step, "count": gathered.count, "left_out": gathered.count - len(gathered.messages)},
        emails,
        by_callback,
    )
    await tell(store, notice)


def _subject(name: str, gathered: Gathered) -> str:
    first = " ".join(gathered.messages[0].split())
    about = first if len(first) <= _MOST_SUBJECT else f"{first[: _MOST_SUBJECT - 1]}…"
    return f"{name}: {about}" if gathered.count == 1 else f"{name}: {gathered.count} messages"


def _message(gathered: Gathered) -> str:
    parts = list(gathered.messages)
    if left_out := gathered.count - len(parts):
        parts.append(f"And {left_out} more, which are left out here: the automation's runs have them.")
    return "\n\n".join(parts)
