"""Tells owners of phones that stopped calling: their messages wait."""

from uuid import UUID, uuid5

from domain.callbacks import EventType
from services.automations.results.notices import Told, owner_email, tell
from store import clock
from store.devices import offline
from store.devices.offline import Away
from store.pool import Connections, InTransaction, Pool

_AT_A_TIME = 50
_NAMED = 20
"""Phones that a notice names; of the others it says how many."""


async def tell_offline(pool: Pool) -> None:
    """Tell each owner once of all phones that went away since."""
    found = _AT_A_TIME
    while found == _AT_A_TIME:
        async with pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            away = await offline.take_away(store, _AT_A_TIME)
            for one in away:
                await _tell(store, one)
        found = len(away)


async def _tell(store: Connections, away: Away) -> None:
    at = await clock.now(store)
    count, names = len(away.names), ", ".join(away.names[:_NAMED])
    more = f" and {count - _NAMED} more" if count > _NAMED else ""
    subject = f"{away.names[0]} is offline" if count == 1 else f"{count} phones are offline"
    minutes = round(offline.AFTER_SECONDS / 60)
    parts = (
        f"Not heard of for more than {minutes} minutes: {names}{more}.",
        f"{away.waiting} messages wait for phones of their gateways. None is lost: what one of these phones has is "
        "sent once it is back, the others go to phones that are online.",
        "Look whether the phone is on and has a network, whether Android stopped the app to save its battery, and "
        "whether the app is still signed in. GET /api/devices says when each phone called last, "
        "GET /api/devices/{id} why it is idle.",
    )
    data = {"devices": list(away.names[:_NAMED]), "count": count, "waiting": away.waiting}
    kind, account_id = EventType.DEVICE_OFFLINE, away.account_id
    id_ = uuid5(UUID(int=account_id), f"{kind} {at.isoformat()}")
    emails = await owner_email(store, account_id)
    text = "\n\n".join(parts)
    await tell(store, Told(id_, account_id, away.names[0], kind, subject, text, at, data, emails, about_kind="device"))
