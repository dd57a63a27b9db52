"""Accounts, gateways, pages, batches and receipts for tests of the store."""

import time
from dataclasses import astuple
from itertools import count
from uuid import UUID, uuid4

from domain.batches.batch import Stream
from domain.ids import PAGE_SIZE, batch_page_id, message_uid, new_batch_id, new_page_id
from domain.keyring import CREDENTIALS, Keyring
from domain.messages.receipts import Receipt, ReceiptKind
from store.accounts import accounts
from store.accounts.api_keys import StoredKey, find_keys
from store.accounts.credits import show, top_up
from store.batches import batches
from store.gateways import gateways
from store.gateways.gateway_health import health
from store.messages import attempts, pages, receipts
from store.messages.attempts import Attempted
from store.messages.pages import PageRows, hold_stored
from store.pool import Pool

KEYS = Keyring.generate()
KEYRING = Keyring.parse(KEYS, CREDENTIALS)
CONTENT = b'{"contents": [], "messages": []}'
_keys = count()


async def new_account(pool: Pool, credit: int = 0, plan: str | None = None) -> int:
    """The id of a new account with this much credit for SMS."""
    account = await accounts.create(pool, f"{uuid4().hex}@example.com", "Test", plan, uuid4())
    if credit:
        await top_up(pool, account.id, "sms", credit, "test", uuid4())
    return account.id


async def find_key(pool: Pool, key_id: str, channel: str | None) -> StoredKey | None:
    """A key as it is stored."""
    return (await find_keys(pool, [(key_id, channel)])).get((key_id, channel))


async def set_time_zone(pool: Pool, account_id: int, zone: str) -> None:
    """Give an account another time zone."""
    is_of = await accounts.get(pool, account_id)
    await accounts.update(pool, account_id, is_of.email, is_of.name, is_of.external_id, zone, is_of.default_region)


def new_page(account_id: int, prices: list[int], age: float = 0.0) -> PageRows:
    """A page of text messages at these prices, accepted so many seconds ago."""
    page_id = new_page_id(int((time.time() - age) * 1000))
    size = len(prices)
    return PageRows(
        account_id=account_id,
        channel="sms",
        uids=[message_uid(page_id, index) for index in range(size)],
        recipients=[f"+1202555{index:04}" for index in range(size)],
        prices=prices,
        schedule_at=[None] * size,
        on_unknown=[None] * size,
    )


async def held(pool: Pool, page: PageRows) -> dict[int, str]:
    """Hold the page; returns the refused messages: place in the page → code."""
    refused = await pages.hold(pool, page)
    return {page.uids.index(uid): code for uid, code in refused.items()}


async def states(pool: Pool, page: PageRows) -> list[tuple[str, str | None, str]]:
    """State, code and credit of the page's messages."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select state, code, credit from messages where uid = any(%s::uuid[]) order by uid", (page.uids,)
        )
        return await cursor.fetchall()


async def set_states(pool: Pool, uids: list[UUID], state: str) -> None:
    """Move messages to a state, as a receipt would."""
    async with pool.connection() as conn:
        await conn.execute("update messages set state = %s where uid = any(%s::uuid[])", (state, uids))


async def sms_wallet(pool: Pool, account_id: int) -> tuple[int, int, int, int]:
    """Available, held, spent, granted."""
    wallet = (await show(pool, account_id))["sms"]
    return wallet.available, wallet.held, wallet.spent, wallet.granted


def stored_page(
    batch_id: UUID, account_id: int, number: int, size: int, due: float = 0.0, purpose: str = "\\N"
) -> batches.StoredPage:
    page_id = batch_page_id(batch_id, number)
    shared = f"queued\t1\tpending\t\\N\t\\N\t\\N\tf\t{purpose}"
    rows = "".join(
        f"{message_uid(page_id, index)}\t{account_id}\tsms\t+1202555{index:04}\t{shared}\n" for index in range(size)
    )
    return batches.StoredPage(number, size, due, CONTENT, rows.encode())


async def new_batch(pool: Pool, credit: int, *sizes: int) -> batches.NewBatch:
    """A stored batch whose pages have these sizes."""
    account_id, batch_id = await new_account(pool, credit), new_batch_id()
    pages = [stored_page(batch_id, account_id, number, size) for number, size in enumerate(sizes, 1)]
    streams = [Stream("", 1, len(sizes))]
    batch = batches.NewBatch(batch_id, account_id, "sms", "bulk", sum(sizes), streams, pages)
    await batches.store(pool, batch, None, b"")
    return batch


async def hold_page(pool: Pool, batch: batches.NewBatch, number: int = 1) -> set[UUID]:
    page_id = batch_page_id(batch.id, number)
    return await hold_stored(pool, batch.account_id, "sms", page_id, message_uid(page_id, PAGE_SIZE - 1))


async def new_gateway(pool: Pool, owner: int = 0, **fields) -> UUID:
    new = gateways.NewGateway(owner, "sms", f"gw-{uuid4().hex}", "sandbox", {}, **fields)
    return await gateways.add(pool, KEYRING, new)


async def launched(pool: Pool, gateway_id: UUID, size: int) -> PageRows:
    """A page whose messages are at the gateway."""
    page = new_page(await new_account(pool), [0] * size)
    await pages.hold(pool, page)
    await attempts.write_intents(pool, page.uids, 1, gateway_id, uuid4())
    return page


async def flush(pool: Pool, page: PageRows, *outcomes: str) -> None:
    tries = [Attempted(uid, 1, outcome) for uid, outcome in zip(page.uids, outcomes, strict=False)]
    await attempts.flush_outcomes(pool, tries)


async def counts(pool: Pool, gateway_id: UUID) -> tuple[int, ...]:
    """Accepted, refused, retry_later, gateway_down and unknown of the last 15 minutes."""
    return astuple((await health(pool, gateway_id)).last_15_minutes)[:5]


async def apply_all(pool: Pool, gateways: list[UUID], reported: list[Receipt]) -> receipts.Outcome:
    """Apply receipts of one post."""
    return await receipts.apply(pool, [receipts.GatewaysReceipts(gateways, reported)])


def receipt(kind: str, **fields) -> Receipt:
    """A receipt of its own."""
    return Receipt(ReceiptKind(kind), **({"key": f"k{next(_keys)}", "at": 1700000000.0} | fields))
