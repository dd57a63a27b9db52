"""Amazon's services as moto plays them, in a process of its own."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateways.net.http import HttpClient, call
from gateways.net.http_answer import Answer

PYTHON = Path(__file__).parent / "peers" / ".venv" / "bin" / "python"
"""It has an environment of its own: it needs older packages than we do."""
_START_SECONDS = 60


class Moto:
    """A server with nothing in it yet."""

    def __init__(self, url: str, http: HttpClient) -> None:
        self.url = url
        self._http = http

    async def verify_sender(self, address: str) -> None:
        """Have an address verified as one may send from."""
        scope = "Credential=AKIDEXAMPLE/20260101/eu-west-1/ses/aws4_request"
        headers = {"authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
        body = json.dumps({"EmailIdentity": address}).encode()
        answer = await self._http.exchange(call("POST", f"{self.url}/v2/email/identities", headers), body)
        assert isinstance(answer, Answer)
        assert answer.status == 200

    async def mails(self) -> list[dict[str, Any]]:
        """What was sent."""
        answer = await self._http.exchange(call("GET", f"{self.url}/moto-api/data.json", {}))
        assert isinstance(answer, Answer)
        found: list[dict[str, Any]] = json.loads(answer.body)["ses"]["RawMessage"]
        return found


@asynccontextmanager
async def moto_server() -> AsyncIterator[Moto]:
    """Run moto on a free port of the loopback."""
    assert PYTHON.exists(), "the peer is not installed: run make setup"
    process = await asyncio.create_subprocess_exec(
        *(str(PYTHON), "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"), stderr=asyncio.subprocess.PIPE
    )
    http = HttpClient(private=True)
    try:
        assert process.stderr is not None
        async with asyncio.timeout(_START_SECONDS):
            head = await process.stderr.readuntil(b"CTRL+C")
        address = re.search(rb"http://127\.0\.0\.1:\d+", head)
        assert address is not None
        yield Moto(address[0].decode(), http)
    finally:
        await http.aclose()
        process.kill()
        await process.communicate()
