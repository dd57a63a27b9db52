"""Automations that look for contacts by themselves: for their dates, and as a schedule says.

One looks in rounds, and in a round page by page: a page and how far it has come are one transaction, so that a process
that dies has nobody enter twice, and nobody be passed over. Those whom it finds wait to be looked at like events. While
an account has many of those waiting, its rounds wait: one of a million contacts needs no more room than a small one.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import orjson
import structlog

from domain.audience.contacts.contact import new_contact_id
from domain.automations.definition.flow import Flow
from domain.automations.definition.triggers import OnDate, Schedule, Trigger
from domain.automations.timing.crons import moments, next_moment
from domain.automations.timing.dates import USUAL
from domain.errors import UnavailableError
from services.automations.flows import Flows
from services.automations.triggering.arriving import ENTER
from services.automations.triggering.looking import Page, Round, contacts_of
from store import clock
from store.accounts import accounts
from store.automations import automations, clocks, entries
from store.automations.automations import Automation
from store.automations.clocks import Clock
from store.automations.entries import EntryNoted
from store.pool import DB_UNAVAILABLE, Connections, InTransaction, Pool

log = structlog.get_logger()

AT_A_TIME = 1_000
"""Contacts of a page."""
MOST_WAITING = 2_000
"""Events of an account that wait to be looked at, from which on its rounds wait."""
_QUARTER = timedelta(minutes=15)
"""Between two looks for dates: the clocks of all time zones differ by quarters of an hour."""
_SCHEDULES_CATCH_UP = timedelta(days=1)
"""So long after its time a schedule that was missed is made up for."""
_SOON, _GIVES_UP = timedelta(minutes=1), timedelta(hours=1)
"""When a round is tried again that failed; after how long one is given up whose contacts take too long to find."""
_NEVER = timedelta(days=3_000)


async def set_clocks(store: Connections, automation: Automation, flow: Flow) -> None:
    """Have an automation look for contacts from now on, as its triggers say; if it is not active, look no more."""
    now, zone = await clock.now(store), await _zone(store, automation.account_id)
    wanted = []
    if automation.state == "active":
        for place, trigger in enumerate(flow.triggers):
            if (at := _next(trigger, flow, zone, now)) is not None:
                rule = orjson.dumps([repr(trigger), flow.settings.timezone]).decode()
                wanted.append((place, rule, at))
    await clocks.replace(store, automation.id, automation.account_id, wanted, now)


def _next(trigger: Trigger, flow: Flow, zone: str, after: datetime) -> datetime | None:
    """When a trigger looks next; ``None``: it is of a kind that does not."""
    match trigger:
        case OnDate(at=at):
            start = after.replace(minute=(at or USUAL).minute, second=0, microsecond=0) - timedelta(hours=1)
            return start + ((after - start) // _QUARTER + 1) * _QUARTER
        case Schedule(cron=cron):
            return next_moment(cron, _zone_of(trigger, flow, zone), after) or after + _NEVER
    return None


def _zone_of(trigger: Schedule, flow: Flow, account: str) -> str:
    named = trigger.timezone or flow.settings.timezone
    return account if named in ("contact", "account") else named


async def _zone(store: Connections, account_id: int) -> str:
    return (await accounts.get(store, account_id)).time_zone


@dataclass(frozen=True, slots=True)
class _Looking:
    """A clock that is due, with what its trigger says."""

    clock: Clock
    automation: Automation
    flow: Flow
    trigger: OnDate | Schedule
    zone: str
    """The account's."""
    now: datetime

    def begun(self) -> Clock:
        """The clock in a round; without one, if nothing was due."""
        clock = self.clock
        if clock.round_at is not None:
            return clock
        if clock.done_until >= self.now:  # the database's clock was ahead
            return self.done(replace(clock, round_at=self.now))
        if isinstance(self.trigger, OnDate):
            return replace(clock, round_at=self.now)
        since = max(clock.done_until, self.now - _SCHEDULES_CATCH_UP)
        zone = _zone_of(self.trigger, self.flow, self.zone)
        passed = list(takewhile(lambda at: at <= self.now, moments(self.trigger.cron, zone, since)))
        return replace(clock, round_at=passed[-1]) if passed else self.done(replace(clock, round_at=self.now))

    def done(self, clock: Clock) -> Clock:
        """The clock after its round."""
        assert clock.round_at is not None, "it is in one"
        following = _next(self.trigger, self.flow, self.zone, clock.round_at)
        assert following is not None, "its kind looks"
        return replace(clock, next_at=following, done_until=clock.round_at, round_at=None, after=None)


class Clocks:
    """One per process; at any time one process looks, and if two do, nobody enters twice."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._flows = Flows()

    async def look(self) -> None:
        """Have all that are due look for contacts, page by page in turn."""
        goes_on = True
        while goes_on:
            now, due = await clocks.due(self._pool, MOST_WAITING)
            goes_on = any([await self._one(clock, now) for clock in due])

    async def _one(self, clock: Clock, now: datetime) -> bool:
        """Returns whether it is to go on at once."""
        try:
            return await self._page(clock, now)
        except DB_UNAVAILABLE:
            raise
        except Exception:  # by a fault of ours: others must not wait for it
            log.exception("an automation could not look for contacts", automation=str(clock.automation_id))
            await clocks.move(self._pool, clock, replace(clock, next_at=now + _SOON))
            return False

    async def _page(self, clock: Clock, now: datetime) -> bool:
        looking = await self._looking(clock, now)
        if looking is None:
            return False
        begun = looking.begun()
        if begun.round_at is None:
            await clocks.move(self._pool, clock, begun)
            return False
        about = Round(looking.automation, looking.flow, looking.trigger, looking.zone, begun)
        try:
            page = await contacts_of(self._pool, about, AT_A_TIME)
        except UnavailableError as error:
            return await self._too_slow(looking, begun, error)
        after = looking.done(begun) if page.last is None else replace(begun, after=page.last)
        await self._write(clock, after, page)
        return page.last is not None

    async def _looking(self, clock: Clock, now: datetime) -> _Looking | None:
        """``None``: it is being paused, or published anew, at this moment."""
        automation = await automations.of_id(self._pool, clock.automation_id)
        if automation is None or automation.version is None:
            return None
        if automation.state != "active":
            await clocks.stop(self._pool, automation.id)
            return None
        of = await self._flows.of(self._pool, automation.id, automation.version, automation.revision)
        trigger = of.flow.triggers[clock.place] if clock.place < len(of.flow.triggers) else None
        if not isinstance(trigger, OnDate | Schedule):
            return None
        zone = await _zone(self._pool, automation.account_id)
        return _Looking(clock, automation, of.flow, trigger, zone, now)

    async def _write(self, before: Clock, after: Clock, page: Page) -> None:
        async with self._pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            if await clocks.move(store, before, after):
                await clocks.put(store, before.account_id, ENTER, page.found)

    async def _too_slow(self, looking: _Looking, begun: Clock, error: UnavailableError) -> bool:
        """Try again soon; after some time give this round up, visibly."""
        assert begun.round_at is not None, "it is in a round"
        if looking.now - begun.round_at < _GIVES_UP:
            await clocks.move(self._pool, looking.clock, replace(begun, next_at=looking.now + _SOON))
            return False
        log.warning("a schedule's audience takes too long to find", automation=str(begun.automation_id))
        async with self._pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            if await clocks.move(store, looking.clock, looking.done(begun)):
                now = datetime.now(UTC)
                noted = EntryNoted(new_contact_id(), None, looking.trigger.kind, "", error.code, None, now)
                await entries.note_entries(store, begun.automation_id, begun.account_id, [noted])
        return False
