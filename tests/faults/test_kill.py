"""The promise, through `kill -9` of every process while messages are being sent."""

import asyncio
import json
import os
import random
import time
from uuid import uuid4

import httpx
import pytest

from tests.faults.dev import PARTS, Dev, running_dev
from tests.faults.sink import Sink, running_sink

SENDS = int(os.environ.get("FAULT_SENDS", "300"))
SEED = int(os.environ.get("FAULT_SEED", "20261122"))
PAUSE = (2.0, 6.0)
"""Seconds between two kills."""


class Sender:
    """A client that never gives up: it repeats a request with its Idempotency-Key until it is accepted."""

    def __init__(self, dev: Dev) -> None:
        self.accepted: list[str] = []
        self._http = httpx.AsyncClient(
            base_url=dev.url, headers={"Api-key": dev.first_run["user_key"]}, timeout=httpx.Timeout(15)
        )

    async def send(self, size: int, numbers: random.Random) -> None:
        contacts = [
            {"number": f"+1415555{numbers.randrange(10000):04d}", "body": "hi", "gateway_identifier": "sink"}
            for _ in range(size)
        ]
        key = str(uuid4())
        while True:
            try:
                answer = await self._http.post(
                    "/api/sms/send", json={"contact": contacts}, headers={"Idempotency-Key": key}
                )
            except httpx.TransportError:
                await asyncio.sleep(0.2)
                continue
            if answer.status_code == 200:
                self.accepted += [item["uid"] for item in answer.json()["data"]]
                return
            assert answer.status_code in (409, 503), answer.text
            await asyncio.sleep(float(answer.headers.get("Retry-After", "0.2")))

    async def outcomes(self, seconds: float) -> list[dict]:
        """The last word on every accepted message; fails, naming the stuck ones, after `seconds`."""
        ended: dict[str, dict] = {}
        stuck: dict[str, dict] = {}
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            stuck = {}
            for uid in self.accepted:
                if uid not in ended:
                    data = await self._status(uid)
                    (ended if is_settled(data) else stuck)[uid] = data
            if not stuck:
                return list(ended.values())
            await asyncio.sleep(0.5)
        raise AssertionError(f"{len(stuck)} messages are stuck, for example {list(stuck.items())[:3]}")

    async def _status(self, uid: str) -> dict:
        try:
            answer = await self._http.get(f"/api/get/sms/{uid}")
        except httpx.TransportError as error:
            return {"state": f"no answer: {error!r}"}
        return answer.json().get("data", {"state": answer.text})

    async def close(self) -> None:
        await self._http.aclose()


def is_settled(data: dict) -> bool:
    """Whether nothing more is to come: unknown, or ended with its credit captured or released."""
    if data["state"] == "unknown":
        return True
    return data["state"] in ("sent", "rejected", "failed") and data["credit"]["state"] in ("captured", "released")


async def send_all(sender: Sender, dice: random.Random) -> None:
    """Messages alone and in pages of several sizes, one request after the other, for longer than the kills take."""
    left = SENDS
    while left:
        size = min(left, dice.choice((1, 1, 1, 5, 20)))
        left -= size
        await sender.send(size, dice)
        await asyncio.sleep(0.1)


async def kill_parts(dev: Dev, dice: random.Random, sending: asyncio.Task[None]) -> list[str]:
    """Every part at least once, in random order at random times, and on as long as the sending lasts."""
    killed: list[str] = []
    order = dice.sample(list(PARTS), len(PARTS))
    while order or not sending.done():
        await asyncio.sleep(dice.uniform(*PAUSE))
        part = order.pop() if order else dice.choice(list(PARTS))
        dev.kill(part)
        killed.append(part)
    return killed


@pytest.mark.fault
async def test_kill_9_of_any_part_loses_and_doubles_nothing(tmp_path):
    dice = random.Random(SEED)
    async with running_sink(SEED) as sink, running_dev(tmp_path / "data") as dev:
        config = {
            "url": sink.url,
            "body": {"ref": "{{ reference }}", "to": "{{ to }}", "text": "{{ body }}"},
            "id_path": "id",
            "allow_private_network": True,
        }
        user = dev.first_run["user_id"]
        await dev.cli(
            *("gateway", "add", "--channel", "sms", "--type", "http", "--identifier", "sink"),
            *("--owner", str(user), "--config-json", json.dumps(config)),
        )
        sender = Sender(dev)
        sending = asyncio.create_task(send_all(sender, dice))
        killed = await kill_parts(dev, dice, sending)
        await sending
        await dev.healthy()
        outcomes = await sender.outcomes(seconds=120)
        await sender.close()
        check_promise(sink, sender.accepted, outcomes)
        await check_ledger(dev, user, outcomes)
    assert set(killed) == set(PARTS), killed


def check_promise(sink: Sink, accepted: list[str], outcomes: list[dict]) -> None:
    assert len(set(accepted)) == SENDS
    by_uid = {data["uid"]: data for data in outcomes}
    assert set(by_uid) == set(accepted), "an accepted message has no outcome"
    assert set(sink.arrived) <= set(accepted), "something was sent that was never accepted"
    for uid, data in by_uid.items():
        if data["state"] == "unknown":
            continue
        expected = 1 if data["state"] == "sent" else 0
        assert sink.arrived[uid] == expected, (data, sink.arrived[uid])


async def check_ledger(dev: Dev, user: str, outcomes: list[dict]) -> None:
    wallet = (await dev.cli("credit", "show", "--user", str(user)))["sms"]
    assert wallet["granted"] == wallet["available"] + wallet["held"] + wallet["spent"]
    assert wallet["spent"] == sum(data["state"] == "sent" for data in outcomes)
    assert wallet["held"] == sum(data["state"] == "unknown" for data in outcomes)
    assert await dev.cli("credit", "audit") == [], "journal and wallets differ"
