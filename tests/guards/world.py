"""Pages on a real database, held, given a gateway and handed over by the real activities, one step at a time."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Any
from uuid import UUID, uuid4

from temporalio.testing import ActivityEnvironment

from activities.check_credit import CheckCredit
from activities.choose_gateway import ChooseGateway
from activities.database_clock import DatabaseClock
from activities.dependencies import open_mails
from activities.dispatching.delivery import Delivery
from activities.dispatching.health import Health
from activities.dispatching.start_window import StartWindow
from activities.pacing.gateway_slots import GatewaySlots
from activities.record_status import RecordStatus
from domain.batches.batch import Stream
from domain.ids import batch_page_id, message_uid, new_batch_id, new_page_id
from domain.keyring import CREDENTIALS, Keyring
from domain.messages.page import DispatchRequest, Ending, PageHeader, RecordRequest, Route, RouteRequest, Routing
from domain.messages.page_content import Content, PageContent, PageMessage
from store.accounts import accounts, credits
from store.batches import batches
from store.gateways import gateways
from store.pool import Pool
from tests.activities.pages import OwnGateway
from tests.guards.model import Message

CHANNELS = ("sms", "whatsapp", "email")
KEYRING = Keyring.generate()


@dataclass
class Sent:
    """A page."""

    header: PageHeader
    content: PageContent
    messages: list[Message]
    routes: list[Route] = field(default_factory=list)
    """Chosen, and not dispatched yet."""

    def to_choose(self, now: datetime) -> list[int]:
        """Messages that are to be given a gateway."""
        chosen = {index for route in self.routes for index in route.indexes}
        return [
            index
            for index, one in enumerate(self.messages)
            if one.is_open and not one.pending and index not in chosen and (one.due is None or one.due <= now)
        ]


class World:
    """What the system is asked to do."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def account(self) -> int:
        """A new one, with credits."""
        made = await accounts.create(self.pool, f"{uuid4().hex}@example.com", "Test", None, uuid4())
        for channel in CHANNELS:
            await credits.top_up(self.pool, made.id, channel, 10_000, "test", uuid4())
        return made.id

    async def gateway(self, owner: int, channel: str, identifier: str, *share_with: int) -> UUID:
        new = gateways.NewGateway(owner, channel, identifier, "sandbox", {}, share_with=share_with)
        return await gateways.add(self.pool, Keyring.parse(KEYRING, CREDENTIALS), new)

    async def hold(self, messages: list[Message], lane: str, now: datetime) -> tuple[Sent, set[int]]:
        """Accept messages of one channel, and hold their credits. Also returns which were refused."""
        page_id, first = new_page_id(int(now.timestamp() * 1000)), messages[0]
        requested = {first.gateway: list(range(len(messages)))} if first.gateway else {}
        header = PageHeader(
            str(page_id),
            first.account,
            first.channel,
            len(messages),
            requested=requested,
            accounts=[one.account for one in messages] if len({one.account for one in messages}) > 1 else [],
            lane=lane,
            exempt=first.exempt,
            purposes=_purposes(messages, lane),
        )
        page = Sent(header, _content(messages), messages)
        return page, await self._check(page)

    async def store(self, messages: list[Message], now: datetime) -> Sent:
        """Accept them as a batch of one page, which was not started yet."""
        batch_id, first = new_batch_id(int(now.timestamp() * 1000)), messages[0]
        page_id = batch_page_id(batch_id, 1)
        rows = "".join(
            f"{message_uid(page_id, index)}\t{one.account}\t{one.channel}\t{one.recipient}\tqueued\t1\tpending"
            f"\t\\N\t\\N\t\\N\tf\t{one.purpose or chr(92) + 'N'}\n"
            for index, one in enumerate(messages)
        )
        content = _content(messages)
        page = batches.StoredPage(1, len(messages), 0.0, content.encode(), rows.encode())
        batch = batches.NewBatch(
            batch_id, first.account, first.channel, "bulk", len(messages), [Stream("", 1, 1)], [page]
        )
        await batches.store(self.pool, batch, None, b"")
        header = PageHeader(str(page_id), first.account, first.channel, len(messages), lane="bulk", stored=True)
        return Sent(header, content, messages)

    async def start(self, page: Sent) -> set[int]:
        """Start a batch's page. Returns which of its messages were refused, or cancelled before."""
        return await self._check(page)

    async def _check(self, page: Sent) -> set[int]:
        content = b"" if page.header.stored else page.content.encode()
        return set(await ActivityEnvironment().run(CheckCredit(self.pool).check_credit, page.header, content))

    async def choose(self, page: Sent, indexes: list[int]) -> Routing:
        """Choose gateways, and record those that get none."""
        request = RouteRequest(page.header, indexes, 1)
        routing = await ActivityEnvironment().run(ChooseGateway(self.pool).choose_gateway, request)
        if routing.none:
            endings = [Ending(one.indexes, one.state, one.code, one.reason) for one in routing.none]
            record = RecordRequest(page.header.page_id, endings)
            await ActivityEnvironment().run(RecordStatus(self.pool).record_status, record)
        page.routes += routing.routes
        return routing

    async def deliver(self, page: Sent, route: Route) -> tuple[set[int], set[int]]:
        """Dispatch a route. Returns what was handed to the gateway, and what is to be tried again."""
        gateway, request = OwnGateway(), DispatchRequest(page.header.brief(), route, 1)
        page.routes.remove(route)
        delivery = Delivery(
            self.pool,
            gateway,
            request,
            page.content,
            open_mails(self.pool, KEYRING),
            Health(self.pool, route),
            GatewaySlots(),
            StartWindow(lambda: False, inf),
            DatabaseClock(self.pool),
        )
        again = await delivery.run()
        return set(gateway.arrived), {index for retry in again for index in retry.indexes}

    async def ends(self, page: Sent) -> dict[int, tuple[str, str | None]]:
        """State and code of each message."""
        uids = [message_uid(UUID(page.header.page_id), index) for index in range(page.header.size)]
        rows = await self.rows("select state, code from messages where uid = any(%s) order by uid", uids)
        return dict(enumerate(rows))

    async def rows(self, query: str, *arguments: Any) -> list[tuple]:
        async with self.pool.connection() as conn:
            return await (await conn.execute(query, arguments)).fetchall()

    async def execute(self, query: str, *arguments: Any) -> None:
        async with self.pool.connection() as conn:
            await conn.execute(query, arguments)


def _content(messages: list[Message]) -> PageContent:
    due = [one.due.timestamp() if one.due else 0.0 for one in messages]
    rows = [PageMessage(one.recipient, 1, 0, at) for one, at in zip(messages, due, strict=True)]
    return PageContent([Content("Hi")], rows)


def _purposes(messages: list[Message], lane: str) -> dict[str, list[int]]:
    """Those that are not the lane's own, as a request's page has them."""
    usual = "transactional" if lane == "transactional" else "marketing"
    named: dict[str, list[int]] = {}
    for index, one in enumerate(messages):
        if (key := one.purpose or "transactional") != usual:
            named.setdefault(key, []).append(index)
    return named


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
