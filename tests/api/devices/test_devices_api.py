"""Devices as their owners and staff manage them: health, why they are idle, revoking, SIMs."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.devices.phones import Phone, android_gateway, gateway_keeper, paired, register
from tests.api.devices.test_pairing import handed, state_of_message
from tests.stack import Stack, User


@pytest.fixture
def stack(alone: Stack) -> Stack:
    return alone


async def call(stack: Stack, user: User, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    return await stack.http.request(method, f"/api/devices{path}", json=body, headers=user.headers | headers)


async def data(stack: Stack, user: User, method: str, path: str, body: Any = None) -> Any:
    answer = await call(stack, user, method, path, body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_phones_are_listed_with_filters(stack: Stack):
    user = await gateway_keeper(stack)
    first, second = await paired(stack, user), await paired(stack, user)
    ids = [str(await phone.id()) for phone in (second, first)]
    assert [one["id"] for one in await data(stack, user, "GET", "")] == ids
    await data(stack, user, "POST", f"/{ids[0]}/revoke")
    assert [one["id"] for one in await data(stack, user, "GET", "?state=revoked")] == ids[:1]
    gateway = await android_gateway(stack, user)
    assert len(await data(stack, user, "GET", f"?gateway={gateway}&state=active")) == 1
    assert await data(stack, user, "GET", f"?gateway={uuid4()}") == []
    page = (await call(stack, user, "GET", "?limit=1")).json()
    rest = (await call(stack, user, "GET", f"?limit=1&cursor={page['next_cursor']}")).json()
    assert [one["id"] for one in (*page["data"], *rest["data"])] == ids
    assert "text/csv" in (await call(stack, user, "GET", "?format=csv")).headers["content-type"]


async def test_a_phone_is_shown_with_what_its_sims_may_still_send(stack: Stack):
    user = await gateway_keeper(stack)
    phone = await paired(stack, user, sims=[{"slot": 0}, {"slot": 1}], android_version="14")
    where = f"/{await phone.id()}"
    await data(stack, user, "PATCH", f"{where}/sims/sim-1", {"per_day": 3, "unique_per_month": 2})
    await uses(phone, "sim-1", ("a", 1), ("b", 1))
    found = await data(stack, user, "GET", where)
    assert (found["online"], found["android_version"], found["held"]) == (True, "14", 0)
    first, second = found["sims"]
    assert first["used"] == {"minute": 2, "hour": 2, "day": 2, "unique_per_month": 2}
    assert first["left"] == {"per_minute": None, "per_hour": None, "per_day": 1, "unique_per_month": 0}
    assert first["idle"]["code"] == "unique_per_month"
    assert second["idle"] is None
    assert found["idle"]["code"] == "nothing_waits"


async def test_it_says_why_it_is_idle(stack: Stack):
    user = await gateway_keeper(stack)
    phone = await paired(stack, user)
    device = await phone.id()

    async def why() -> str | None:
        idle = (await data(stack, user, "GET", f"/{device}"))["idle"]
        return idle and idle["code"]

    await handed(phone)
    assert await why() is None
    await execute(stack, "update device_sims set cooling_until = clock_timestamp() + interval '1 hour'", device)
    assert await why() == "sims_idle"
    await data(stack, user, "PATCH", f"/{device}/sims/sim-1", {"enabled": True})
    assert await why() is None
    await data(stack, user, "PATCH", f"/{device}/sims/sim-1", {"enabled": False})
    assert await why() == "sims_idle"
    await phone.call("POST", "/sim/delete", {"uid": "sim-1"})
    assert await why() == "no_sim"
    await execute(stack, "update gateways set mode = 'paused'", UUID(phone.gateway_uid), "id")
    assert await why() == "gateway_paused"
    await execute(stack, "update devices set seen_at = clock_timestamp() - interval '1 hour'", device, "id")
    assert await why() == "offline"
    await phone.call("POST", "/logout")
    assert await why() == "logged_out"
    await data(stack, user, "POST", f"/{device}/revoke")
    assert await why() == "revoked"


async def test_a_revoked_phone_is_out_at_once_and_its_messages_are_unknown(stack: Stack):
    user = await gateway_keeper(stack)
    phone = await paired(stack, user, journal="log")
    device, uid = await phone.id(), await handed(phone)
    again = await data(stack, user, "POST", f"/{device}/pair")
    assert (await data(stack, user, "POST", f"/{device}/revoke"))["state"] == "revoked"
    assert_error(await phone.call("GET", "/sim/list"), 401, "unauthorized")
    assert await state_of_message(stack, uid) == ("ended", "unknown", "device_revoked", None)
    assert_error(await register(stack, again["token"], phone.device_uuid), 401, "pairing_refused")
    later = await data(stack, user, "POST", f"/{device}/pair")
    answer = await register(stack, later["token"], phone.device_uuid)
    assert answer.json()["data"]["gateway_uid"] == phone.gateway_uid
    assert (await data(stack, user, "GET", f"/{device}"))["state"] == "active"


async def test_a_name_stays_when_the_phone_is_paired_again(stack: Stack):
    user = await gateway_keeper(stack)
    phone = await paired(stack, user)
    where = f"/{await phone.id()}"
    assert (await data(stack, user, "PATCH", where, {"name": "Till"}))["name"] == "Till"
    await paired(stack, user, phone.device_uuid)
    answer = await call(stack, user, "GET", where)
    assert answer.json()["data"]["name"] == "Till"
    await data(stack, user, "PATCH", where, {"name": "Desk"})
    stale = await call(stack, user, "PATCH", where, {"name": "Door"}, **{"If-Match": answer.headers["etag"]})
    assert_error(stale, 412, "changed_meanwhile")


async def test_a_preset_sets_all_caps_and_is_forgotten_once_they_differ(stack: Stack):
    user = await gateway_keeper(stack)
    phone = await paired(stack, user)
    where = f"/{await phone.id()}/sims/sim-1"
    sim = await data(stack, user, "PATCH", where, {"preset": "consumer", "label": "Main"})
    caps = (sim["preset"], sim["per_day"], sim["unique_per_month"], sim["gap_min"], sim["gap_max"])
    assert caps == ("consumer", 200, 99, 8.0, 20.0)
    sim = await data(stack, user, "PATCH", where, {"per_day": 150})
    assert (sim["preset"], sim["per_day"], sim["unique_per_month"]) == (None, 150, 99)
    sim = await data(stack, user, "PATCH", where, {"preset": "m2m", "per_day": None})
    assert (sim["preset"], sim["per_day"], sim["per_minute"]) == (None, None, 20)
    assert await data(stack, user, "GET", where) == sim
    assert_error(await call(stack, user, "PATCH", where, {"countries": ["XX"]}), 422, "sim_country", "/countries/0")
    assert_error(await call(stack, user, "PATCH", where, {"number": "12"}), 422, "sim_number", "/number")
    assert_error(await call(stack, user, "GET", where[:-1] + "9"), 404, "sim_not_found")


async def test_a_dry_run_changes_nothing(stack: Stack):
    user = await gateway_keeper(stack)
    phone = await paired(stack, user)
    device = await phone.id()
    answer = await call(stack, user, "POST", f"/{device}/revoke?dry_run=true")
    assert answer.json()["data"]["state"] == "revoked"
    assert (await phone.call("GET", "/sim/list")).status_code == 200


async def test_staff_manages_phones_of_any_account(stack: Stack):
    staff, user = await admin(stack), await gateway_keeper(stack)
    phone = await paired(stack, user)
    made = await staff.data("POST", "/devices/tokens", {"user": user.id, "count": 2})
    assert {one["user_id"] for one in made} == {user.id}
    answer = await register(stack, made[0]["token"], "staffs")
    assert answer.json()["data"]["gateway_uid"] == phone.gateway_uid
    device = str(await phone.id())
    listed = await staff.call("GET", f"/devices?user={user.id}&state=active")
    assert device in [one["id"] for one in listed.json()["data"]]
    assert (await staff.data("GET", f"/devices/{device}"))["user_id"] == user.id
    assert (await staff.data("PATCH", f"/devices/{device}/sims/sim-1", {"per_day": 9}))["per_day"] == 9
    again = await staff.data("POST", f"/devices/{device}/pair")
    assert again["device_id"] == device
    await staff.data("POST", f"/devices/{device}/revoke")
    assert_error(await phone.call("GET", "/sim/list"), 401, "unauthorized")


async def uses(phone: Phone, sim: str, *sent: tuple[str, int]) -> None:
    """What a SIM has sent: recipients, and parts of messages."""
    async with phone.stack.pool.connection() as conn:
        for recipient, parts in sent:
            await conn.execute(
                """insert into sim_uses (device_id, sim, uid, attempt, parts, recipient)
                   values (%s, %s, %s, 1, %s, %s)""",
                (await phone.id(), sim, uuid4(), parts, recipient.encode()),
            )


async def execute(stack: Stack, update: str, id_: UUID, column: str = "device_id") -> None:
    async with stack.pool.connection() as conn:
        await conn.execute(f"{update} where {column} = %s", (id_,))
