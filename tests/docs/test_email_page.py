"""The page about emails cannot fall behind the code, and its examples work."""

import json
import re
from pathlib import Path

import pytest

from services.contacts.mail.models import MAX_CC, MAX_FILE_BYTES, MAX_FILES, MAX_HEADERS, AttachedFile, MailFields
from store.messages.attachments import KEPT
from tests.api.mail_stack import arrived, post, public_stack, sender
from tests.stack import Stack

PAGE = (Path(__file__).parents[2] / "docs" / "email.md").read_text()
EXAMPLES = [json.loads(body) for body in re.findall(r"-d '(.*?)'\n```", PAGE, re.DOTALL)]


@pytest.mark.parametrize("field", [name.rstrip("_") for name in (*MailFields.model_fields, *AttachedFile.model_fields)])
def test_every_field_is_documented(field: str):
    assert f"`{field}`" in PAGE


def test_the_limits_are_those_of_the_code():
    assert f"up to {MAX_CC} addresses" in PAGE
    assert f"up to {MAX_HEADERS} more headers" in PAGE
    assert f"up to {MAX_FILES} files, {MAX_FILE_BYTES // 1024**2} MiB together" in PAGE
    assert (KEPT.days, "a week after" in PAGE) == (7, True)


@pytest.mark.parametrize("body", EXAMPLES, ids=range(len(EXAMPLES)))
async def test_the_examples_work(stack: Stack, body: dict):
    async with public_stack(stack) as public:
        user = await sender(public)
        answer = await post(public, user, body)
        assert answer.status_code == 200, answer.text
        for item in answer.json()["data"]:
            assert "{{" not in (await arrived(public, user, item["uid"]))["html"]


def test_there_are_examples():
    assert len(EXAMPLES) == 2
