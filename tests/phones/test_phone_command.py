"""``xsender phone`` as its own process."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.phones.phone_server import TOKEN, PhoneServer

XSENDER = Path(sys.executable).with_name("xsender")


async def _start(server: PhoneServer, folder: Path, *arguments: object) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        XSENDER,
        "phone",
        "--url",
        server.url,
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
        cwd=folder,
    )


@asynccontextmanager
async def _running(server: PhoneServer, folder: Path, *arguments: object) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await _start(server, folder, *arguments)
    try:
        yield process
    finally:
        process.kill()
        await process.communicate()


async def test_a_phone_prints_what_it_does(server: PhoneServer, tmp_path: Path):
    uid = await server.offer("Hello")
    arguments = ("--token", TOKEN, "--say", "left.jsonl", "--inbound", "+14155550199:Hi: there", "--json")
    async with _running(server, tmp_path, *arguments) as process:
        await server.reaches(uid, "delivered")
        await server.happens(lambda: server.inbound)
        assert process.stdout is not None
        events = []
        while "delivered" not in events:
            events.append(json.loads(await process.stdout.readline())["event"])
    assert events == ["paired", "taken", "radio", "sent", "delivered"]
    assert server.inbound[0]["body"] == "Hi: there"
    assert json.loads((tmp_path / "left.jsonl").read_text())["uid"] == uid


async def test_a_process_that_crashes_goes_on_with_its_folder(server: PhoneServer, tmp_path: Path):
    uid = await server.offer()
    process = await _start(server, tmp_path, "--token", TOKEN, "--state-dir", "state", "--crash", "after-radio")
    _, err = await process.communicate()
    assert (process.returncode, b"crashed" in err) == (70, True)
    async with _running(server, tmp_path, "--state-dir", "state", "--say", "left.jsonl"):
        await server.reaches(uid, "accepted")
        later = await server.offer()
        await server.reaches(later, "delivered")
    assert json.loads((tmp_path / "left.jsonl").read_text())["uid"] == later


async def test_each_phone_of_a_fleet_has_a_token_of_the_file(server: PhoneServer, tmp_path: Path):
    server.secrets = {"ATKN-1", "ATKN-2"}
    (tmp_path / "tokens.csv").write_text("id,token\n1,ATKN-1\n2,ATKN-2\n")
    async with _running(server, tmp_path, "--fleet", 2, "--tokens", "tokens.csv"):
        await server.happens(lambda: len(server.sessions) == 2)
    assert {body["pairing_token"] for body in server.introductions} == {"ATKN-1", "ATKN-2"}
    assert len({body["device_uuid"] for body in server.introductions}) == 2


async def test_a_code_of_the_app_pairs_through_its_door(server: PhoneServer, tmp_path: Path):
    server.secrets = {"abc234"}
    async with _running(server, tmp_path, "--door", "smsgate", "--code", "abc234"):
        await server.happens(lambda: server.streams)


async def test_a_refused_token_ends_the_command(server: PhoneServer, tmp_path: Path):
    process = await _start(server, tmp_path, "--token", "ATKN-unknown")
    _, err = await process.communicate()
    assert (process.returncode, b"refuses the phone" in err) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--fail", "NO=2"),
        ("--fail", "RESULT_ERROR_NO_SERVICE=2"),
        ("--crash", "now"),
        ("--carrier-limit", "30"),
        ("--offline", "10"),
        ("--inbound", "Hello"),
        ("--fleet", "2", "--token", TOKEN),
    ],
    ids=" ".join,
)
async def test_orders_that_are_none_are_refused(server: PhoneServer, tmp_path: Path, arguments: tuple[str, ...]):
    process = await _start(server, tmp_path, *arguments)
    _, err = await process.communicate()
    assert (process.returncode, b"Traceback" in err) == (1, False), err
