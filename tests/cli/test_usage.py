"""``xsender usage``."""

from store.messages import pages
from store.pool import Pool
from tests.store.builders import new_account, new_page


async def test_usage_of_a_user(cli, pool: Pool):
    account = await new_account(pool, 1)
    await pages.hold(pool, new_page(account, [1, 1]))
    (row,) = (await cli("usage", "--user", account, "--by", "channel", "--by", "gateway", "--json")).json
    assert row == {
        "channel": "sms",
        "gateway_id": None,
        "gateway": None,
        "accepted": 2,
        "waiting": 1,
        "sent": 0,
        "delivered": 0,
        "failed": 1,
        "unknown": 0,
        "credits": 0,
    }
    assert "accepted" in (await cli("usage", "--user", account)).out


async def test_what_cannot_be_read_is_refused(cli):
    assert "hour" in (await cli("usage", "--by", "hour")).refusal
    assert "--from must be a day" in (await cli("usage", "--from", "yesterday")).refusal
    assert "after" in (await cli("usage", "--from", "2026-11-02", "--to", "2026-11-01")).refusal
