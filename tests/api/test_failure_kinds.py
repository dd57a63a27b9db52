"""Failures of messages, runs and leads over HTTP: one list, and one request that begins anew what failed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.automations.automations import call, data, flow, holder, published, reaches, sms
from tests.api.automations.test_retrying import FAILS, ended, failed, mended
from tests.api.operations import ended as operation_ended
from tests.leads_made import new_lead, new_source
from tests.stack import Stack

STEP = {"kind": "run", "filter": {"automation": "welcome", "step": "s0"}}


async def test_failed_runs_are_listed_beside_messages_and_go_on(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow(FAILS, sms()))
    runs = await failed(stack, user, 2)
    (cause,) = await data(stack, user, "GET", "/failures?kind=run")
    assert (cause["automation"], cause["step"], cause["code"], cause["count"]) == ("welcome", "s0", "missing_field", 2)
    assert cause["automation_name"] == "Welcome"
    assert cause["sample_uid"] in runs
    assert "language" in cause["reason"]
    staff = await admin(stack)
    support = await staff.colleague("support")
    (seen,) = await support.data("GET", f"/failures?user={user.id}")
    assert (seen["kind"], seen["user_id"], seen["reason"]) == ("run", user.id, None), "it may have what is personal"
    (revealed,) = await (await staff.colleague("admin")).data("GET", f"/failures?user={user.id}&reveal=true")
    assert revealed["reason"] == cause["reason"]
    one = await data(stack, user, "GET", f"/failures/{runs[0]}")
    assert (one["kind"], one["state"], one["step"], one["reason"]) == ("run", "failed", "s0", cause["reason"])
    hidden = await support.data("GET", f"/failures/{runs[0]}")
    assert (hidden["user_id"], hidden["automation"], hidden["reason"]) == (user.id, "welcome", None)
    stranger = await holder(stack)
    assert_error(await call(stack, stranger, "GET", f"/failures/{runs[0]}"), 404, "failure_not_found")
    dry = await data(stack, user, "POST", "/replay?dry_run=true", STEP)
    expected = {"kind": "run", "runs": 2, "most_credits": 2, "left_out": [], "is_complete": True, "retries": []}
    assert dry == expected
    await mended(stack, user)
    one = await staff.data("POST", "/replay", {"filter": {"uid": runs[0]}})
    assert (one["kind"], one["runs"], one["retries"]) == ("run", 1, [])
    await reaches(stack, user, runs[0], "completed")
    (retry,) = (await data(stack, user, "POST", "/replay", STEP))["retries"]
    assert (await ended(stack, user, retry["id"]))["retried"] == 1
    assert (await staff.data("GET", f"/retries/{retry['id']}"))["state"] == "done"
    assert_error(await staff.call("POST", f"/retries/{retry['id']}/stop"), 409, "retry_ended")
    assert_error(await staff.call("GET", f"/retries/{uuid4()}"), 404, "retry_not_found")
    await reaches(stack, user, runs[1], "completed")
    assert await data(stack, user, "GET", "/failures?kind=run") == []


async def test_failed_leads_are_taken_again_and_parked_ones_wait(stack: Stack):
    user, staff = await holder(stack), await admin(stack)
    source = await new_source(stack.pool, user.id, "meta", page_id=uuid4().hex)
    why: dict[str, Any] = {"code": "mapping", "ended_at": datetime.now(UTC) - timedelta(minutes=1)}
    leads = [str(await new_lead(stack.pool, source, "webhook", state="failed", **why)) for _ in range(2)]
    form = await new_source(stack.pool, user.id)
    await new_lead(stack.pool, form, state="parked", code="token")
    listed = await data(stack, user, "GET", "/failures?kind=lead")
    assert [(one["state"], one["lead_source"], one["count"]) for one in listed] == [
        ("failed", source.key, 2),
        ("parked", form.key, 1),
    ]
    assert [one["lead_source_name"] for one in listed] == ["Spring Fair", "Spring Fair"]
    shown = await staff.data("GET", f"/failures/{leads[0]}")
    assert (shown["kind"], shown["state"], shown["lead_source"]) == ("lead", "failed", source.key)
    begun = await data(stack, user, "POST", "/replay?dry_run=true", {"kind": "lead", "filter": {}})
    assert (begun["leads"], begun["operations"]) == (2, [])
    assert [(one["code"], one["count"]) for one in begun["left_out"]] == [("source_parked", 1)]
    one = await staff.data("POST", "/replay", {"filter": {"uid": leads[0]}})
    assert one == {"kind": "lead", "leads": 1, "left_out": [], "is_complete": True, "operations": []}
    body = {"kind": "lead", "filter": {"lead_source": source.key, "state": ["failed"], "code": "mapping"}}
    (operation,) = (await data(stack, user, "POST", "/replay", body))["operations"]
    assert (await operation_ended(stack.pool, operation["id"])).done == 1
    assert await data(stack, user, "GET", "/failures?kind=lead&code=mapping") == []


async def test_a_key_without_the_scope_for_contacts_has_failures_of_messages_alone(stack: Stack):
    user = await stack.user()
    assert await data(stack, user, "GET", "/failures") == []
    for kind in ("run", "lead"):
        assert_error(await call(stack, user, "GET", f"/failures?kind={kind}"), 403, "scope_missing")
        refused = await call(stack, user, "POST", "/replay", {"kind": kind, "filter": {}})
        assert_error(refused, 403, "scope_missing")


async def test_a_filter_that_is_not_about_the_kind_is_refused(stack: Stack):
    user = await holder(stack)
    wrong = {"kind": "run", "filter": {"gateway": "acme"}}
    assert_error(await call(stack, user, "POST", "/replay", wrong), 422, "filter_of_kind", "/filter/gateway")
    wrong = {"kind": "lead", "filter": {"state": ["done"]}}
    assert_error(await call(stack, user, "POST", "/replay", wrong), 422, "lead_state", "/filter/state")
    assert (await call(stack, user, "GET", "/failures?kind=fax")).status_code == 422
