"""An opt-out with very many waiting messages: an activity's result is bounded, and no message is left out."""

import time
from dataclasses import replace
from uuid import UUID, uuid4

from temporalio.testing import ActivityEnvironment

from activities import inbound
from activities.inbound import InboundMessages
from domain.keyring import CREDENTIALS, Keyring
from domain.messages.receipts import Inbound, Position, ReceiptsSource, encode_events
from store.gateways import gateways
from store.pool import Pool
from tests.store.builders import held, new_account, new_page

PHONE = "+14155550123"
AT_A_TIME = 4


async def new_gateway(pool: Pool, account_id: int) -> UUID:
    new = gateways.NewGateway(account_id, "sms", f"g-{uuid4().hex[:8]}", "sandbox", {})
    return await gateways.add(pool, Keyring.parse(Keyring.generate(), CREDENTIALS), new)


async def test_what_a_stop_withdraws_comes_in_parts_and_its_confirmation_once(pool: Pool, monkeypatch):
    monkeypatch.setattr(inbound, "WITHDRAWN_AT_A_TIME", AT_A_TIME)
    account = await new_account(pool, 100)
    async with pool.connection() as conn:
        replies_sql = 'insert into keyword_sets (account_id, replies) values (%s, \'{"stop": "Done."}\')'
        await conn.execute(replies_sql, (account,))
    pages = [replace(new_page(account, [1] * 5), recipients=[PHONE] * 5) for _ in range(2)]
    for page in pages:
        assert await held(pool, page) == {}
    source = ReceiptsSource("sms", [str(await new_gateway(pool, account))], inbound=True)
    stops = [Inbound(uuid4().hex, time.time(), PHONE, "us", body) for body in ("STOP", "hello")]
    process = InboundMessages(pool).process
    told: list[str] = []
    replies, at = 0, Position(0)
    while at is not None:
        heard = await ActivityEnvironment().run(process, source, encode_events(stops), at)
        part = [uid for uids in heard.withdrawn.values() for uid in uids]
        assert len(part) <= AT_A_TIME
        told += part
        replies += len(heard.replies)
        at = heard.rest
    assert sorted(told) == sorted(str(uid) for page in pages for uid in page.uids)
    assert replies == 1
