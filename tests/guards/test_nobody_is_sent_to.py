"""Nobody is sent to who must not be: sends, STOPs, choices, pauses and moves of the clock in any order, and each
hand-over compared with a plain model of the rules.

Both ways: what may be sent is sent.
"""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.audience.consents import ConsentState, NewConsent
from domain.audience.purposes import Purpose
from domain.messages.page import Route
from domain.messages.receipts import Inbound
from services.audience.consent import preferences
from services.audience.consent.preferences import Origin
from store import sending_pauses
from store.accounts import accounts
from store.audience import inbound, suppressions
from store.audience.consent import consents, purposes
from store.audience.consent.people import Person
from store.pool import InTransaction, Pool, open_pool
from store.reputation import pauses
from tests.guards import model
from tests.guards.model import PEOPLE, WHO, Account, Message, Model
from tests.guards.moved_clock import new_moved_database, set_clock
from tests.guards.world import CHANNELS, Sent, World, utc
from tests.segments import new_contact

Result = TypeVar("Result")

ORIGIN = Origin("preference_page", "192.0.2.7")
STARTS = st.sampled_from(  # shortly before clocks change: in Europe, North America, Australia
    [
        utc(at)
        for at in ("2026-10-24T12:10", "2026-10-31T20:40", "2027-03-13T23:20", "2027-03-27T21:50", "2027-04-03T09:00")
    ]
)
OWNERS = st.sampled_from([0, 0, 0, 1])
ON = st.sampled_from(["sms", "sms", *CHANNELS])
"""One channel more often: what is done then meets."""
NUMBERS = st.sampled_from(["sms", "sms", "whatsapp"])
NAMES = st.sampled_from(sorted(PEOPLE))
KEYS = st.sampled_from(["news", "offers"])
PURPOSES = st.sampled_from([None, "marketing", "news", "news", "offers", "forgotten"])
DAYS = st.sampled_from([0.02, 0.3, 1, 3, 31])


