"""The page about limits of requests cannot fall behind the code."""

import json
import re
from pathlib import Path

import pytest

from api.http import body
from api.http.bodies import body_memory, upload
from api.http.request_cost import MAX_VALUES
from api.limits import admission, offload
from api.sending import large_bodies
from api.sending.parse_request import read_request
from domain.channels import Channel
from domain.errors import MAX_SHOWN
from domain.request_rates import RATE_CLASSES, contacts_cost, size_cost
from services.contacts import numbers, unknown_fields
from services.contacts.models import MAX_CONTACTS
from services.contacts.read import Terms

PAGE = (Path(__file__).parents[2] / "docs" / "requests.md").read_text()
WORDS = " ".join(PAGE.split())
MIB = 1024 * 1024


@pytest.mark.parametrize(
    "limit",
    [
        f"{large_bodies.LARGE_BODY // MIB} MiB, {MAX_CONTACTS:,} contacts, {MAX_VALUES:,} values",
        f"{body.SMALL_BODY // 1024} KiB, {body.MAX_SMALL_VALUES:,} values",
        f"after {upload.GRACE:g} s at least {upload.LEAST_RATE // 1024} KiB/s",
        f"all of it within {upload.LONGEST:g} s",
        f"the first {MAX_SHOWN}",
        f"{offload.LONGEST:g} s; then 422 `too_heavy`",
        f"more than {body.MAX_BODY // MIB} MiB",
        f"{body_memory.SHARE // MIB} MiB | {body_memory.TOTAL // MIB} MiB",
        f"without the first {body_memory.UNCOUNTED // 1024} KiB",
        f"50 more that wait | {offload.PROCESSES} |",
        f"{admission.MOST:,} of {admission.MOST_BYTES // MIB} MiB",
    ],
)
def test_the_limits_are_those_of_the_code(limit: str):
    assert limit in PAGE


@pytest.mark.parametrize("name", RATE_CLASSES)
def test_every_rate_class_is_documented(name: str):
    rate = RATE_CLASSES[name]
    assert f"`{name}`" in PAGE
    assert rate is None or f"{rate.per_second:,} " in WORDS
    assert rate is None or f" {rate.burst:,}" in WORDS


def test_the_warning_that_is_shown_is_the_one_that_is_given():
    assert f"the first {unknown_fields.MAX_LISTED} in `fields`" in WORDS
    assert f"The first {numbers.MAX_LISTED} contacts in `indexes`" in WORDS
    body = {"contact": [{"number": "+14155550123", "body": "Hi", "schedual_at": "2027-01-01"}]}
    read = read_request(json.dumps(body).encode(), Channel.SMS, Terms("UTC", None, 1, None))
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert json.loads(shown)["warnings"] == read.contacts.warnings()


def test_the_costs_are_those_of_the_code():
    assert (size_cost(64 * 1024 - 1), size_cost(64 * 1024), contacts_cost(99), contacts_cost(100)) == (0, 1, 0, 1)
    assert "every full 64 KiB" in PAGE
    assert "every full 100" in PAGE
