"""Another account, in a process of its own: sends one message every so often and writes how long each answer took.

python -m tests.abuse.neighbour URL KEY
"""

import asyncio
import itertools
import json
import sys
import time

import httpx

EVERY = 0.1
"""Seconds between two sends; the next one does not wait for the one before."""
GIVES_UP = 60.0
SMS = {"contact": [{"number": "+14155550123", "body": "Your code is 4711"}]}


async def send(http: httpx.AsyncClient, at: float) -> None:
    """One send, and a line about it: when it was due, the seconds it took, and its status (0: none came)."""
    try:
        status = (await http.post("/api/sms/send", json=SMS)).status_code
    except httpx.HTTPError:
        status = 0
    print(json.dumps([at, time.monotonic() - at, status]), flush=True)


async def main(url: str, key: str) -> None:
    """Send until the process is stopped. Each send has a connection that others may have used, as clients do."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    async with (
        httpx.AsyncClient(base_url=url, headers={"Api-key": key}, timeout=GIVES_UP, limits=limits) as http,
        asyncio.TaskGroup() as sends,
    ):
        begun = time.monotonic()
        for number in itertools.count():
            due = begun + number * EVERY
            await asyncio.sleep(max(due - time.monotonic(), 0))
            sends.create_task(send(http, due))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
