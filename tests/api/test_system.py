"""``/api/admin/v1/system``: how the parts of an install that work unseen stand."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from domain.audience.contacts.contact import new_contact_id
from domain.ids import campaign_schedule_id, page_of, send_workflow_id
from services.audience.campaigns.schedules import repeat
from services.system.remembered import Remembered
from store.audience.campaigns import campaigns
from store.automations import automations, clocks
from tests.api.admin import admin
from tests.api.answers import assert_error, send_one
from tests.leads_made import new_lead, new_source
from tests.looks import Looks
from tests.stack import Stack
from workflows.policy import OPERATIONS_QUEUE, QUEUES


async def test_staff_reads_what_a_check_finds_without_secrets(stack: Stack):
    operator = await (await admin(stack)).colleague("operator")
    found = await operator.data("GET", "/system/doctor")
    assert {"postgres", "schema", "queues", "temporal", "receipts"} <= {one["check"] for one in found["findings"]}
    has_failed = any(one["level"] == "failure" for one in found["findings"])  # a check may find several things
    assert (found["ok"], found["left_out"]) == (not has_failed, ["wallets"])
    assert all(one["remedy"] for one in found["findings"] if one["level"] != "ok")
    for secret in (stack.settings.database_url, stack.settings.keys.get_secret_value()):
        assert secret not in str(found)
    again = await operator.data("GET", "/system/doctor")
    assert again["examined_at"] == found["examined_at"], "one look is answered for a minute"


async def test_one_look_is_for_all_who_ask_at_a_time_and_a_failed_one_is_forgotten():
    looks = 0

    async def look() -> int:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        if looks == 1:
            raise ConnectionError
        return looks

    remembered = Remembered(look)
    first = await asyncio.gather(*(remembered.get(60) for _ in range(3)), return_exceptions=True)
    assert isinstance(first[0], ConnectionError)
    assert [one.value for one in first[1:] if not isinstance(one, BaseException)] == [2, 2]
    assert (await remembered.get(-1)).value == 3


async def test_staff_sees_queues_with_their_workers_and_what_waits(stack: Stack):
    operator = await (await admin(stack)).colleague("operator")
    found = await operator.data("GET", "/system/queues")
    by_name = {one["queue"]: one for one in found["queues"]}
    assert list(by_name) == list(QUEUES)
    assert by_name[OPERATIONS_QUEUE]["workers"] >= 1
    assert by_name[OPERATIONS_QUEUE]["backlog"]["tasks"] >= 0
    assert {one["lane"] for one in found["waiting"]} <= {"transactional", "bulk"}


async def test_workers_without_builds_are_told_as_such(stack: Stack):
    found = await (await admin(stack)).data("GET", "/system/builds")
    assert found == {"deployment": stack.settings.deployment, "builds": []}


async def test_a_campaign_that_repeats_is_among_the_schedules(stack: Stack):
    user, staff = await stack.user(), await admin(stack)
    plan = {"channel": "sms", "template": "spring", "audience": {"everyone": True}, "repeat": {"cron": "0 9 * * 1"}}
    made = await campaigns.add(stack.pool, new_contact_id(), user.id, "Spring", "sms", plan)
    await repeat(stack.pool, stack.temporal, made, "nowhere")
    looks, wanted = Looks(), campaign_schedule_id(made.id)
    async with asyncio.timeout(60):
        while not (mine := [one for one in await staff.data("GET", "/system/schedules") if one["id"] == wanted]):
            await looks.pause()
    assert (mine[0]["user_id"], mine[0]["campaign"], mine[0]["paused"]) == (user.id, str(made.id), False)
    assert datetime.fromisoformat(mine[0]["next_at"]) > datetime.now(UTC)
    assert mine[0]["last_at"] is None
    await stack.temporal.get_schedule_handle(wanted).delete()
    assert_error(await staff.call("GET", "/system/schedules?cursor=eA"), 422, "cursor", "/cursor")


async def test_the_workflow_of_a_message_is_found_with_the_address_of_temporals_page(stack: Stack):
    user, staff = await stack.user(), await admin(stack)
    message = await send_one(stack, user, schedule_at="2027-01-01T00:00:00Z")
    found = await staff.data("GET", f"/workflows/one?message={message['uid']}")
    assert (found["type"], found["status"]) == ("SendWorkflow", "running")
    assert found["id"] == send_workflow_id(page_of(UUID(message["uid"])))
    assert found["url"] is None, "the settings do not say where it is"
    assert await staff.data("GET", f"/workflows/one?id={found['id']}") == found
    other = await staff.colleague("support")
    assert (await other.call("GET", f"/workflows/one?id={found['id']}")).status_code == 403


async def test_what_has_no_workflow_is_told_as_such(stack: Stack):
    staff = await admin(stack)
    source = await new_source(stack.pool, (await stack.user()).id, "meta", page_id=uuid4().hex)
    lead = await new_lead(stack.pool, source, "webhook", state="failed")
    for query in (f"batch={uuid4()}", f"run={uuid4()}", f"lead={lead}", f"message={uuid4()}"):
        assert_error(await staff.call("GET", f"/workflows/one?{query}"), 404, "workflow_not_found")
    assert_error(await staff.call("GET", f"/workflows/one?lead={uuid4()}"), 404, "lead_not_found")
    for query in ("", f"?id=a&batch={uuid4()}"):
        assert_error(await staff.call("GET", f"/workflows/one{query}"), 422, "workflow_filter")


async def test_automations_that_look_by_themselves_are_listed_with_who_looks_next_first(stack: Stack):
    user, staff = await stack.user(), await admin(stack)
    flow = {"schema": "xsender.flow/1", "key": "k", "name": "Welcome", "trigger": {"kind": "manual"}, "steps": []}
    mine = [await automations.add(stack.pool, new_contact_id(), user.id, flow | {"key": f"a{n}"}) for n in range(2)]
    at = datetime(2999, 1, 1, tzinfo=UTC)
    for number, one in enumerate(mine):
        times = [(0, "rule", at + timedelta(days=number)), (1, "rule", at + timedelta(days=number))]
        await clocks.replace(stack.pool, one.id, user.id, times, datetime.now(UTC))
    found, cursor = [], ""
    while cursor is not None:
        page = (await staff.call("GET", f"/system/clocks?limit=3{cursor and f'&cursor={cursor}'}")).json()
        found += [(one["automation"], one["trigger"]) for one in page["data"] if one["user_id"] == user.id]
        cursor = page["next_cursor"]
    assert found == [(str(one.id), trigger) for one in mine for trigger in (0, 1)]
    assert_error(await staff.call("GET", "/system/clocks?cursor=eA"), 422, "cursor", "/cursor")
