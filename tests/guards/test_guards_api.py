"""Guards over HTTP and by commands: set, shown, refused where they make no sense."""

import pytest

from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.test_narrowed_keys import key_with
from tests.stack import Stack, User

OFF = {
    "countries": None,
    "quiet_hours": {"on": False, "channels": ["sms", "whatsapp"], "from": None, "to": None},
    "frequency_cap": {"per_day": None, "per_week": None, "over": "skip"},
    "pumping": {"mode": "off", "prefix_per_hour": 100, "safe_numbers": []},
}


async def call(stack: Stack, user: User, method: str, path: str = "", body: object = None):
    more = {} if body is None else {"json": body}
    return await stack.http.request(method, f"/api/guards{path}", headers=user.headers, **more)


async def test_they_are_off_set_part_by_part_and_shown(stack: Stack):
    user = await key_with(stack, await stack.user(), "contacts", "send", "read")
    assert (await call(stack, user, "GET")).json()["data"] == OFF
    quiet = {"on": True, "from": "21:00", "to": "08:00"}
    changed = (await call(stack, user, "PATCH", "", {"quiet_hours": quiet, "countries": ["de", "AT"]})).json()["data"]
    assert changed["countries"] == ["AT", "DE"]
    assert changed["quiet_hours"] == {"on": True, "channels": ["sms", "whatsapp"], "from": "21:00", "to": "08:00"}
    dry = await call(stack, user, "PATCH", "?dry_run=true", {"countries": None})
    assert dry.json()["data"]["countries"] is None
    pumping = {"mode": "on", "safe_numbers": ["+1 415 555 0123"]}
    changed = (await call(stack, user, "PATCH", "", {"pumping": pumping})).json()["data"]
    assert changed["pumping"]["safe_numbers"] == ["+14155550123"]
    assert changed["countries"] == ["AT", "DE"]
    await stack.gateway(user.id, "sms", "sandbox", {})
    contact = {"number": "+33612345678", "message": "Hi"}
    assert_error(await stack.send(user, "sms", contact), 422, "country_not_allowed", "/contact/0/number")
    assert (await call(stack, user, "PATCH", "", OFF)).json()["data"] == OFF


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"countries": ["Germany"]}, "/countries/0"),
        ({"quiet_hours": {"from": "08:00", "to": "20:00"}}, "/quiet_hours"),
        ({"quiet_hours": {"from": "21:00"}}, "/quiet_hours"),
        ({"quiet_hours": {"from": "25:00", "to": "08:00"}}, "/quiet_hours/from"),
        ({"frequency_cap": {"per_day": -1}}, "/frequency_cap/per_day"),
        ({"pumping": {"safe_numbers": ["12"]}}, "/pumping/safe_numbers/0"),
        ({"pumping": {"mode": "maybe"}}, "/pumping/mode"),
    ],
)
async def test_what_makes_no_sense_is_refused_at_its_place(stack: Stack, body: dict, place: str):
    user = await key_with(stack, await stack.user(), "contacts")
    answer = await call(stack, user, "PATCH", "", body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [place]


async def test_the_plan_and_the_guards_both_limit_countries(stack: Stack):
    owner = await admin(stack)
    user = await key_with(stack, await stack.user(), "contacts", "send")
    changed = await owner.data("PATCH", f"/users/{user.id}/guards", {"countries": ["DE"]})
    assert changed["countries"] == ["DE"]
    assert (await owner.data("GET", f"/users/{user.id}/guards")) == changed
    (event, *_) = await owner.data("GET", f"/audit?target=user:{user.id}&action=user.guards_changed")
    assert event["changes"][0]["field"] == "countries"


async def test_refusals_are_listed_newest_first_page_by_page(stack: Stack):
    user = await key_with(stack, await stack.user(), "contacts", "send", "read")
    await stack.gateway(user.id, "sms", "sandbox", {})
    await call(stack, user, "PATCH", "", {"pumping": {"mode": "monitor"}})
    for number in ("+449098790001", "+449098790002"):
        answer = await stack.send(user, "sms", {"number": number, "message": "Hi"})
        assert (await stack.final(user, "sms", answer.json()["data"][0]["uid"]))["state"] == "sent"
    first = (await call(stack, user, "GET", "/refusals?limit=1")).json()
    assert [one["recipient"] for one in first["data"]] == ["+449098790002"]
    assert first["data"][0]["enforced"] is False
    rest = (await call(stack, user, "GET", f"/refusals?limit=1&cursor={first['next_cursor']}")).json()
    assert [one["recipient"] for one in rest["data"]] == ["+449098790001"]
    assert rest["next_cursor"] is None
