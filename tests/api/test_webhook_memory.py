"""Unauthenticated posts take bounded memory and time."""

import asyncio
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi import Request

from api.http.errors import ApiError
from api.webhooks import memory as webhook_memory
from api.webhooks.memory import ALL, OF_ONE, WebhookBusy, WebhookMemory, read_post

MIB = 1024 * 1024


def request(*pieces: bytes, pause: float = 0.0, length: int | None = None) -> Request:
    """A request whose body comes in pieces, with a pause before each."""
    left = list(pieces)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    headers = [] if length is None else [(b"content-length", b"%d" % length)]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def test_a_body_is_read_whole():
    with WebhookMemory().post("192.0.2.1") as held:
        assert await read_post(request(b"a" * MIB, b"b"), 2 * MIB, held) == b"a" * MIB + b"b"
        assert held.size == MIB + 1


@pytest.mark.parametrize("found", [request(length=2 * MIB), request(b"a" * MIB, b"b")], ids=["declared", "undeclared"])
async def test_a_body_beyond_the_providers_limit_is_refused(found: Request):
    with WebhookMemory().post("192.0.2.1") as held, pytest.raises(ApiError) as refused:
        await read_post(found, MIB, held)
    assert refused.value.status == 413


async def test_a_slow_body_has_as_long_as_its_rate_allows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(webhook_memory, "BEGIN_SECONDS", 0.1)
    with WebhookMemory().post("192.0.2.1") as held:
        fair = request(*[b"a" * 2048] * 4, pause=0.05)
        assert len(await read_post(fair, MIB, held)) == 8192
        with pytest.raises(WebhookBusy):
            await read_post(request(*[b"a"] * 100, pause=0.05), MIB, held)
        monkeypatch.setattr(webhook_memory, "MOST_SECONDS", 0.1)
        with pytest.raises(WebhookBusy):
            await read_post(request(*[b"a" * 2048] * 4, pause=0.05), MIB, held)


def test_one_address_leaves_half_of_the_room_to_others():
    memory = WebhookMemory()
    with ExitStack() as held:
        first = held.enter_context(memory.post("2001:db8::1"))
        first.hold(OF_ONE - MIB)
        second = held.enter_context(memory.post("2001:db8::2"))
        with pytest.raises(WebhookBusy):
            second.hold(MIB + 1)
        second.hold(MIB)
        other = held.enter_context(memory.post("192.0.2.1"))
        other.hold(ALL - OF_ONE)
        with pytest.raises(WebhookBusy):
            held.enter_context(memory.post("192.0.2.2"))
    with memory.post("192.0.2.1") as held:
        held.hold(OF_ONE)


def test_a_place_that_was_refused_takes_nothing():
    memory = WebhookMemory()
    with memory.post("192.0.2.1") as first:
        first.hold(OF_ONE)
        for _ in range(1000):
            with pytest.raises(WebhookBusy), memory.post("192.0.2.1"):
                pass
    assert not memory._held
    assert not memory._by_address
