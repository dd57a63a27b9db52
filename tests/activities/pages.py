"""A recorded page and a dispatch of it, on the real database, with a gateway of the test's own."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import inf
from uuid import UUID, uuid4

from temporalio.testing import ActivityEnvironment

from activities.check_credit import CheckCredit
from activities.database_clock import DatabaseClock
from activities.dependencies import open_mails
from activities.dispatching.delivery import Delivery
from activities.dispatching.health import Health
from activities.dispatching.start_window import StartWindow
from activities.pacing.gateway_slots import GatewaySlots
from domain.channels import Channel
from domain.ids import index_of, message_uid, new_page_id
from domain.keyring import CREDENTIALS, Keyring
from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, Outcome
from domain.messages.page import DispatchRequest, PageHeader, Retry, Route
from domain.messages.page_content import Content, PageContent, PageMessage
from store.accounts import accounts, credits
from store.gateways import gateways
from store.pool import Pool

Answer = Callable[[int], Awaitable[Outcome]]


async def accept(index: int) -> Outcome:
    return Accepted(f"p-{index}")


def always(outcome: Outcome) -> Answer:
    async def answer(index: int) -> Outcome:
        return outcome

    return answer


@dataclass
class OwnGateway:
    """Answers by index, and counts."""

    answer: Answer = accept
    arrived: Counter[int] = field(default_factory=Counter)
    at: list[float] = field(default_factory=list)
    dedupes: bool = False
    closed: bool = False
    awaited: list[tuple[int, asyncio.Event]] = field(default_factory=list)

    async def until_arrived(self, count: int) -> None:
        """Returns when this many messages have arrived."""
        there = asyncio.Event()
        self.awaited.append((count, there))
        if len(self.arrived) < count:
            async with asyncio.timeout(10):
                await there.wait()

    async def send(self, message: Outbound) -> Outcome:
        index = index_of(message.uid)
        self.arrived[index] += 1
        self.at.append(asyncio.get_running_loop().time())
        for count, there in self.awaited:
            if len(self.arrived) >= count:
                there.set()
        return await self.answer(index)

    async def aclose(self) -> None:
        self.closed = True


class Slow(OwnGateway):
    """Answers when the gate opens."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        super().__init__(self._wait)

    async def _wait(self, index: int) -> Outcome:
        await self.gate.wait()
        return Accepted()


class OneGateway:
    """A cache with one gateway of the test's own."""

    def __init__(self, gateway: OwnGateway) -> None:
        self.gateway = gateway

    async def get(self, gateway_id: object, version: int) -> OwnGateway:
        return self.gateway

    def type_of(self, gateway_id: object) -> str:
        return "own"


@dataclass
class Page:
    """A page whose credits are held."""

    pool: Pool
    account_id: int
    id: UUID
    gateway_id: UUID
    content: PageContent
    slots: GatewaySlots = field(default_factory=GatewaySlots)

    @property
    def size(self) -> int:
        return len(self.content.messages)

    @property
    def header(self) -> PageHeader:
        return PageHeader(str(self.id), self.account_id, "sms", self.size)

    def route(self, **more: object) -> Route:
        route = Route(str(self.gateway_id), "own", 1, list(range(self.size)))
        return replace(route, **more)

    def request(self, attempt: int = 1, **route: object) -> DispatchRequest:
        return DispatchRequest(self.header, self.route(**route), attempt)

    def delivery(
        self,
        gateway: OwnGateway,
        request: DispatchRequest | None = None,
        stopping: Callable[[], bool] = lambda: False,
        closes_at: float = inf,
        **more: bool,
    ) -> Delivery:
        request = request or self.request()
        health = Health(self.pool, request.route)
        mails = open_mails(self.pool, Keyring.generate())
        window, clock = StartWindow(stopping, closes_at), DatabaseClock(self.pool)
        return Delivery(self.pool, gateway, request, self.content, mails, health, self.slots, window, clock, **more)

    async def deliver(self, gateway: OwnGateway, **route: object) -> list[Retry]:
        return await self.delivery(gateway, self.request(**route)).run()

    async def take_over(self, gateway: OwnGateway, **route: object) -> list[Retry]:
        """What the activity does when it runs again."""
        delivery = self.delivery(gateway, self.request(**route), is_rerun=True)
        await delivery.take_over()
        return await delivery.run()

    async def states(self) -> list[str]:
        return [state for (state,) in await self.rows("select state from messages where uid = any(%s) order by uid")]

    async def outcomes(self, attempt: int = 1) -> dict[int, str | None]:
        """Index → outcome of the intents of one try."""
        rows = await self.rows(f"select uid, outcome from attempts where uid = any(%s) and attempt = {attempt}")
        return {index_of(uid): outcome for uid, outcome in rows}

    async def rows(self, query: str) -> list[tuple]:
        uids = [message_uid(self.id, index) for index in range(self.size)]
        async with self.pool.connection() as conn:
            return await (await conn.execute(query, (uids,))).fetchall()

    async def breaker(self) -> tuple[int, float | None] | None:
        """Failures on record, and the length of the breaker's pause in seconds."""
        async with self.pool.connection() as conn:
            cursor = await conn.execute(
                """select failures, extract(epoch from open_until - changed_at)::float from gateway_breakers
                   where gateway_id = %s""",
                (self.gateway_id,),
            )
            return await cursor.fetchone()

    async def until(self, predicate: Callable[[list[str]], bool]) -> list[str]:
        """The states of the messages once they are as wanted."""
        async with asyncio.timeout(10):
            while not predicate(states := await self.states()):
                pass
            return states

    async def wallet(self) -> tuple[int, int, int]:
        """Available, held and spent credits."""
        wallet = (await credits.show(self.pool, self.account_id))["sms"]
        return wallet.available, wallet.held, wallet.spent


def dispatch_environment(**info: object) -> ActivityEnvironment:
    """What a dispatch runs in: with time enough for its messages, as the workflow gives it."""
    environment = ActivityEnvironment()
    usual = {"start_to_close_timeout": timedelta(hours=1), "started_time": datetime.now(UTC)}
    environment.info = replace(environment.info, **{**usual, **info})
    return environment


async def new_gateway(pool: Pool, account_id: int, **more: object) -> UUID:
    """A gateway in the record, of any type: the test plays it."""
    new = gateways.NewGateway(account_id, "sms", f"own-{uuid4().hex[:8]}", "sandbox", {}, **more)
    return await gateways.add(pool, Keyring.parse(Keyring.generate(), CREDENTIALS), new)


async def new_page(pool: Pool, size: int, on_unknown: str | None = None, credit: int | None = None) -> Page:
    """A page of text messages, each held for one credit."""
    account = await accounts.create(pool, f"{uuid4().hex}@example.com", "Test", None, uuid4())
    await credits.top_up(pool, account.id, "sms", credit or size, "test", uuid4())
    messages = [PageMessage(f"+1202555{index:04}", 1, 0, on_unknown=on_unknown) for index in range(size)]
    page = Page(
        pool, account.id, new_page_id(), await new_gateway(pool, account.id), PageContent([Content("Hi")], messages)
    )
    await ActivityEnvironment().run(CheckCredit(pool).check_credit, page.header, page.content.encode())
    assert page.content.outbound(page.id, Channel.SMS, 0).uid == page.id
    return page