class Sending(RuleBasedStateMachine):
    """Two accounts, each with gateways of its own, and one gateway that they share. ``pool`` and its ``loop`` are set
    before it runs."""

    loop: asyncio.AbstractEventLoop
    pool: Pool

    def do(self, work: Awaitable[Result]) -> Result:
        return self.loop.run_until_complete(work)

    @initialize(at=STARTS)
    def open_accounts(self, at: datetime) -> None:
        self.world, self.model, self.pages = World(self.pool), Model(at), list[Sent]()
        self.names: dict[str, str] = {}
        self.do(self.world.execute("truncate sending_pauses, gateway_pauses"))
        self.do(set_clock(self.pool, at))
        self.ids = [self.do(self.world.account()) for _ in range(2)]
        self.gateways: dict[tuple[int, str], str] = {}
        for owner in self.ids:
            self.model.accounts[owner] = Account()
            for channel in CHANNELS:
                self.gateways[owner, channel] = self.add_gateway(owner, channel)
        self.shared = self.add_gateway(0, "sms", *self.ids)
        ada = {channel: spellings[0] for channel, spellings in PEOPLE["ada"].items()}
        self.do(new_contact(self.pool, self.ids[0], email=ada["email"], phone=ada["sms"], whatsapp=ada["whatsapp"]))
        self.model.accounts[self.ids[0]].contacts["ada"] = ada

    def add_gateway(self, owner: int, channel: str, *share_with: int) -> str:
        name = f"gw-{uuid4().hex[:8]}"
        gateway_id = self.do(self.world.gateway(owner, channel, name, *share_with))
        self.names[str(gateway_id)] = name
        self.model.heard[name] = {owner}
        return name

    def id_of(self, gateway: str) -> str:
        return next(one for one, name in self.names.items() if name == gateway)

    def draw_address(self, data: st.DataObject, channel: str) -> str:
        return data.draw(st.sampled_from(PEOPLE[data.draw(NAMES)][channel]))

    # Sending

    def draw_messages(
        self, data: st.DataObject, channel: str, owners: list[int], wishes: st.SearchStrategy
    ) -> list[Message]:
        size = data.draw(st.integers(3, 6))
        due = data.draw(st.one_of(st.none(), DAYS))
        at = None if due is None else self.model.in_days(due)
        gateway = self.shared if channel == "sms" and data.draw(st.integers(0, 3)) == 0 else ""
        return [
            Message(
                data.draw(st.sampled_from(owners)),
                channel,
                self.draw_address(data, channel),
                data.draw(wishes),
                due=at,
                gateway=gateway,
            )
            for _ in range(size)
        ]

    @rule(data=st.data(), channel=ON, kind=st.sampled_from(["codes", "mixed", "shared", "bulk"]))
    def send(self, data: st.DataObject, channel: str, kind: str) -> None:
        owners = self.ids if kind == "shared" else [self.ids[data.draw(OWNERS)]]
        messages = self.draw_messages(data, channel, owners, st.none() if kind == "codes" else PURPOSES)
        self.hold(messages, "bulk" if kind == "bulk" else "transactional")

    @rule(channel=NUMBERS, name=NAMES, owner=OWNERS)
    def confirm_a_stop(self, channel: str, name: str, owner: int) -> None:
        self.hold([Message(self.ids[owner], channel, PEOPLE[name][channel][0], None, exempt=True)], "transactional")

    def hold(self, messages: list[Message], lane: str) -> None:
        page, refused = self.do(self.world.hold(messages, lane, self.model.now))
        self.pages.append(page)
        self.check_held(page, refused)

    @rule(data=st.data(), channel=ON, owner=OWNERS)
    def send_batch(self, data: st.DataObject, channel: str, owner: int) -> None:
        messages = self.draw_messages(data, channel, [self.ids[owner]], PURPOSES)
        for one in messages:
            one.due, one.gateway, one.pending = None, "", True
        self.pages.append(self.do(self.world.store(messages, self.model.now)))

    @precondition(lambda self: any(page.messages[0].pending for page in self.pages))
    @rule(data=st.data())
    def start_batch(self, data: st.DataObject) -> None:
        page = data.draw(st.sampled_from([page for page in self.pages if page.messages[0].pending]))
        for one in page.messages:
            one.pending = False
        self.check_held(page, self.do(self.world.start(page)))

    def check_held(self, page: Sent, refused: set[int]) -> None:
        """Those that were refused, and only those, must not be sent."""
        ends = self.do(self.world.ends(page))
        for index, one in enumerate(page.messages):
            account = self.model.accounts[one.account]
            codes = self.model.refusals(one)
            if account.cancels_waiting and account.status == "suspended":
                codes |= {"account_suspended"}
            if one.is_open:
                assert (index in refused) == bool(codes), (one, ends[index], codes)
                assert index not in refused or ends[index][1] in codes, (one, ends[index], codes)
            one.is_open = index not in refused

    def choosable(self) -> list[Sent]:
        return [page for page in self.pages if page.to_choose(self.model.now)]

    @precondition(lambda self: self.choosable())
    @rule(at_once=st.booleans())
    def choose(self, at_once: bool) -> None:
        for page in self.choosable():
            self.choose_for(page)
            if at_once:
                self.dispatch_routes(page)

    def choose_for(self, page: Sent) -> None:
        indexes = page.to_choose(self.model.now)
        routing = self.do(self.world.choose(page, indexes))
        parked = {index for one in routing.parked for index in one.indexes}
        ended = {index: one.code for one in routing.none for index in one.indexes}
        for index in indexes:
            one = page.messages[index]
            account = self.model.accounts[one.account]
            is_cancelled = account.status == "suspended" and account.cancels_waiting
            assert ended.get(index) == ("account_suspended" if is_cancelled else None), (one, ended.get(index))
            assert is_cancelled or (index in parked) == self.waits(one), (one, index in parked)
            one.is_open = not is_cancelled

    def waits(self, message: Message) -> bool:
        usual = [self.gateways[message.account, message.channel], *([self.shared] if message.channel == "sms" else [])]
        ways = [message.gateway] if message.gateway else usual
        return all(self.model.waits(message, way) for way in ways)

    @precondition(lambda self: any(page.routes for page in self.pages))
    @rule()
    def dispatch(self) -> None:
        for page in self.pages:
            self.dispatch_routes(page)

    def dispatch_routes(self, page: Sent) -> None:
        for route in list(page.routes):
            self.hand_over(page, route)

    def teardown(self) -> None:
        """Whatever waits still goes its way, too: at once, and after all waits."""
        if not hasattr(self, "pages"):
            return
        self.dispatch()
        self.choose(at_once=True)
        self.move_clock(timedelta(days=31))
        self.choose(at_once=True)

    def hand_over(self, page: Sent, route: Route) -> None:
        """What is handed to the gateway is what may be sent at this moment, and all of that."""
        gateway = self.names[route.gateway_id]
        arrived, again = self.do(self.world.deliver(page, route))
        ends = self.do(self.world.ends(page))
        for index in route.indexes:
            one = page.messages[index]
            codes, waits = self.model.refusals(one), self.model.waits(one, gateway)
            told = (one, gateway, ends[index], sorted(codes), waits)
            assert (index in arrived) == (not codes and not waits), told
            assert (index in again) == (waits and not codes), told
            if codes:
                assert ends[index][0] == "cancelled", told
                assert ends[index][1] in codes, told
            one.is_open = index in again
            if index in arrived:
                self.model.wrote.add((gateway, one.account, one.address))

    # What people want

    @rule(data=st.data(), channel=NUMBERS, says=st.sampled_from(["STOP", "START"]))
    def write_keyword(self, data: st.DataObject, channel: str, says: str) -> None:
        gateway, recipient = self.draw_gateway(data, channel), self.draw_address(data, channel)
        self.hear(gateway, channel, recipient, body=says)
        for owner in self.heard(gateway, channel, recipient):
            account = self.model.accounts[owner]
            if says == "START":
                account.end_own(channel, recipient, model.OWN_WISH)
                account.no_marketing.discard((channel, WHO[channel, recipient]))
                continue
            account.suppress(channel, recipient, "opted_out", None)
            for one in (one for page in self.pages for one in page.messages if one.pending):
                if one.account == owner and one.address == (channel, WHO[channel, recipient]):
                    one.is_open = False

    @rule(data=st.data(), chosen=st.sampled_from(["stop", "resume"]))
    def choose_marketing(self, data: st.DataObject, chosen: str) -> None:
        gateway, recipient = self.draw_gateway(data, "whatsapp"), self.draw_address(data, "whatsapp")
        self.hear(gateway, "whatsapp", recipient, marketing=chosen)
        for owner in self.heard(gateway, "whatsapp", recipient):
            known = self.model.accounts[owner].no_marketing
            (known.add if chosen == "stop" else known.discard)(("whatsapp", WHO["whatsapp", recipient]))

    def draw_gateway(self, data: st.DataObject, channel: str) -> str:
        own = [self.gateways[owner, channel] for owner in self.ids]
        return data.draw(st.sampled_from([*own, *([self.shared] if channel == "sms" else [])]))

    def hear(self, gateway: str, channel: str, recipient: str, **says: str) -> None:
        heard = Inbound(uuid4().hex, self.model.now.timestamp(), recipient, "+14155550100", **says)
        self.do(inbound.take(self.pool, self.id_of(gateway), channel, heard, None, 100))

    def heard(self, gateway: str, channel: str, recipient: str) -> set[int]:
        """Whom it concerns."""
        address = channel, WHO[channel, recipient]
        wrote = {owner for way, owner, to in self.model.wrote if way == gateway and to == address}
        return (self.model.heard[gateway] | wrote) - {0}

    @rule(
        data=st.data(),
        owner=OWNERS,
        channel=ON,
        purpose=PURPOSES,
        do=st.sampled_from(["unsubscribe", "pause", "resume", "refuse_all"]),
    )
    def use_preference_page(self, data: st.DataObject, owner: int, channel: str, purpose: str | None, do: str) -> None:
        account, recipient = self.model.accounts[self.ids[owner]], self.draw_address(data, channel)
        person = Person(self.ids[owner], "Test", channel, recipient, None, purpose)
        self.do(self.in_transaction(do, person))
        addresses = account.addresses(channel, recipient)
        until = self.model.now + preferences.PAUSE
        if do == "unsubscribe":
            if purpose and account.listed:
                account.choose(channel, recipient, purpose, "withdrawn", self.model.now)
            else:
                account.suppress(channel, recipient, "unsubscribed", None)
            return
        for on, address in addresses.items():
            if do == "refuse_all" and account.has_topics():
                account.choose(on, address, "*", "withdrawn", self.model.now)
            elif do == "refuse_all":
                account.suppress(on, address, "unsubscribed", None)
            elif do == "pause" and account.has_topics():
                account.asks_consent = True
                account.paused[on, WHO[on, address]] = until
            elif do == "pause":
                account.suppress(on, address, "paused", until)
            else:
                account.paused.pop((on, WHO[on, address]), None)
                account.end_own(on, address, ("paused",) if account.has_topics() else ("paused", "unsubscribed"))

    async def in_transaction(self, do: str, person: Person) -> None:
        async with self.pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            if do in ("pause", "resume"):
                await getattr(preferences, do)(store, person)
            else:
                await getattr(preferences, do)(store, person, ORIGIN)

    @rule(
        data=st.data(),
        owner=OWNERS,
        channel=ON,
        purpose=st.sampled_from(["marketing", "news", "offers", "*"]),
        state=st.sampled_from(["granted", "withdrawn", "pending"]),
        ago=st.sampled_from([0, 0, 1, 40]),
    )
    def record_consent(self, data: st.DataObject, owner: int, channel: str, purpose: str, state: str, ago: int) -> None:
        recipient, at = self.draw_address(data, channel), self.model.now - timedelta(days=ago)
        if purpose == "*":
            state = "withdrawn"
        new = NewConsent(channel, recipient, purpose, ConsentState(state), "api", at=at)
        self.do(self.record(self.ids[owner], new))
        self.model.accounts[self.ids[owner]].choose(channel, recipient, purpose, state, at)

    async def record(self, account: int, new: NewConsent) -> None:
        async with self.pool.connection() as conn, conn.transaction():
            await consents.record(InTransaction(conn), account, [new])

    # What accounts and staff do

    @rule(owner=OWNERS, key=KEYS, opt_in=st.booleans(), transactional=st.booleans())
    def put_purpose(self, owner: int, key: str, opt_in: bool, transactional: bool) -> None:
        default = "opt_in" if opt_in else "opt_out"
        self.do(
            purposes.put(self.pool, self.ids[owner], Purpose(key, key, default=default, transactional=transactional))
        )
        account = self.model.accounts[self.ids[owner]]
        account.asks_consent = True
        account.purposes[key] = model.Purpose(opt_in, transactional)
        account.listed.add(key)

    @rule(owner=OWNERS, key=KEYS)
    def remove_purpose(self, owner: int, key: str) -> None:
        self.do(purposes.remove(self.pool, self.ids[owner], key))
        self.model.accounts[self.ids[owner]].listed.discard(key)

    @rule(
        data=st.data(),
        owner=OWNERS,
        channel=ON,
        do=st.sampled_from(["add", "write", "remove"]),
        days=st.one_of(st.none(), DAYS),
    )
    def suppress(self, data: st.DataObject, owner: int, channel: str, do: str, days: float | None) -> None:
        account, recipient = self.model.accounts[self.ids[owner]], self.draw_address(data, channel)
        rows, until = (
            account.suppressed[channel, WHO[channel, recipient]],
            None if days is None else self.model.in_days(days),
        )
        to = self.ids[owner], channel, recipient
        if do == "add":
            self.do(suppressions.add(self.pool, *to, "complained"))
            account.suppress(channel, recipient, "complained", None)
        elif do == "write":
            self.do(suppressions.write(self.pool, *to, "bounced", until))
            for spelling in list(rows) or [recipient]:
                rows[spelling] = model.Suppressed("bounced", until)
        elif rows:
            self.do(suppressions.remove(self.pool, *to))
            rows.clear()

    @rule(data=st.data(), what=st.sampled_from(["account", "sending", "gateway"]))
    def stop_or_resume(self, data: st.DataObject, what: str) -> None:
        if what == "account":
            self.suspend_or_resume(self.ids[data.draw(OWNERS)], data.draw(st.booleans()))
        elif what == "sending":
            owner = data.draw(st.sampled_from([None, *self.ids]))
            self.pause_or_resume(owner, data.draw(st.sampled_from([None, *CHANNELS])), data.draw(st.booleans()))
        else:
            self.hold_or_free_gateway(self.draw_gateway(data, data.draw(st.sampled_from(CHANNELS))))

    def suspend_or_resume(self, owner: int, cancels: bool) -> None:
        account = self.model.accounts[owner]
        if account.status == "active":
            self.do(accounts.suspend(self.pool, owner, cancels_waiting=cancels))
            account.status, account.cancels_waiting = "suspended", cancels
        else:
            self.do(accounts.resume(self.pool, owner))
            account.status, account.cancels_waiting = "active", False

    def pause_or_resume(self, owner: int | None, channel: str | None, by_guard: bool) -> None:
        if self.model.pauses:  # one at a time
            (whom, _) = self.model.pauses.popitem()
            self.do(sending_pauses.remove(self.pool, *whom))
        elif by_guard and owner is not None and channel is not None:
            self.do(pauses.pause_account(self.pool, owner, channel, "many complaints"))
            self.model.pauses[owner, channel] = True
        else:
            self.do(sending_pauses.add(self.pool, owner, channel, "a test", "staff"))
            self.model.pauses[owner, channel] = False

    def hold_or_free_gateway(self, gateway: str) -> None:
        if gateway in self.model.held_gateways:
            self.do(pauses.resume_gateway(self.pool, self.id_of(gateway)))
            self.model.held_gateways.discard(gateway)
        else:
            self.do(pauses.pause_gateway(self.pool, self.id_of(gateway), "many complaints"))
            self.model.held_gateways.add(gateway)

    # Time

    @rule(
        by=st.sampled_from(
            [
                timedelta(minutes=7),
                timedelta(hours=1),
                timedelta(hours=9),
                timedelta(days=1),
                timedelta(days=4),
                timedelta(days=31),
            ]
        )
    )
    def move_clock(self, by: timedelta) -> None:
        self.model.now += by
        self.do(set_clock(self.pool, self.model.now))


def test_who_must_not_be_sent_to_is_not_and_all_others_are(engine):
    loop = asyncio.new_event_loop()
    Sending.loop = loop
    try:
        url = loop.run_until_complete(new_moved_database(engine.database_url))
        Sending.pool = loop.run_until_complete(open_pool(url, 1, "nobody"))
        run_state_machine_as_test(
            Sending,
            settings=settings(
                max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
        loop.run_until_complete(Sending.pool.close())
    finally:
        loop.close()
