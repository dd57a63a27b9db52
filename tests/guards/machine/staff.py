"""What accounts and staff do: purposes, suppressions, pauses, suspension."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from domain.audience.purposes import Purpose
from store import sending_pauses
from store.accounts import accounts
from store.audience import suppressions
from store.audience.consent import purposes
from store.reputation import pauses
from tests.guards import model
from tests.guards.machine.base import DAYS, KEYS, ON, OWNERS, Machine
from tests.guards.model import WHO
from tests.guards.world import CHANNELS


class StaffRules(Machine):
    """What is allowed, and what is held."""

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
