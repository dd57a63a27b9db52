"""Sends and batches on their way: held, given a gateway, handed over, and each step compared with the model."""

from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from domain.audience.guards.verdicts import WAITS
from domain.messages.page import Route
from tests.guards.machine.base import DAYS, NAMES, NUMBERS, ON, OWNERS, PURPOSES, Machine
from tests.guards.model import PEOPLE, Message
from tests.guards.world import Sent


class SendingRules(Machine):
    """What is sent, and what becomes of it."""

    def draw_messages(
        self, data: st.DataObject, channel: str, owners: list[int], wishes: st.SearchStrategy[str | None]
    ) -> list[Message]:
        """To everybody, for some purposes."""
        due = data.draw(st.one_of(st.none(), st.none(), DAYS))
        at = None if due is None else self.model.in_days(due)
        gateway = self.shared if channel == "sms" and data.draw(st.integers(0, 3)) == 0 else ""
        purposes = data.draw(st.lists(wishes, min_size=1, max_size=3))
        to = [spelling for of in PEOPLE.values() for spelling in of[channel]]
        pairs = list(product(owners, purposes, to))
        return [Message(owner, channel, one, purpose, due=at, gateway=gateway) for owner, purpose, one in pairs]

    @rule(data=st.data(), channel=ON, kind=st.sampled_from(["codes", "mixed", "shared", "bulk"]))
    def send(self, data: st.DataObject, channel: str, kind: str) -> None:
        owners = self.ids if kind == "shared" else [self.ids[data.draw(OWNERS)]]
        messages = self.draw_messages(data, channel, owners, st.none() if kind == "codes" else PURPOSES)
        self.hold(messages, "bulk" if kind == "bulk" else "transactional", at_once=data.draw(st.booleans()))

    @rule(channel=NUMBERS, name=NAMES, owner=OWNERS)
    def confirm_a_stop(self, channel: str, name: str, owner: int) -> None:
        self.hold(
            [Message(self.ids[owner], channel, PEOPLE[name][channel][0], None, exempt=True)],
            "transactional",
            at_once=True,
        )

    def hold(self, messages: list[Message], lane: str, *, at_once: bool) -> None:
        page, refused = self.do(self.world.hold(messages, lane, self.model.now))
        self.pages.append(page)
        self.check_held(page, refused)
        if at_once and page.to_choose(self.model.now):
            self.choose_for(page)
            self.dispatch_routes(page)

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
        until = {index: one.until for one in routing.parked for index in one.indexes if one.waits_for in WAITS}
        for index in indexes:
            one = page.messages[index]
            account = self.model.accounts[one.account]
            if account.status == "suspended" and account.cancels_waiting:
                expected = "account_suspended"
            elif account.status == "active" and self.model.are_guards_due(one):
                expected = self.check_guarded(one, until.get(index))
            else:
                expected = None
            assert ended.get(index) == expected, (one, ended.get(index), account.guards)
            waits = index in until or self.waits(one)
            assert (index in parked) == (waits and not expected), (one, index in parked, account.guards)
            one.is_open = not expected

    def check_guarded(self, message: Message, until: float | None) -> str | None:
        """What guards say where a gateway is chosen. Returns the code of their refusal."""
        guards = self.model.accounts[message.account].guards
        what, reason = self.model.guards_say(message) or (None, None)
        assert (until is not None) == (what == "waits"), (message, until, guards)
        if until is not None:
            self.check_end(message, reason, datetime.fromtimestamp(until, UTC))
        return reason if what == "refused" else None

    def check_end(self, message: Message, reason: str | None, until: datetime) -> None:
        """A wait ends when it may, and not before."""
        account = self.model.accounts[message.account]
        to = account.recipient_of(message)
        assert self.model.now < until <= self.model.now + timedelta(days=8), message
        for at, is_over in ((until, True), (until - timedelta(seconds=1), False)):
            if reason == "quiet_hours":
                assert account.guards.is_quiet(to, at) != is_over, (message, at, account.guards)
            else:
                assert account.guards.is_over(to, at) != is_over, (message, at, account.guards)

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
        may_go_back = self.may_go_back(page, route, gateway) if route.judged_at else set[int]()
        for index in sorted(route.indexes):
            one = page.messages[index]
            account, codes = self.model.accounts[one.account], self.model.refusals(one)
            waits = self.model.waits(one, gateway)
            if route.judged_at:  # those that guards stop go back to the choice, whatever else there is
                stopped = self.model.guards_say(one) is not None
            else:
                stopped, waits = False, waits or self.model.are_guards_due(one)
            stopped = stopped or (index in again and index in may_go_back)
            told = (one, gateway, ends[index], sorted(codes), waits, stopped, account.guards)
            assert (index in arrived) == (not codes and not waits and not stopped), told
            assert (index in again) == (stopped or (waits and not codes)), told
            if codes and not stopped:
                assert ends[index][0] == "cancelled", told
                assert ends[index][1] in codes, told
            one.is_open = index in again
            if index in arrived:
                self.model.wrote.add((gateway, one.account, one.address))
                is_owed = account.is_transactional(one.purpose)
                account.guards.note_sent(one.address, self.model.now, transactional=is_owed)

    def may_go_back(self, page: Sent, route: Route, gateway: str) -> set[int]:
        """Those that may go back to the choice as others of their person, which then could not be sent, were counted
        first."""
        found: set[int] = set()
        for index in route.indexes:
            one = page.messages[index]
            account = self.model.accounts[one.account]
            if not account.guards.is_capped or account.is_transactional(one.purpose):
                continue
            counted = account.recipient_of(one).counted
            for other in (page.messages[place] for place in route.indexes if place < index):
                is_alike = other.account == one.account and other.address in counted
                if is_alike and (self.model.refusals(other) or self.model.waits(other, gateway)):
                    found.add(index)
        return found
