"""How Meta judges a gateway's number: read from Meta, reported by its webhooks, and shown with the gateway's health."""

import time
from typing import Any
from uuid import uuid4

import pytest

from domain.whatsapp.numbers import NumberReport
from gateways.webhooks.webhook import UnreadablePost
from gateways.whatsapp.cloud_numbers import reports_of_numbers
from store.gateways import gateways
from store.whatsapp import numbers
from tests.api.admin import admin
from tests.api.test_narrowed_keys import key_with
from tests.api.whatsapp.fake_meta import WABA, post
from tests.api.whatsapp.test_reply_window import Way, open_way, read_templates
from tests.stack import Stack

NUMBER = "+15550953877"
READ = {"display_phone_number": "+1 555-095-3877", "quality_rating": "GREEN", "messaging_limit_tier": "TIER_250"}
QUALITY = "phone_number_quality_update"


def value(event: str = "FLAGGED", number: str = "15550953877", **more: Any) -> dict[str, Any]:
    return {"display_phone_number": number, "event": event, "current_limit": "TIER_1K"} | more


async def shown(way: Way) -> dict[str, Any] | None:
    answered = await way.stack.http.get(f"/api/gateways/{way.id}/health", headers=way.user.headers)
    assert answered.status_code == 200, answered.text
    return answered.json()["data"]["number"]


async def test_it_is_read_from_meta_and_shown_to_its_user_and_to_staff(stack: Stack):
    async with open_way(stack) as way:
        assert await shown(way) is None
        way.meta.number = READ
        await read_templates(stack)
        found = await shown(way)
        assert found is not None
        head = {name: found[name] for name in ("number", "quality", "messaging_limit", "event")}
        assert head == {"number": NUMBER, "quality": "GREEN", "messaging_limit": "TIER_250", "event": None}
        assert (found["reported_at"], found["read_at"] is not None) == (None, True)
        staff = await admin(stack)
        assert (await staff.data("GET", f"/gateways/{way.id}"))["number"] == head
        owner = await key_with(stack, way.user, "gateways")
        own = await stack.http.get(f"/api/gateways/{way.id}", headers=owner.headers)
        assert own.json()["data"]["number"] == head


async def test_a_report_counts_and_has_it_read_again(stack: Stack):
    async with open_way(stack, business_account_id=WABA) as way:
        way.meta.number = READ
        await read_templates(stack)
        way.meta.number = READ | {"quality_rating": "RED", "messaging_limit_tier": None}
        at = int(time.time())
        assert (await post(stack, way.id, QUALITY, value(), time=at)).status_code == 200
        found = await shown(way)
        assert found is not None
        assert (found["event"], found["messaging_limit"], found["quality"]) == ("FLAGGED", "TIER_1K", "GREEN")
        await read_templates(stack)
        found = await shown(way)
        assert found is not None
        assert (found["event"], found["messaging_limit"], found["quality"]) == ("FLAGGED", "TIER_1K", "RED")


@pytest.mark.parametrize(
    ("field", "reported", "entry"),
    [
        (QUALITY, value(number="15550000000"), {}),
        (QUALITY, value(), {"id": "1"}),
        (QUALITY, value(), {"time": int(time.time()) - 3600}),
        (QUALITY, value(number=""), {}),
        (QUALITY, {"display_phone_number": 5, "event": ["FLAGGED"]}, {}),
        (QUALITY, [], {}),
        ("business_capability_update", {"max_phone_numbers_per_waba": 25}, {}),
    ],
)
async def test_what_is_about_others_or_older_changes_nothing(stack: Stack, field: str, reported: Any, entry: Any):
    async with open_way(stack, business_account_id=WABA) as way:
        way.meta.number = READ
        await read_templates(stack)
        await post(stack, way.id, QUALITY, value("UPGRADE", current_limit="TIER_2K"), time=int(time.time()))
        assert (await post(stack, way.id, field, reported, **entry)).status_code == 200
        found = await shown(way)
        assert found is not None
        assert (found["event"], found["messaging_limit"]) == ("UPGRADE", "TIER_2K")


