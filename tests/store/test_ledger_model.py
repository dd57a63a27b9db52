"""The ledger against a model: random grants, deductions, holds, outcomes, verdicts, settlings, many of them twice."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.errors import ConflictError, InsufficientCreditError
from store.accounts.credits import audit, deduct, top_up
from store.messages.attempts import Attempted, flush_outcomes, write_intents
from store.messages.pages import FinalState, PageRows, record_final_states, settle
from store.migrate import migrate
from store.pool import Pool, open_pool
from tests.store.builders import held, new_account, new_page, sms_wallet, states
from tests.store.recount import miscounted

Result = TypeVar("Result")

AMOUNTS = st.integers(1, 40)
OUTCOMES = st.sampled_from(["accepted", "accepted", "refused", "retry_later", "gateway_down", "unknown"])
STATE_OF = {"accepted": "sent", "refused": "rejected", "unknown": "unknown"}
OPEN = ("queued", "processing", "unknown")
UNSENT = ("queued", "processing")


@dataclass
class ModelMessage:
    """A message as it should be."""

    price: int
    state: str
    credit: str
    outcomes: dict[int, str | None] = field(default_factory=dict)


@dataclass
class ModelPage:
    """A page that was held, and the result of that."""

    rows: PageRows
    refused: dict[int, str]


class Ledger(RuleBasedStateMachine):
    """One account's wallet for SMS. ``pool`` and its ``loop`` are set before it runs."""

    loop: asyncio.AbstractEventLoop
    pool: Pool

    def __init__(self) -> None:
        super().__init__()
        self.wallet = Counter(available=0, held=0, spent=0, granted=0)
        self.messages: dict[UUID, ModelMessage] = {}
        self.pages: list[ModelPage] = []
        self.grants: list[tuple[int, UUID]] = []
        self.deductions: list[tuple[int, UUID]] = []
        self.flushed: list[list[Attempted]] = []

    def do(self, work: Awaitable[Result]) -> Result:
        return self.loop.run_until_complete(work)

    @initialize()
    def open_account(self) -> None:
        self.account = self.do(new_account(self.pool, credit=60))
        self.wallet.update(available=60, granted=60)

    @rule(amount=AMOUNTS)
    def top_up(self, amount: int) -> None:
        self.grants.append((amount, uuid4()))
        self.do(top_up(self.pool, self.account, "sms", amount, "", self.grants[-1][1]))
        self.wallet.update(available=amount, granted=amount)

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def top_up_again(self, data: st.DataObject) -> None:
        amount, grant = data.draw(st.sampled_from(self.grants))
        self.do(top_up(self.pool, self.account, "sms", amount, "", grant))
        with pytest.raises(ConflictError):
            self.do(top_up(self.pool, self.account, "sms", amount + 1, "", grant))

    @rule(amount=AMOUNTS)
    def deduct(self, amount: int) -> None:
        entry = uuid4()
        if amount > self.wallet["available"]:
            with pytest.raises(InsufficientCreditError):
                self.do(deduct(self.pool, self.account, "sms", amount, "", entry))
            return
        self.do(deduct(self.pool, self.account, "sms", amount, "", entry))
        self.deductions.append((amount, entry))
        self.wallet.subtract(available=amount, granted=amount)

    @precondition(lambda self: self.deductions)
    @rule(data=st.data())
    def deduct_again(self, data: st.DataObject) -> None:
        amount, entry = data.draw(st.sampled_from(self.deductions))
        self.do(deduct(self.pool, self.account, "sms", amount, "", entry))

    @rule(prices=st.lists(st.integers(0, 4), min_size=1, max_size=5))
    def hold(self, prices: list[int]) -> None:
        page = ModelPage(new_page(self.account, prices), {})
        for index, (uid, price) in enumerate(zip(page.rows.uids, prices, strict=True)):
            if price > self.wallet["available"]:
                page.refused[index] = "no_credit"
                self.messages[uid] = ModelMessage(price, "rejected", "free")
            else:
                self.messages[uid] = ModelMessage(price, "queued", "held" if price else "free")
                self.wallet.update(available=-price, held=price)
        self.pages.append(page)
        assert self.do(held(self.pool, page.rows)) == page.refused

    @precondition(lambda self: self.pages)
    @rule(data=st.data())
    def hold_again(self, data: st.DataObject) -> None:
        page = data.draw(st.sampled_from(self.pages))
        assert page.refused.items() <= self.do(held(self.pool, page.rows)).items()

    def pages_with(self, *some_states: str) -> list[ModelPage]:
        return [page for page in self.pages if any(self.messages[uid].state in some_states for uid in page.rows.uids)]

    @precondition(lambda self: self.pages_with(*OPEN))
    @rule(data=st.data(), attempt=st.integers(1, 2), then_settle=st.booleans())
    def dispatch(self, data: st.DataObject, attempt: int, then_settle: bool) -> None:
        page = data.draw(st.sampled_from(self.pages_with(*OPEN)))
        open_ones = [uid for uid in page.rows.uids if self.messages[uid].state in OPEN]
        self.do(write_intents(self.pool, open_ones, attempt, uuid4(), uuid4()))
        for uid in open_ones:
            self.messages[uid].outcomes.setdefault(attempt, None)
        self.flushed.append([Attempted(uid, attempt, data.draw(OUTCOMES)) for uid in open_ones])
        self.flush(self.flushed[-1])
        if then_settle:
            self.settle_page(page)

    @precondition(lambda self: self.flushed)
    @rule(data=st.data())
    def flush_again(self, data: st.DataObject) -> None:
        self.flush(data.draw(st.sampled_from(self.flushed)))

    def flush(self, done: list[Attempted]) -> None:
        self.do(flush_outcomes(self.pool, done))
        for attempted in done:
            message = self.messages[attempted.uid]
            if message.outcomes[attempted.attempt] not in (None, "unknown"):
                continue
            message.outcomes[attempted.attempt] = attempted.outcome
            if message.state in OPEN:
                message.state = self.state_after(message, attempted)

    @staticmethod
    def state_after(message: ModelMessage, attempted: Attempted) -> str:
        others = [outcome for number, outcome in message.outcomes.items() if number != attempted.attempt]
        in_doubt = any(outcome in (None, "unknown") for outcome in others)
        if attempted.outcome in STATE_OF and not (attempted.outcome == "refused" and in_doubt):
            return STATE_OF[attempted.outcome]
        return "unknown" if message.state == "unknown" else "processing"

    @precondition(lambda self: self.pages_with(*UNSENT))
    @rule(data=st.data(), state=st.sampled_from(["failed", "cancelled", "expired"]))
    def give_verdict(self, data: st.DataObject, state: str) -> None:
        page = data.draw(st.sampled_from(self.pages_with(*UNSENT)))
        uids = data.draw(st.lists(st.sampled_from(page.rows.uids), min_size=1, unique=True))
        self.do(record_final_states(self.pool, [FinalState(uid, state, "test", "a test") for uid in uids]))
        for uid in uids:
            if self.messages[uid].state in UNSENT:
                self.messages[uid].state = state

    @precondition(lambda self: self.pages)
    @rule(data=st.data())
    def settle_some_page(self, data: st.DataObject) -> None:
        self.settle_page(data.draw(st.sampled_from(self.pages)))

    def settle_page(self, page: ModelPage) -> None:
        uids = page.rows.uids
        self.do(settle(self.pool, uids[0], uids[-1]))
        for message in map(self.messages.__getitem__, uids):
            if message.credit == "held" and message.state not in OPEN:
                sent = message.state == "sent"
                message.credit = "captured" if sent else "released"
                self.wallet.update({"held": -message.price, "spent" if sent else "available": message.price})

    @invariant()
    def wallet_is_as_modelled(self) -> None:
        found = self.do(sms_wallet(self.pool, self.account))
        assert found == tuple(self.wallet[part] for part in ("available", "held", "spent", "granted"))
        assert min(found) >= 0

    @invariant()
    def journal_agrees(self) -> None:
        assert self.do(audit(self.pool)) == []

    def teardown(self) -> None:
        for page in self.pages:
            found = [(state, credit) for state, _, credit in self.do(states(self.pool, page.rows))]
            assert found == [(self.messages[uid].state, self.messages[uid].credit) for uid in page.rows.uids]
        assert self.do(miscounted(self.pool)) == set()


def test_the_ledger_behaves_like_its_model(engine):
    with psycopg.connect(engine.database_url, autocommit=True) as conn:
        conn.execute("create database ledger_model")
    url = engine.database_url.rsplit("/", 1)[0] + "/ledger_model"
    loop = asyncio.new_event_loop()
    Ledger.loop = loop
    try:
        loop.run_until_complete(migrate(url))
        Ledger.pool = loop.run_until_complete(open_pool(url, 1, "ledger-model"))
        run_state_machine_as_test(
            Ledger,
            settings=settings(
                max_examples=80,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        loop.run_until_complete(Ledger.pool.close())
    finally:
        loop.close()
