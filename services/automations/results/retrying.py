"""Has failed runs go on, all that are meant: some at a time, so that it goes on after a crash and can be stopped."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from psycopg.errors import UniqueViolation

from domain.audience.contacts.contact import new_contact_id
from domain.errors import ConflictError, NotFoundError
from services.automations import rules
from services.automations.flows import Flows
from services.automations.results.costs import most_credits
from services.changes import Change
from store.automations import automations
from store.automations.automations import Automation
from store.automations.results import failed_runs, retries
from store.automations.results.failed_runs import Wanted
from store.automations.results.retries import Retry
from store.pool import Connections, InTransaction, Pool, long_transaction

log = structlog.get_logger()

PAGE = 500
"""Runs of one transaction."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Failed runs that go on, or would."""

    retry: Retry
    left_out: int
    """Of all that are meant, those whose contacts have entered again by now."""
    credits: int
    """At most, about: see ``most_credits``."""


async def begin(change: Change, flows: Flows, account_id: int, key: str, wanted: Wanted, most: int | None) -> Begun:
    """Have failed runs go on at their steps, the newest first; at most so many. Workers do it.

    Raises:
        NotFoundError: the account has no such automation.
        ConflictError: no such run failed; the automation is archived.
    """
    automation = await rules.find(change.store, account_id, key)
    rules.check_in_use(automation)
    at = await failed_runs.by_step(change.store, automation.id, wanted)
    found = sum(at.values())
    if not found:
        raise ConflictError("nothing_failed", f"no such run failed: GET /api/automations/{key}/failures lists those")
    alone = await _is_alone(change.store, flows, automation)
    left_out = await failed_runs.count_inside_again(change.store, automation.id, wanted, alone=alone)
    cost = await most_credits(change.store, flows, automation, at)
    total = found if most is None else min(found, most)
    stored = _stored(wanted) | {"most": most}
    made = await retries.add(
        change.store, new_contact_id(), automation.id, account_id, stored, total, change.actor.named
    )
    change.about("automation", key, automation.name)
    change.metadata |= {"retry": str(made.id), "runs": total, **{name: one for name, one in stored.items() if one}}
    return Begun(made, left_out, -(-cost * total // found))


async def stop(change: Change, account_id: int, key: str, retry_id: UUID) -> Retry:
    """Try no further ones again. Those that go on already do.

    Raises:
        NotFoundError: there is none.
        ConflictError: it has ended.
    """
    automation = await rules.find(change.store, account_id, key)
    return await _stop(change, automation, await find(change.store, automation, retry_id))


async def stop_any(change: Change, retry_id: UUID) -> Retry:
    """The same with one of any account.

    Raises:
        NotFoundError: there is none.
        ConflictError: it has ended.
    """
    found = await find_any(change.store, retry_id)
    automation = await automations.of_id(change.store, found.automation_id)
    assert automation is not None, "what is retried goes with its automation"
    return await _stop(change, automation, found)


async def _stop(change: Change, automation: Automation, found: Retry) -> Retry:
    change.about("automation", automation.key, automation.name)
    if not await retries.stop(change.store, found.id):
        raise ConflictError("retry_ended", f"this has ended: {found.retried} runs were tried again")
    return await find(change.store, automation, found.id)


async def find(store: Connections, automation: Automation, retry_id: UUID) -> Retry:
    """One of an automation.

    Raises:
        NotFoundError: there is none.
    """
    found = await retries.find(store, automation.id, retry_id)
    if found is None:
        raise NotFoundError(
            "retry_not_found", f"there is none: GET /api/automations/{automation.key}/retries lists them"
        )
    return found


async def find_any(store: Connections, retry_id: UUID) -> Retry:
    """One of any account.

    Raises:
        NotFoundError: there is none.
    """
    found = await retries.of_id(store, retry_id)
    if found is None:
        raise NotFoundError("retry_not_found", "there is none: it was answered when it began")
    return found


async def go_on(pool: Pool, flows: Flows) -> None:
    """Do some of each that goes on. Several processes may."""
    seen: list[UUID] = []
    while True:
        async with long_transaction(pool) as conn:
            store = InTransaction(conn)
            retry = await retries.take(store, seen)
            if retry is None:
                return
            seen.append(retry.id)
            try:
                async with conn.transaction():
                    await _some(store, flows, retry)
            except UniqueViolation:  # somebody has entered just now: the next time that is seen
                log.info("failed runs are tried again later", retry=str(retry.id))


async def _some(store: Connections, flows: Flows, retry: Retry) -> None:
    automation = await automations.of_id(store, retry.automation_id)
    assert automation is not None, "what is retried goes with its automation"
    left = retry.total - retry.retried - retry.left_out
    limit = min(PAGE, left)
    alone = await _is_alone(store, flows, automation)
    done = await failed_runs.reopen(store, automation.id, _wanted(retry.wanted), retry.last, limit, alone=alone)
    looked = done.retried + done.left_out
    await retries.note(store, retry.id, done, is_over=looked < limit or looked == left)


async def _is_alone(store: Connections, flows: Flows, automation: Automation) -> bool:
    assert automation.version is not None, "only what was published has runs"
    of = await flows.of(store, automation.id, automation.version, automation.revision)
    return of.flow.entry.re_entry.mode != "always"


def _stored(wanted: Wanted) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(wanted).items()}


def _wanted(stored: dict[str, Any]) -> Wanted:
    named = {name: value for name, value in stored.items() if name != "most"}
    wanted = Wanted(**named)
    since, until = (datetime.fromisoformat(at) if at else None for at in (named["since"], named["until"]))
    return replace(wanted, since=since, until=until)
