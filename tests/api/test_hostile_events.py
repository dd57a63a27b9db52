"""Events with something impossible in each of their fields: read without an error of ours, and fit for the record."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import pytest

from domain.channels import Channel
from domain.messages.receipts import Event, Inbound, decode_events, encode_events
from gateways.base import GatewayConnections
from gateways.webhooks.events import LINK_CAP
from gateways.webhooks.webhook import UnreadablePost
from tests.api.doubles.double import PERSON, Double, Posting, Told
from tests.api.doubles.loop import DOUBLES
from tests.gateways.posts import post, webhook_of

IMPOSSIBLE = [
    *(None, True, -1, 10**18, 1e308, [], {}, [None], [[]], {"a": {}}, ["x"], [{"a": "\0"}], {"emailAddress": "\0"}),
    *("", "\0", "a\0b", "\u2028", "²", "9" * 400, "1e999", "nan", "-1", "x" * 100_000, "\x7f@example.com"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30", "a@b@c", "%00", "STOP\0"),
]
NOW = 1_790_000_000.0


@pytest.fixture
async def outside() -> AsyncIterator[GatewayConnections]:
    outside = GatewayConnections.open(inbox=None)
    yield outside
    await outside.aclose()


@pytest.mark.parametrize("name", DOUBLES)
def test_no_field_can_break_the_reading(outside: GatewayConnections, name: str):
    double = DOUBLES[name]("https://hooks.example.com")
    config = double.config | {"base_url": "https://api.example.com"}
    webhook = webhook_of(name, Channel(double.CHANNEL), config, outside)
    count = 0
    for posting in postings(double):
        for changed in variants(posting):
            given = post(changed.body, changed.headers, url=changed.url, method=changed.method, now=NOW)
            try:
                events = list(webhook.read(given))
            except UnreadablePost:
                continue
            count += len(events)
            assert decode_events(encode_events(events)) == events
            for event in events:
                assert_fit_for_the_record(event)
    assert count


def postings(double: Double) -> Iterator[Posting]:
    to = "ann@example.com" if double.CHANNEL == "email" else PERSON
    yield double.delivered(Told("uid", "id", to, address=double.hooks))
    if double.HEARS:
        yield double.says("Stop")


def variants(posting: Posting) -> Iterator[Posting]:
    """The post with one field after the other made impossible."""
    address, _, query = posting.url.partition("?")
    for pairs in of_pairs(query):
        yield replace(posting, url=f"{address}?{pairs}")
    try:
        body = json.loads(posting.body)
    except ValueError:
        yield from (replace(posting, body=pairs.encode()) for pairs in of_pairs(posting.body.decode()))
        return
    for changed in of_json(body):
        yield replace(posting, body=json.dumps(changed).encode())


def of_pairs(text: str) -> Iterator[str]:
    pairs = parse_qsl(text)
    for place, (name, _) in enumerate(pairs):
        for value in IMPOSSIBLE:
            yield urlencode([*pairs[:place], (name, str(value)), *pairs[place + 1 :]])


def of_json(value: object) -> Iterator[object]:
    """The value with itself, or something in it, replaced. Text that is JSON itself is taken apart, too."""
    yield from IMPOSSIBLE
    if isinstance(value, dict):
        yield from ({**value, key: changed} for key in value for changed in of_json(value[key]))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from ([*value[:place], changed, *value[place + 1 :]] for changed in of_json(one))
    elif isinstance(value, str) and value.startswith("{"):
        yield from map(json.dumps, of_json(json.loads(value)))


def assert_fit_for_the_record(event: Event) -> None:
    """Of the key only a digest is kept."""
    fields = {name: value for name, value in asdict(event).items() if name != "key"}
    texts = [text for text in fields.values() if isinstance(text, str)] + list(fields.get("media", ()))
    assert all("\0" not in text and text.encode() is not None for text in texts), fields
    assert 1970 <= datetime.fromtimestamp(event.at, UTC).year < 5000
    assert event.sender if isinstance(event, Inbound) else all(len(text) <= LINK_CAP for text in texts), fields
