"""The page about callbacks cannot fall behind the code, and its example verifies what is posted."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from activities.callbacks import AT_A_TIME
from api.callbacks import deliveries as callback_deliveries
from api.callbacks import routes as callbacks
from api.callbacks.models import CallbackEndpoint, ChangeCallback, RegisterCallback, RotateSecret
from domain.callbacks import FAILING_SECONDS, LADDER, TEST_EVENT, EventType, Snapshot, new_secret
from gateways.callback import ANSWER_SECONDS
from gateways.webhooks.standard_webhooks import sign
from services.settings.models import Retention
from store.callbacks.callback_endpoints import MOST
from workflows.policy import CALLBACK_QUEUE

PAGE = (Path(__file__).parents[2] / "docs" / "callbacks.md").read_text()


@pytest.mark.parametrize("route", [*callbacks.router.routes, *callback_deliveries.router.routes], ids=lambda r: r.name)
def test_every_route_is_documented(route):
    (method,) = route.methods
    assert f"`{method} {route.path}`" in PAGE


@pytest.mark.parametrize("kind", [*EventType, TEST_EVENT])
def test_every_event_is_documented(kind):
    assert f"`{kind}`" in PAGE


@pytest.mark.parametrize("field", [*RegisterCallback.model_fields, *ChangeCallback.model_fields, "failing_since"])
def test_every_field_of_an_endpoint_is_documented(field):
    assert f"`{field}`" in PAGE
    assert field in CallbackEndpoint.model_fields


def test_the_example_of_a_post_has_every_field():
    example = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    assert set(example) == {"type", "timestamp", "data"}
    message = Snapshot(UUID(int=0), 7, "sms", "", "sent", True, None, None, None, None, False, datetime.now(UTC))
    assert list(example["data"]) == list(message.data())


def test_the_numbers_are_those_of_the_code():
    words = "5 s, 5 min, 30 min, and 2, 5, 10, 14, 20 and 24 h"
    hours = (2, 5, 10, 14, 20, 24)
    assert list(LADDER) == [0, 5, 5 * 60, 30 * 60, *(3600 * hour for hour in hours)]
    assert words in PAGE.replace("\n", " ")
    assert f"within {ANSWER_SECONDS:.0f} seconds" in PAGE
    assert f"nothing for {FAILING_SECONDS / 86_400:.0f} days" in PAGE
    assert f"otherwise up to {AT_A_TIME}." in PAGE
    assert f"your endpoints, {MOST} at most" in PAGE
    assert f"in the last {Retention().callback_days} days" in PAGE
    assert f'{{"overlap_hours": {RotateSecret().overlap_hours}}}' in PAGE
    assert f"`{CALLBACK_QUEUE}`" in PAGE


@pytest.fixture
def is_ours() -> Callable[[str, dict[str, str], bytes], bool]:
    """The function of the page's example."""
    found: dict[str, Callable[[str, dict[str, str], bytes], bool]] = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1], found)
    return found["is_ours"]


def test_the_example_believes_what_is_posted_and_nothing_else(is_ours):
    former, current, body, now = new_secret(), new_secret(), b'{"type": "endpoint.test"}', int(time.time())
    headers = {
        "webhook-id": "id-1",
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(sign(secret, "id-1", now, body) for secret in (current, former)),
    }
    assert is_ours(current, headers, body)
    assert is_ours(former, headers, body)
    assert not is_ours(new_secret(), headers, body)
    assert not is_ours(current, headers, body + b" ")
    assert not is_ours(current, headers | {"webhook-id": "id-2"}, body)
    assert not is_ours(current, headers | {"webhook-timestamp": str(now - 400)}, body)
