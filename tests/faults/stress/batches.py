"""Users who send lists, through two gateways at once, and pause, resume or cancel them on their way."""

import asyncio

from tests.faults.stress.client import Client

SIZES = (600, 800)
GATEWAYS = ("quick", "quick", "quick", "steady")
"""A fourth of each goes through the gateway with a rate."""
CANCELLED = 0.25
"""How many of the batches are cancelled."""


async def send_and_steer(client: Client, stop: asyncio.Event) -> None:
    """One batch: sent, steered a few times, and watched until it ends or the test's traffic does."""
    dice, ledger = client.dice, client.ledger
    contacts = [
        {"number": f"+1415556{dice.randrange(10_000):04d}", "gateway_identifier": dice.choice(GATEWAYS)}
        for _ in range(dice.choice(SIZES))
    ]
    messages = await client.send("sms", contacts, message="Sale!")
    batch = messages[0].batch
    ledger.batches.add(batch)
    for _ in range(dice.randint(0, 2)):
        await asyncio.sleep(dice.uniform(0.5, 5.0))
        await _steer(client, batch, "pause")
        await asyncio.sleep(dice.uniform(0.5, 4.0))
        await client.request("GET", f"/api/batches/{batch}")
        while not await _steer(client, batch, "resume"):  # what stays paused would never end
            await asyncio.sleep(0.5)
    if dice.random() < CANCELLED:
        await _steer(client, batch, "cancel")
    while not stop.is_set() and not await _has_ended(client, batch):
        await asyncio.sleep(0.5)


async def _steer(client: Client, batch: str, change: str) -> bool:
    """Returns whether that was done, or cannot be any more."""
    client.ledger.counts[f"batches: {change}"] += 1
    answer = await client.request("POST", f"/api/batches/{batch}/{change}")
    return answer is not None and answer.status_code in (200, 409)


async def _has_ended(client: Client, batch: str) -> bool:
    answer = await client.request("GET", f"/api/batches/{batch}")
    return (
        answer is not None
        and answer.status_code == 200
        and answer.json()["data"]["state"] in ("completed", "cancelled")
    )
