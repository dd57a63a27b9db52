"""The accounts, gateways and clock of the machine, and the values that its rules draw."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from domain.audience.guards.settings import GuardSettings
from store.audience.guards import settings as guard_settings
from store.pool import Pool
from tests.guards.audience_world import AudienceWorld
from tests.guards.guards_model import SOME_GUARDS
from tests.guards.model import PEOPLE, Account, Contact, Model
from tests.guards.moved_clock import set_clock
from tests.guards.world import CHANNELS, Sent, World, utc
from tests.segments import new_contact

Result = TypeVar("Result")

STARTS = st.sampled_from(  # shortly before clocks change: in Europe, North America, Australia
    [
        utc(at)
        for at in ("2026-10-24T12:10", "2026-10-31T20:40", "2027-03-13T23:20", "2027-03-27T21:50", "2027-04-03T09:00")
    ]
)
ZONE = "Australia/Sydney"
OWNERS = st.sampled_from([0, 0, 0, 1])
ON = st.sampled_from(["sms", "sms", *CHANNELS])
"""One channel more often: what is done then meets."""
NUMBERS = st.sampled_from(["sms", "sms", "whatsapp"])
NAMES = st.sampled_from(sorted(PEOPLE))
KEYS = st.sampled_from(["news", "offers"])
PURPOSES = st.sampled_from([None, "marketing", "news", "news", "offers", "forgotten"])
DAYS = st.sampled_from([0.02, 0.3, 1, 3, 31])


class Machine(RuleBasedStateMachine):
    """Two accounts, each with gateways of its own, and one gateway that they share. ``pool``, its ``loop`` and
    ``audience`` are set before it runs."""

    loop: asyncio.AbstractEventLoop
    pool: Pool
    audience: AudienceWorld

    def do(self, work: Awaitable[Result]) -> Result:
        return self.loop.run_until_complete(work)

    @initialize(at=STARTS, guards=st.sampled_from(SOME_GUARDS))
    def open_accounts(self, at: datetime, guards: GuardSettings) -> None:
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
        known = {"phone": ada["sms"], "email": ada["email"], "whatsapp": ada["whatsapp"], "time_zone": ZONE}
        self.do(new_contact(self.pool, self.ids[0], **known))
        self.model.accounts[self.ids[0]].contacts["ada"] = Contact(ada, ZONE)
        for owner in self.ids:
            self.do(self.audience.add_template(owner))
        self.set_guards(0, guards)

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

    def draw_gateway(self, data: st.DataObject, channel: str) -> str:
        own = [self.gateways[owner, channel] for owner in self.ids]
        return data.draw(st.sampled_from([*own, *([self.shared] if channel == "sms" else [])]))

    @rule(owner=OWNERS, guards=st.sampled_from(SOME_GUARDS))
    def set_guards(self, owner: int, guards: GuardSettings) -> None:
        self.do(guard_settings.put(self.pool, self.ids[owner], guards))
        self.model.accounts[self.ids[owner]].guards.settings = guards
        self.move_clock(timedelta(minutes=1))  # what was looked at just now may still leave

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
