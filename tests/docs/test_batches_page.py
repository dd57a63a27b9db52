"""The page about batches cannot fall behind the code."""

from pathlib import Path
from typing import get_args

import pytest

from api.batches.models import BatchState
from api.batches.routes import router
from api.sending.large_bodies import LARGE_BODY
from domain.batches.progress import MOST_RELEVANT_FIRST
from domain.ids import PAGE_SIZE
from domain.lanes import Lane
from domain.messages.page_content import PAGE_BYTES
from services.contacts.models import MAX_CONTACTS, MAX_TRANSACTIONAL, SmsContact, SmsSend

PAGE = (Path(__file__).parents[2] / "docs" / "batches.md").read_text()


@pytest.mark.parametrize("route", router.routes, ids=lambda route: route.name)
def test_every_route_is_documented(route):
    (method,) = route.methods
    assert f"`{method} {route.path}`" in PAGE


@pytest.mark.parametrize("word", [*get_args(BatchState), *MOST_RELEVANT_FIRST, "paused", "worker", *Lane])
def test_every_word_is_documented(word):
    assert f"`{word}`" in PAGE


def test_every_request_wide_field_is_documented():
    table = PAGE.split("| beside `contact`")[1].split("\n\n")[0]
    shared = set(SmsSend.model_fields) - {"contact"}
    assert not [field for field in shared if f"`{field}`" not in table]
    of_all = {"priority", "duplicates", "purpose", "template", "template_version", "language", "shorten_links"}
    assert shared - of_all < set(SmsContact.model_fields)


def test_the_limits_are_those_of_the_code():
    assert f"up to {MAX_CONTACTS:,} contacts and {LARGE_BODY // 1024**2} MiB" in PAGE
    assert f"Up to {PAGE_SIZE} of them leave together" in PAGE
    assert f"{PAGE_BYTES // 10**6} MB; more become" in PAGE
    assert f"`transactional` for up to {MAX_TRANSACTIONAL} contacts" in PAGE
