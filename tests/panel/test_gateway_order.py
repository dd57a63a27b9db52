"""Gateways are moved up and down among those of their owner and channel."""

from panel.gateways.order import rising
from tests.api.log_in import Person
from tests.panel.seeds import connections
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack, User


def test_numbers_rise_with_the_least_that_is_added():
    assert rising([10, 20, 30]) == [10, 20, 30]
    assert rising([100, 100, 100]) == [100, 101, 102]
    assert rising([5, 1, 5, 6]) == [1, 5, 6, 7]
    assert rising([]) == []


async def test_gateways_change_their_order(install: Stack, account: User, user: Person):
    ids = await connections(install, account)
    config = {"host": "mx.example.com", "from_address": "news@example.com"}
    for name in ("second", "third"):
        body = {"channel": "email", "type": "smtp", "config": config, "identifier": name}
        assert (await install.http.post("/api/gateways", json=body, headers=account.headers)).status_code == 200

    async def order() -> list[str]:
        found = (await install.http.get("/api/gateways", headers=account.headers)).json()["data"]
        own = sorted((one for one in found if one["own"]), key=lambda one: (one["priority"], one["created_at"]))
        return [one["identifier"] for one in own]

    first = (await order())[0]
    found = (await install.http.get("/api/gateways", headers=account.headers)).json()["data"]
    by_name = {one["identifier"]: one["id"] for one in found}
    async with signed_in(install, user) as client:
        csrf = await token_of(client)
        page = (await client.get("/panel/gateways")).text
        assert page.count('aria-label="Earlier: ') == 3

        async def move(gateway: str, how: str) -> int:
            return (await client.post(f"/panel/gateways/{gateway}/move", data={"csrf": csrf, "do": how})).status_code

        assert await move(by_name["third"], "up") == 303
        assert await order() == [first, "third", "second"]
        assert await move(ids.gateway, "down") == 303
        assert await order() == ["third", first, "second"]
        assert await move(by_name["second"], "down") == 303
        shared = next(one["id"] for one in found if not one["own"] and one["channel"] == "email")
        assert await move(shared, "up") == 404
        assert await order() == ["third", first, "second"]
