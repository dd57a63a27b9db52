"""SIMs of phones: what phones say of them at each pairing, and change by the contract's protocol."""

from typing import Any

import pytest

from tests.api.answers import assert_error
from tests.api.devices.phones import Phone, paired
from tests.stack import Stack


@pytest.fixture
def stack(alone: Stack) -> Stack:
    return alone


async def listed(phone: Phone) -> list[dict[str, Any]]:
    answer = await phone.call("GET", "/sim/list")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_a_phone_adds_changes_and_deletes_its_sims(stack: Stack):
    phone = await paired(stack, await stack.user())
    added = await phone.call("POST", "/sim/create", {"slot": 1, "label": "Work", "number": "+49 1512 3456789"})
    assert added.status_code == 200, added.text
    sim = added.json()["data"]
    assert (sim["uid"], sim["number"], sim["country"], sim["active"]) == ("sim-2", "+4915123456789", "DE", True)
    assert_error(await phone.call("POST", "/sim/create", {"slot": 1}), 409, "sim_slot_taken")
    changed = await phone.call("POST", "/sim/update", {"uid": "sim-2", "per_day": 200, "gap_min": 8, "gap_max": 20})
    assert changed.json()["data"] | {"per_day": 200, "gap_max": 20.0, "label": "Work"} == changed.json()["data"]
    wrong = await phone.call("POST", "/sim/update", {"uid": "sim-2", "gap_min": 30})
    assert_error(wrong, 422, "sim_gap", "/gap_min")
    assert (await phone.call("POST", "/sim/disable", {"uid": "sim-2"})).json()["data"]["active"] is False
    assert (await phone.call("POST", "/sim/enable", {"uid": "sim-2"})).json()["data"]["active"] is True
    assert (await phone.call("POST", "/sim/delete", {"uid": "sim-2"})).json()["data"] is None
    assert [one["uid"] for one in await listed(phone)] == ["sim-1"]
    assert_error(await phone.call("POST", "/sim/enable", {"uid": "sim-2"}), 404, "sim_not_found")


async def test_another_card_in_a_slot_is_another_sim_with_the_caps_of_the_slot(stack: Stack):
    user = await stack.user()
    phone = await paired(stack, user, sims=[{"slot": 0, "iccid_end": "1111"}, {"slot": 1, "iccid_end": "2222"}])
    await phone.call("POST", "/sim/update", {"uid": "sim-1", "per_day": 7, "label": "Old"})
    swapped = [{"slot": 0, "iccid_end": "3333"}, {"slot": 1, "iccid_end": "2222"}]
    phone = await paired(stack, user, phone.device_uuid, sims=swapped)
    first, second = await listed(phone)
    assert (first["uid"], first["per_day"], first["label"], second["uid"]) == ("sim-3", 7, None, "sim-2")
    phone = await paired(stack, user, phone.device_uuid, sims=[{"slot": 0, "iccid_end": "1111"}])
    (back,) = await listed(phone)
    assert (back["uid"], back["label"]) == ("sim-1", "Old")


async def test_what_people_typed_is_not_overwritten_by_the_phone(stack: Stack):
    user = await stack.user()
    phone = await paired(stack, user, sims=[{"slot": 0, "carrier": "Alpha"}])
    await phone.call("POST", "/sim/update", {"uid": "sim-1", "label": "Mine", "number": "+4915123456789"})
    told = [{"slot": 0, "carrier": "Beta", "label": "SIM 1", "number": "+4915198765432", "iccid_end": "1111"}]
    phone = await paired(stack, user, phone.device_uuid, sims=told)
    (sim,) = await listed(phone)
    assert (sim["label"], sim["number"], sim["carrier"]) == ("Mine", "+4915123456789", "Beta")


async def test_a_phone_that_may_not_read_its_sims_keeps_those_that_are_known(stack: Stack):
    user = await stack.user()
    phone = await paired(stack, user, sims=[{"slot": 0, "number": "+*******6789"}, {"slot": 1}])
    phone = await paired(stack, user, phone.device_uuid)
    assert [(sim["uid"], sim["number"]) for sim in await listed(phone)] == [("sim-1", None), ("sim-2", None)]


async def test_a_phone_changes_no_sim_of_another(stack: Stack):
    user = await stack.user()
    one, other = await paired(stack, user, sims=[{"slot": 0}, {"slot": 1}]), await paired(stack, user)
    assert_error(await other.call("POST", "/sim/delete", {"uid": "sim-2"}), 404, "sim_not_found")
    assert len(await listed(one)) == 2