@pytest.mark.parametrize(
    ("field", "reported", "expected"),
    [
        (QUALITY, value(max_daily_conversations_per_business="TIER_10K"), ("FLAGGED", "TIER_10K")),
        (QUALITY, value("THROUGHPUT_UPGRADE", current_limit="TIER_UNLIMITED"), ("THROUGHPUT_UPGRADE", None)),
        (QUALITY, value("x" * 500, current_limit="\0"), (None, None)),
        ("business_capability_update", {"max_daily_conversations_per_business": 2000}, (None, "TIER_2K")),
        ("business_capability_update", {"max_daily_conversation_per_phone": -1}, (None, "TIER_UNLIMITED")),
        ("business_capability_update", {"max_daily_conversations_per_business": 777}, (None, "777")),
    ],
)
def test_reports_are_read(field: str, reported: dict[str, Any], expected: tuple[str | None, str | None]):
    body = {"entry": [{"id": WABA, "time": 5e9, "changes": [{"field": field, "value": reported}]}]}
    (report,) = reports_of_numbers(body, WABA, now=1000.0)
    assert (report.event, report.messaging_limit, report.at) == (*expected, 1000.0)


@pytest.mark.parametrize("body", [5, {"entry": 5}, {"entry": [{"id": WABA, "changes": "x"}]}])
def test_what_is_no_report_is_refused(body: Any):
    with pytest.raises(UnreadablePost):
        list(reports_of_numbers(body, WABA, now=0.0))


@pytest.mark.parametrize("number", [{}, [], {"display_phone_number": "nobody"}, {"display_phone_number": "\0"}])
async def test_what_meta_does_not_tell_is_not_kept(stack: Stack, number: Any):
    async with open_way(stack) as way:
        way.meta.number = number
        await read_templates(stack)
        assert await shown(way) is None


async def test_what_is_told_of_a_deleted_gateway_is_dropped(stack: Stack):
    report = NumberReport(NUMBER, "RED", "TIER_1K", "FLAGGED", time.time())
    await numbers.note_report(stack.pool, gone := uuid4(), report)
    await numbers.note_read(stack.pool, gone, report)
    assert await numbers.of_gateway(stack.pool, gone) is None


async def test_staff_lists_the_templates_of_any_gateway(stack: Stack):
    async with open_way(stack, business_account_id=WABA) as way:
        of_meta = {"id": "1", "language": "en_US", "status": "APPROVED", "category": "UTILITY", "components": []}
        way.meta.templates = [of_meta | {"name": f"t{n}"} for n in range(3)]
        await read_templates(stack)
        staff = await admin(stack)
        found = await staff.data("GET", f"/gateways/{way.id}/provider-templates")
        assert [(one["name"], one["gateway"], one["status"]) for one in found] == [
            (f"t{n}", way.identifier, "APPROVED") for n in range(3)
        ]
        first = await staff.call("GET", f"/gateways/{way.id}/provider-templates?limit=2")
        rest = f"/gateways/{way.id}/provider-templates?cursor={first.json()['next_cursor']}"
        assert [one["name"] for one in await staff.data("GET", rest)] == ["t2"]
        csv = await staff.call("GET", f"/gateways/{way.id}/provider-templates?format=csv")
        assert csv.text.splitlines()[0].startswith("gateway,name,language")
        other = await stack.gateway(way.user.id, "whatsapp", "sandbox", {})
        (gateway,) = await gateways.named(stack.pool, way.user.id, other)
        assert await staff.data("GET", f"/gateways/{gateway.id}/provider-templates") == []
        nobody = "00000000-0000-0000-0000-000000000000"
        assert (await staff.call("GET", f"/gateways/{nobody}/provider-templates")).status_code == 404
