"""Looks at what the processes of a running install serve to Prometheus."""

import asyncio
import re
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx

from embedded.ports import free_port

FILES = Path(__file__).parents[2] / "docs/metrics"
SELDOM = {"temporal_activity_schedule_to_start_latency_seconds_bucket"}
"""What the SDK serves only once it has measured it."""


def free_ports_in_a_row(count: int) -> int:
    """The first of them."""
    while True:
        first = free_port()
        with suppress(OSError), ExitStack() as held:
            for port in range(first, first + count):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return first


async def look_at_metrics(first_run: dict[str, str], port: int) -> None:
    """Send a message, and find it in what the API and the two workers serve, with all that our alerts look at."""
    async with httpx.AsyncClient() as http:

        async def scraped() -> str:
            answers = [await http.get(f"http://127.0.0.1:{port + number}/metrics") for number in range(3)]
            assert {answer.status_code for answer in answers} == {200}
            return "".join(answer.text for answer in answers)

        contact = {"contact": [{"number": "+4915112345678", "body": "hi"}]}
        key = {"Api-key": first_run["user_key"]}
        assert (await http.post(f"{first_run['url']}/api/sms/send", json=contact, headers=key)).status_code == 200
        async with asyncio.timeout(30):
            while not {"xsender_messages_total{", "xsender_workers 2.0"} <= set(
                re.findall(r"^(xsender_messages_total\{|xsender_workers 2.0)", text := await scraped(), re.MULTILINE)
            ):
                await asyncio.sleep(0.2)
        assert (await http.get(f"http://127.0.0.1:{port}/")).status_code == 404
    samples = dict(re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", text, re.MULTILINE))
    sent = 'xsender_messages_total{channel="sms",gateway="sandbox-sms",outcome="accepted"}'
    request = 'xsender_request_seconds_count{method="POST",route="/api/sms/send",status="2xx"}'
    assert [samples[name] for name in (sent, request, 'xsender_accept_seconds_count{channel="sms"}')] == ["1.0"] * 3
    names = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE)) | {name.partition("{")[0] for name in samples}
    for file in FILES.iterdir():
        used = set(re.findall(r"\b(?:xsender|temporal|process|python)_\w+", file.read_text()))
        assert used - names <= SELDOM, f"{file.name} looks at what nobody measures"
