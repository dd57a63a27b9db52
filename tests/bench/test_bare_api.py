"""The bare API is a fair floor only if it reads the same message."""

import aiohttp
import orjson

from bench.install import running_bare_api
from runtime.settings import Settings
from store.pool import Pool
from tests.databases import at
from tests.store.builders import held, new_account, new_page


async def test_the_bare_api_answers_a_messages_row(pool: Pool, settings: Settings):
    page = new_page(await new_account(pool, credit=1), [1])
    await held(pool, page)
    uid = str(page.uids[0])
    direct = at(settings.database_session_url, settings)
    async with running_bare_api(direct) as url, aiohttp.ClientSession() as http, http.get(url + uid) as answer:
        row = orjson.loads(await answer.read())
    assert (answer.status, row["uid"], row["account_id"]) == (200, uid, page.account_id)
