"""Callback endpoints from the command line: the operator sees everybody's, and may let one be in a private network."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from runtime.settings import Settings
from tests.cli.conftest import Cli, Ended
from tests.receiver import is_signed, receiving
from tests.stack import Stack


@pytest.fixture
def callback_cli(cli: Cli, settings: Settings) -> Callable[..., Awaitable[Ended]]:
    """Run ``xsender callback``, with Temporal at hand."""

    async def run(*arguments: object) -> Ended:
        return await cli("callback", *arguments, XSENDER_TEMPORAL_ADDRESS=settings.temporal_address)

    return run


async def test_an_endpoint_is_added_looked_at_replayed_and_removed(stack: Stack, callback_cli):
    user = await stack.user()
    async with receiving() as receiver:
        private = ("--allow-private-network", "--owner", user.id)
        added = (await callback_cli("add", receiver.url, *private, "--events", "message.read", "--json")).json
        assert (added["user_id"], added["url"]) == (user.id, receiver.url)
        tested = await stack.http.post(f"/api/callbacks/{added['id']}/test", headers=user.headers)
        assert tested.status_code == 200, tested.text
        await receiver.hears(1)
        assert is_signed(receiver.requests[0], added["secret"])
        await recorded(callback_cli, added["id"])

        (shown,) = (await callback_cli("list", "--owner", user.id, "--json")).json
        assert (shown["id"], shown["events"], shown["allow_private_network"]) == (added["id"], ["message.read"], True)
        assert added["secret"] not in str(shown)
        (delivery,) = (await callback_cli("deliveries", added["id"], "--json")).json
        assert (delivery["id"], delivery["type"]) == (tested.json()["data"]["id"], "endpoint.test")
        printed = await callback_cli("deliveries", added["id"])
        assert (printed.code, printed.err) == (0, "")
        assert delivery["id"] in printed.out

        again = (await callback_cli("replay", added["id"], "--delivery", delivery["id"], "--json")).json
        assert again == {"id": added["id"], "replayed": 1}
        await receiver.hears(2)
        await recorded(callback_cli, added["id"])
        async with stack.pool.connection() as conn:
            await conn.execute("update callback_deliveries set state = 'failed' where id = %s", (delivery["id"],))
        failed = (await callback_cli("replay", added["id"], "--since", "2020-01-01 00:00", "--json")).json
        assert failed["replayed"] == 1
        await receiver.hears(3)
    assert (await callback_cli("remove", added["id"], "--json")).json == {"id": added["id"], "removed": True}
    assert (await callback_cli("list", "--owner", user.id, "--json")).json == []


async def recorded(callback_cli: Callable[..., Awaitable[Ended]], endpoint_id: str) -> None:
    """Wait until the record says that the only delivery was taken: the receiver knows it earlier."""
    async with asyncio.timeout(20):
        while True:
            (delivery,) = (await callback_cli("deliveries", endpoint_id, "--json")).json
            if delivery["state"] == "delivered":
                return


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "example.com"), "http"),
        (("add", "https://example.com/", "--events", "message.lost"), "No event message.lost"),
        (("add", "https://example.com/", "--events", ","), "Name an event"),
        (("add", "https://example.com/", "--owner", "999999999"), "no user"),
        (("remove", "none"), "UUID"),
        (("remove", str(uuid4())), "no callback endpoint"),
        (("deliveries", str(uuid4())), "no callback endpoint"),
        (("replay", str(uuid4())), "either --delivery"),
        (("replay", str(uuid4()), "--since", "2026-01-01 00:00"), "no callback endpoint"),
    ],
)
def test_what_cannot_be_done_is_refused(refusal, arguments, words):
    assert words in refusal("callback", *arguments, "--json")
