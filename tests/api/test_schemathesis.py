"""The OpenAPI document is true: what it generates is answered as it says, for a user and for an admin."""

import asyncio
import sys
from pathlib import Path

import pytest

from store.settings import install_settings
from tests.stack import Stack, User

# `positive_data_acceptance` is left out: a number that fits the schema may still not exist.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,ignored_auth"
)
CONFIG = """
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "413", "414", "422", "429", "431"]
"""


async def conforms(stack: Stack, user: User, folder: Path, *more: str) -> None:
    (folder / "schemathesis.toml").write_text(CONFIG)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{stack.url}/openapi.json"),
        *("--header", f"Api-key: {user.key}", "--checks", CHECKS, "--phases", "examples,coverage,fuzzing"),
        *("--max-examples", "8", "--seed", "1", "--generation-deterministic"),
        *("--request-timeout", "20", "--max-failures", "5", "--no-color", "--warnings", "off"),
        *more,
    ]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, "\n".join(line[:300] for line in output.decode().splitlines())


@pytest.fixture
async def furnished(stack: Stack) -> User:
    """A user with credit and gateways on every channel."""
    user = await stack.user(credit=100_000)
    for channel in ("email", "sms", "whatsapp"):
        await stack.gateway(user.id, channel, "sandbox", {})
    return user


async def test_the_document_is_true_for_a_user(stack: Stack, furnished: User, tmp_path: Path):
    await conforms(stack, furnished, tmp_path, "--exclude-path-regex", "^/api/admin/")


async def test_the_document_is_true_for_an_admin(stack: Stack, tmp_path: Path):
    try:
        await conforms(stack, await stack.admin(), tmp_path, "--include-path-regex", "^/(api/admin/|api/get/)")
    finally:  # tests that come later need the defaults
        await install_settings.write(stack.pool, {})
