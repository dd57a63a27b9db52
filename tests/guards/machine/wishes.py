"""What people want: STOPs, choices, consent."""

from datetime import timedelta
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import rule

from domain.audience.consents import ConsentState, NewConsent
from domain.messages.receipts import Inbound
from services.audience.consent import preferences
from services.audience.consent.preferences import Origin
from store.audience import inbound
from store.audience.consent import consents
from store.audience.consent.people import Person
from store.pool import InTransaction
from tests.guards import model
from tests.guards.machine.base import NUMBERS, ON, OWNERS, PURPOSES, Machine
from tests.guards.model import WHO

ORIGIN = Origin("preference_page", "192.0.2.7")


class WishRules(Machine):
    """What recipients do."""

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
        recipient, before = self.draw_address(data, channel), timedelta(days=ago, seconds=30)
        at = self.model.now - before if ago else None
        if purpose == "*":
            state = "withdrawn"
        new = NewConsent(channel, recipient, purpose, ConsentState(state), "api", at=at)
        self.do(self.record(self.ids[owner], new))
        self.model.accounts[self.ids[owner]].choose(channel, recipient, purpose, state, at or self.model.now)

    async def record(self, account: int, new: NewConsent) -> None:
        async with self.pool.connection() as conn, conn.transaction():
            await consents.record(InTransaction(conn), account, [new])
