"""``xsender secret``: set, listed without values, deleted."""

import asyncio
import json
import sys
from pathlib import Path

from domain.keyring import CREDENTIALS, Keyring
from store.automations import secrets

XSENDER = Path(sys.executable).with_name("xsender")


async def piped(environment: dict[str, str], tmp_path: Path, text: str, *arguments: object) -> tuple[str, str]:
    """What a command that reads standard input says."""
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    process = await asyncio.create_subprocess_exec(
        sys.executable, XSENDER, *map(str, arguments), **pipes, env=environment, cwd=tmp_path
    )
    out, err = await process.communicate(text.encode())
    return out.decode(), err.decode()


async def test_a_secret_is_set_from_standard_input_and_never_shown(cli, user, pool, environment, tmp_path, settings):
    value = "Bearer abc-123456"
    command = ("secret", "set", "crm", "--user", user, "--host", "CRM.example.com", "--json")
    out, _ = await piped(environment, tmp_path, f"{value}\n", *command)
    assert (json.loads(out)["name"], json.loads(out)["hosts"]) == ("crm", ["crm.example.com"])
    listed = await cli("secret", "list", "--user", user, "--json")
    assert [one["name"] for one in listed.json] == ["crm"]
    assert "abc-123456" not in out + listed.out
    keyring = Keyring.parse(settings.keys.get_secret_value(), CREDENTIALS)
    assert (await secrets.opened(pool, keyring, user, ["crm"]))["crm"].value == value
    assert "printable" in (await piped(environment, tmp_path, "ü\n", *command))[1]
    await cli("secret", "delete", "crm", "--user", user)
    assert "no secret" in (await cli("secret", "delete", "crm", "--user", user)).refusal
