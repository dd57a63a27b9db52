"""Log-in by commands: invitations, passwords, sessions."""

import asyncio
import sys
from uuid import uuid4

from tests.api.admin import admin
from tests.api.log_in import PASSWORD, Person, enrol, member, some_address
from tests.cli.conftest import XSENDER
from tests.stack import Stack


async def test_staff_is_invited_and_its_sessions_are_ended(cli, stack: Stack):
    email = f"{uuid4().hex}@example.com"
    made = (await cli("staff", "add", "--email", email, "--name", "Bo", "--role", "support", "--json")).json
    token = (await cli("staff", "invite", made["id"], "--json")).json["token"]
    answer = await stack.http.post("/api/auth/reset", json={"token": token, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    person = Person(stack, "staff", made["id"], email, some_address())
    session = await person.begin()
    listed = (await cli("session", "list", "--staff", made["id"], "--json")).json
    assert [(one["id"], one["kind"], one["person_id"]) for one in listed] == [(session.id, "staff", made["id"])]
    assert session.id in [one["id"] for one in (await cli("session", "list", "--json")).json]
    assert (await cli("session", "end", session.id, "--json")).json == {"id": session.id, "ended": True}
    assert (await session.call("GET", "/api/auth/me")).status_code == 401
    assert "no session" in (await cli("session", "end", session.id)).refusal
    (event, *_) = (await cli("audit", "list", "--target", f"staff:{made['id']}", "--json")).json
    assert (event["action"], event["actor"]["type"]) == ("session.ended", "cli")


async def test_a_password_is_read_from_standard_input(environment, stack: Stack, tmp_path):
    person = await member(await admin(stack))
    session = await person.begin()

    async def run(line: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, XSENDER, "staff", "set-password", str(person.id)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            cwd=tmp_path,
        )
        out, _ = await process.communicate(line.encode())
        assert process.returncode is not None
        return process.returncode, out.decode()

    code, out = await run("a new passphrase\n")
    assert (code, "a new passphrase" in out) == (0, False), out
    assert (await session.call("GET", "/api/auth/me")).status_code == 401
    assert (await person.log_in(password="a new passphrase")).status_code == 200
    code, out = await run("short\n")
    assert (code, "10 to 200 characters" in out) == (1, True), out


async def test_a_setup_token_is_refused_once_an_owner_can_log_in(refusal, stack: Stack):
    await member(await admin(stack), "owner")
    assert "an owner who can log in" in await asyncio.to_thread(refusal, "setup-token")


async def test_a_command_removes_the_factor_of_who_lost_it(cli, stack: Stack):
    person = await member(await admin(stack))
    await enrol(await person.begin())
    assert (await person.log_in()).status_code == 401
    assert (await cli("staff", "reset-totp", person.id, "--json")).json == {"id": person.id, "totp": "removed"}
    await person.begin()
