"""Reading mails by a hand that is not Python's: the npm package postal-mime."""

import asyncio
import json
from base64 import b64encode
from typing import Any

from smsc import NODE, PEERS


async def read(*mails: bytes) -> list[dict[str, Any]]:
    """What each mail says, by postal-mime."""
    process = await asyncio.create_subprocess_exec(
        str(NODE),
        str(PEERS / "mails.mjs"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(b"".join(b64encode(mail) + b"\n" for mail in mails))
    assert process.returncode == 0
    return [json.loads(line) for line in out.splitlines()]
