"""The OpenAPI document is true: what it generates is answered as it says, for a user and for an admin."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from domain.access.user_scopes import SCOPES
from tests.api.admin import admin
from tests.faults.size import MINUTES
from tests.stack import Stack, User

# `positive_data_acceptance` is left out: a number that fits the schema may still not exist.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,ignored_auth"
)
CONFIG = f"""
{"" if MINUTES else 'hooks = "tests.api.first_of_each"'}
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "413", "414", "422", "429", "431"]
"""


async def conforms(stack: Stack, user: User, folder: Path, *more: str) -> None:
    await stack.http.get("/openapi.json")  # made when it is first read, which takes its time beside other tests
    (folder / "schemathesis.toml").write_text(CONFIG)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{stack.url}/openapi.json"),
        *("--header", f"Api-key: {user.key}", "--checks", CHECKS, "--phases", "examples,coverage,fuzzing"),
        *("--max-examples", "8" if MINUTES else "4", "--seed", "1", "--generation-deterministic"),
        *("--request-timeout", "60", "--max-failures", "5", "--no-color", "--warnings", "off"),
        *more,
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, "\n".join(line[:300] for line in output.decode().splitlines())


@pytest.fixture
async def furnished(own_stack: Stack) -> User:
    """A user's key with every scope; with credit, and gateways on every channel."""
    user = await own_stack.user(credit=100_000)
    key = await (await admin(own_stack)).data("POST", "/keys", {"user": user.id, "scopes": list(SCOPES)})
    for channel in ("email", "sms", "whatsapp"):
        await own_stack.gateway(user.id, channel, "sandbox", {})
    return User(user.id, key["key"])


async def test_the_document_is_true_for_a_user(own_stack: Stack, furnished: User, tmp_path: Path):
    await conforms(own_stack, furnished, tmp_path, "--exclude-path-regex", "^/api/admin/")


async def test_the_document_is_true_for_an_admin(own_stack: Stack, furnished: User, tmp_path: Path):
    await conforms(own_stack, await own_stack.admin(), tmp_path, "--include-path-regex", "^/(api/admin/|api/get/)")
