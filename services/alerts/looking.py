"""One look for troubles of the install: what is found is compared with what was there, and what is new is told."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from services.alerts.deciding import Found, decide
from services.alerts.rules import RULES, Looked, Rule, after, key_of
from services.alerts.telling import tell
from store import clock
from store.alerts import alerts
from store.pool import InTransaction

log = structlog.get_logger()


async def look(on: Looked, rules: Sequence[Rule] = RULES) -> set[UUID]:
    """Look, and have news be told. Returns callback endpoints to wake.

    Costs a handful of bounded statements. Safe to run concurrently: what is told is noted in the same transaction.
    """
    found: dict[str, Found] = {}
    unknown: set[str] = set()
    for rule in rules:
        try:
            found |= await _found(on, rule)
        except Exception as error:  # whatever it is: the others are looked for, and its own alerts stay as they are
            log.warning("a check for alerts fails", check=rule.check, error=f"{type(error).__name__}: {error}")
            unknown.add(rule.check)
    async with on.pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        await alerts.lock(store)
        now = await clock.now(store)
        made = decide(await alerts.all_alerts(store), found, unknown, now)
        await alerts.write(store, made.kept)
        await alerts.delete(store, [one.key for one in made.over])
        return await tell(store, on.settings, made.told, now) if made.told else set()


async def _found(on: Looked, rule: Rule) -> dict[str, Found]:
    found = {}
    for finding in await rule.look(on):
        key = key_of(finding)
        seconds = after(rule, key)
        if finding.level != "ok" and seconds is not None:
            found[key] = Found(finding, seconds)
    return found
