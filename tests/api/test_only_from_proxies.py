"""The header of a client certificate counts from proxies alone, whoever else sends it."""

from starlette.types import Receive, Scope, Send

from api.limits.client_certificates import OnlyFromProxies

HEADER = (b"x-client-certificate", b"cert")


async def seen(client: tuple[str, int] | None, proxies: set[str]) -> list[tuple[bytes, bytes]]:
    """The headers that the application gets."""
    found: list[tuple[bytes, bytes]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.extend(scope["headers"])

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "client": client, "headers": [(b"api-key", b"k"), HEADER, HEADER]}
    await OnlyFromProxies(app, proxies.__contains__)(scope, receive, send)
    return found


async def test_a_proxy_s_header_is_kept():
    assert await seen(("10.0.0.7", 1), {"10.0.0.7"}) == [(b"api-key", b"k"), HEADER, HEADER]


async def test_anybody_else_s_is_removed():
    assert await seen(("10.0.0.8", 1), {"10.0.0.7"}) == [(b"api-key", b"k")]
    assert await seen(None, {"10.0.0.7"}) == [(b"api-key", b"k")]
